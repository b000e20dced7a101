"""Any Python value as JSON has it, and JSON text of it, without ever failing.

A value that JSON has no word for (a datetime, a set, bytes, a path, an exception, a class, a
cycle) is given a readable one. NaN and infinities stay what they are, as Python's own ``json``
writes and reads them.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

import msgspec

Plain = Any
"""A value as JSON has it: None, bool, int, float, str, list, dict with str keys."""
PREVIEW = 400
"""The longest one-line preview of a value, in characters."""
MAX_DEPTH = 400
MOST_DIGITS = 50_000
"""Digits of an integer that is read."""
_SKETCHED = 1 << 16
_DEEPEST = 10_000  # what is deeper than this holds itself
_SURROGATE = re.compile("[\ud800-\udfff]")
encode_onto = msgspec.json.Encoder().encode_into
"""``(value, text, offset)``: JSON text of a plain value, in place of a text's end from there on."""
_BUILT_IN = frozenset({dict, list, tuple, set, frozenset})
_LARGE = 64 << 10
_ROOM = 2  # bytes that reading a byte of JSON takes at least, about


def to_plain(value: Any) -> Plain:
    """A copy of ``value`` made of None, bool, int, float, str, list and dict with str keys.

    Below `MAX_DEPTH` levels, and where a value holds itself, a short text stands for the rest.
    """
    return _plain(value, 0, set())


def _plain(value: Any, depth: int, above: set[int]) -> Plain:
    kind = type(value)
    if kind is str or value is None or kind is bool or kind is int or kind is float:
        return value
    try:
        if isinstance(value, (dict, list, tuple, set, frozenset, Mapping)):
            return _container(value, depth, above)
        return _odd(value, depth, above)
    except Exception as error:  # it is that value's alone: what it stands in stays as it is
        if isinstance(error, MemoryError) and kind in _BUILT_IN:
            raise  # it is no fault of the value's
        return f"<{kind.__name__}: {_one_line(error)}>"


def _container(value: Any, depth: int, above: set[int]) -> Plain:
    if id(value) in above:
        return "<cycle>"
    if depth >= MAX_DEPTH:
        return f"<deeper than {MAX_DEPTH} levels>"
    above.add(id(value))
    try:
        if isinstance(value, Mapping):
            return {key_text(k): _plain(v, depth + 1, above) for k, v in list(value.items())}
        items = list(value)
        if isinstance(value, (set, frozenset)):
            items = sorted(items, key=repr)
        return [_plain(item, depth + 1, above) for item in items]
    finally:
        above.discard(id(value))


def _odd(value: Any, depth: int, above: set[int]) -> Plain:
    if isinstance(value, Enum):
        return _plain(value.value, depth + 1, above)
    if isinstance(value, (bool, int, float, str)):
        base = next(b for b in (bool, int, float, str) if isinstance(value, b))
        return base(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, msgspec.Raw):
        return decode(bytes(value))
    if isinstance(value, BaseException):
        return _one_line(value)
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return f"{getattr(value, '__module__', '?')}.{value.__qualname__}"
    if dataclasses.is_dataclass(value) and depth < MAX_DEPTH and id(value) not in above:
        fields = {f.name: getattr(value, f.name, None) for f in dataclasses.fields(value)}
        above.add(id(value))
        try:
            return _plain(fields, depth + 1, above)
        finally:
            above.discard(id(value))
    return _one_line(value)


def _one_line(value: Any) -> str:
    try:
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {value}"
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def key_text(key: Any) -> str:
    """A key of a mapping as JSON has it: a text."""
    try:
        if isinstance(key, str):
            return str(key)
        if key is None or isinstance(key, (bool, int, float)):
            return preview(key)
        return _one_line(key if isinstance(key, (bytes, tuple)) else _plain(key, 0, set()))
    except Exception:
        return f"<{type(key).__name__}>"


def as_key(value: Any) -> Any:
    """A name or a key as it can be read back from a journal: text for what JSON has as a list."""
    return value if value is None or isinstance(value, (str, int, float)) else key_text(value)


def encode_plain(value: Any) -> bytearray:
    """JSON text of a plain value.

    Not by msgspec's own `encode`: where that finds no memory for its output, it ends the process.

    Raises:
        MemoryError: when there is no memory for it.
        Exception: as msgspec does, where the value is not plain.
    """
    text = bytearray()
    encode_onto(value, text)
    return text


def encode(value: Any) -> bytes:
    """As `encode_plain`, in bytes that nobody can change."""
    return bytes(encode_plain(value))


def dumps(value: Any) -> bytes:
    """Compact JSON of any value, in UTF-8; a lone surrogate is written as an escape."""
    try:
        # msgspec has its own forms for some types (base64 for bytes, null for NaN); they
        # must not be taken for ours, so only what is plain already goes its way.
        return encode(value if is_plain(value) else to_plain_json(value))
    except Exception:
        return _dumps_slowly(to_plain(value))


def to_plain_json(value: Any) -> Plain:
    """Like `to_plain`, with what only Python's ``json`` can write refused.

    Raises:
        ValueError: when a NaN or an infinity is inside.
    """
    plain = to_plain(value)
    if not is_plain(plain):
        raise ValueError("not a number")
    return plain


def _dumps_slowly(plain: Plain) -> bytes:
    try:
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    except ValueError:  # an integer past the interpreter's limit of digits
        text = json.dumps(_without_huge(plain), ensure_ascii=False, separators=(",", ":"))
        text = re.sub(r'"\\u0000int:(-?[0-9a-f]+)"', lambda m: _decimal(int(m[1], 16)), text)
    if _SURROGATE.search(text):
        text = _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return text.encode()


def _without_huge(plain: Plain) -> Plain:
    if isinstance(plain, int) and not isinstance(plain, bool) and plain.bit_length() > 12000:
        return f"\0int:{plain:x}"
    if isinstance(plain, list):
        return [_without_huge(item) for item in plain]
    if isinstance(plain, dict):
        return {key: _without_huge(item) for key, item in plain.items()}
    return plain


def _decimal(number: int) -> str:
    """Decimal digits of an integer of any length, whatever the interpreter's limit."""
    if number < 0:
        return "-" + _decimal(-number)
    base, parts = 10**4000, list[str]()
    while number >= base:
        number, low = divmod(number, base)
        parts.append(f"{low:04000d}")
    return "".join(reversed([*parts, str(number)]))


def _is_simple(value: dict[Any, Any]) -> bool:
    """Whether a dict is of the commonest kind: names of texts and numbers. A look, no more."""
    for key, one in value.items():
        kind = type(one)
        if type(key) is not str or (
            kind is not int and kind is not str and (kind is not float or one - one)
        ):
            return False  # the difference of an infinity, or of no number, is no number: true
    return True


def is_plain(value: Any) -> bool:
    """Whether a value is made of JSON's own types and finite numbers alone."""
    if type(value) is dict and _is_simple(value):
        return True
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str or kind is int or kind is bool or item is None:
                continue
            if kind is dict:
                for key in item:
                    if type(key) is not str:
                        return False
                below.extend(item.values())
            elif kind is list or kind is tuple:
                below.extend(item)
            elif kind is not float or not math.isfinite(item):
                return False
        if not below:
            return True
        if len(below) > 1_000_000:
            return False
        level = below
    return False


def decode(line: bytes) -> Plain:
    """The value of JSON text: what strict readers refuse (NaN, odd surrogates) included.

    Raises:
        ValueError: when it is no JSON, or deeper than the interpreter can go.
        MemoryError: when there is not enough memory for it.
    """
    if len(line) > _LARGE:
        bytearray(_ROOM * len(line))  # where msgspec finds no memory it may end the process
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(_text_of(line), parse_int=parse_int)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _text_of(line: bytes) -> str:
    """The text of bytes that should be UTF-8; what is not is shown as replacement characters."""
    try:
        return line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace")


def parse_int(digits: str) -> int:
    """An integer of many more digits than the interpreter's limit.

    Raises:
        ValueError: when it has more than `MOST_DIGITS`: the time that takes grows as their square.
    """
    try:
        return int(digits)
    except ValueError:
        if len(digits) > MOST_DIGITS:
            raise ValueError(f"a number in it has {len(digits):,} digits") from None
        sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
        number = 0
        for start in range(0, len(digits), 4000):
            part = digits[start : start + 4000]
            number = number * 10 ** len(part) + int(part)
        return sign * number


def as_text(value: Any) -> str:
    """The text of whatever stands where a text belongs: of nothing the empty one."""
    if issubclass(type(value), str):
        return value  # type: ignore[no-any-return]
    if value is None:
        return ""
    plain = to_plain(value)
    try:
        return str(plain)
    except ValueError:  # an integer past the interpreter's limit of digits
        return preview(plain)


def shortened(text: str, limit: int = PREVIEW) -> str:
    """A text in at most ``limit`` characters; one that was cut says so at its end."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end and unicodedata.combining(text[end]):  # an accent goes with its letter
        end -= 1
    return text[:end] + "…"


def preview(value: Any, limit: int = PREVIEW) -> str:
    """One line of compact JSON, at most ``limit`` characters; the work is bounded, too."""
    if type(value) is msgspec.Raw:
        if len(line := bytes(memoryview(value)[:_SKETCHED])) < _SKETCHED:
            try:
                line = msgspec.json.format(line, indent=-1)
            except (msgspec.MsgspecError, RecursionError):
                line = b" ".join(line.split())
        return shortened(line[: limit * 4].decode("utf-8", "replace"), limit)
    parts: list[str] = []
    _sketch(value, parts, limit, 0)
    return shortened("".join(parts), limit)


def _sketch(value: Any, parts: list[str], room: int, depth: int) -> int:
    """Append the JSON of ``value`` to ``parts`` until ``room`` is used; what is left of it."""
    if room <= 0:
        return room
    kind = type(value)  # what a value says of itself may raise
    if issubclass(kind, str):
        text = json.dumps(value[: room + 1], ensure_ascii=False)
    elif issubclass(kind, Mapping):
        if depth > 40:
            text = "{…}"
        else:
            return _sketch_mapping(value, parts, room, depth)
    elif issubclass(kind, (list, tuple)):
        if depth > 40:
            text = "[…]"
        else:
            return _sketch_list(value, parts, room, depth)
    elif value is None or issubclass(kind, (bool, float)):
        text = json.dumps(value)
    elif issubclass(kind, int):
        text = str(value) if value.bit_length() < 4096 else hex(value)[: room + 1]
    else:
        text = json.dumps(as_text(value)[: room + 1], ensure_ascii=False)
    parts.append(text)
    return room - len(text)


def _sketch_mapping(value: Mapping[Any, Any], parts: list[str], room: int, depth: int) -> int:
    parts.append("{")
    room -= 1
    for index, key in enumerate(list(value)[: room + 1]):
        lead = ("," if index else "") + json.dumps(key_text(key)[:room], ensure_ascii=False) + ":"
        parts.append(lead)
        room = _sketch(value.get(key), parts, room - len(lead), depth + 1)
        if room <= 0:
            return room
    parts.append("}")
    return room - 1


def _sketch_list(value: Any, parts: list[str], room: int, depth: int) -> int:
    parts.append("[")
    room -= 1
    for index, item in enumerate(value[: room + 1]):
        if index:
            parts.append(",")
            room -= 1
        room = _sketch(item, parts, room, depth + 1)
        if room <= 0:
            return room
    parts.append("]")
    return room - 1


def parse_json(text: str) -> Any:
    """The value that somebody writes as JSON, if all of it can be told to a job.

    Raises:
        ValueError: when it is no JSON, or has NaN, an infinity or half a letter in it.
        RecursionError: when it is too deeply nested.
    """
    value = json.loads(text, parse_constant=_finite, parse_float=_finite)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it has half a letter (a lone surrogate) in it") from None
    return value


def _finite(text: str) -> float:
    """A number; one that would become null on its way to the job is refused instead."""
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number of JSON")
    return number
