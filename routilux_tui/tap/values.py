"""A user's values as JSON text, made at once: a handler may alter them a moment later.

It never raises, and never takes long: a value of more than `MAX_NODES` parts or `MAX_TEXT`
characters is cut, with a text in the place of what is left out.
"""

from __future__ import annotations

import json
import reprlib
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

MAX_NODES = 2_000
MAX_TEXT = 200_000
MAX_DEPTH = 100
_HUGE = 1 << 4096  # integers are written in decimal digits only below it
_LARGE = "a value that was too large"
_FEW = 16  # items of a dict that is written without a look at its bounds
_NAMED = {None: "null", True: "true", False: "false"}
_quote = json.encoder.encode_basestring_ascii
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def _fast_encoder() -> Any:
    """The encoder in C, made once; the standard one makes it anew for each value."""
    try:
        in_c = json.encoder.c_make_encoder(  # type: ignore[attr-defined] # it is not public
            None, repr, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True
        )
        works = "".join(in_c({"a": [1, None]}, 0)) == '{"a":[1,null]}'
    except Exception:
        works = False
    if works:
        return lambda value: "".join(in_c(value, 0))
    return _encode


encode_simple = _fast_encoder()


def to_json(value: Any) -> str:
    """Any value as JSON text, in ASCII."""
    return exact_json(value)[0]


def exact_json(value: Any) -> tuple[str, str]:
    """Any value as JSON text, and what of it can't be read back from that; empty for nothing."""
    try:
        if type(value) is dict and len(value) <= _FEW:
            text = _small(value)
            if text:
                return text, ""
        copier = _Copier()
        return str(encode_simple(copier.copy(value, 0))), copier.lost
    except Exception:
        return _encode(_text_of(value)), type(value).__name__


def _small(value: dict[Any, Any]) -> str:
    """The commonest value of all, names of short texts and numbers; empty for any other.

    Every event of every script comes through here.
    """
    text = "{"
    for key, one in value.items():
        kind = type(one)
        if type(key) is not str:
            return ""
        if kind is int:
            if not -_HUGE < one < _HUGE:
                return ""
            part = one
        elif kind is str and len(one) < MAX_TEXT:
            part = _quote(one)
        elif one is None or kind is bool:
            part = _NAMED[one]
        elif kind is float and one - one == 0:  # no infinity, and no nan
            part = one
        else:
            return ""
        text = f"{text}{_quote(key)}:{part},"
    return f"{text[:-1]}}}" if len(text) > 1 else "{}"


def plain(value: Any) -> Any:
    """A copy of a value, made of what JSON can hold, and cut where it is large."""
    return _Copier().copy(value, 0)


class _Copier:
    """Copies one value; what it has left of its bounds goes down as it goes on."""

    def __init__(self) -> None:
        self.nodes = MAX_NODES
        self.text = MAX_TEXT
        self.above: set[int] = set()
        #: What was met first that is another value when it is read back; empty for nothing.
        self.lost = ""

    def _note_loss(self, what: Any) -> None:
        self.lost = self.lost or (what if isinstance(what, str) else type(what).__name__)

    def copy(self, value: Any, depth: int) -> Any:
        self.nodes -= 1
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is int and -_HUGE < value < _HUGE:
            return value
        if kind is str:
            return self._cut(value)
        if kind is not list and kind is not dict:
            self._note_loss(value)
        if kind is int:
            return f"<int of {value.bit_length()} bits>"
        if isinstance(value, (dict, list, tuple, set, frozenset)):
            return self._container(value, depth)
        return self._odd(value, depth)

    def _cut(self, text: str) -> str:
        room = self.text
        self.text -= len(text)
        if len(text) <= room:
            return text
        room = max(room, 100)
        if len(text) > room:
            self._note_loss(_LARGE)
        return f"{text[:room]}... ({len(text):,} characters)" if len(text) > room else text

    def _container(self, value: Any, depth: int) -> Any:
        if id(value) in self.above:
            self._note_loss("a value that holds itself")
            return "<cycle>"
        if depth >= MAX_DEPTH:
            self._note_loss(_LARGE)
            return f"<deeper than {MAX_DEPTH} levels>"
        self.above.add(id(value))
        try:
            if isinstance(value, dict):
                return self._mapping(value, depth)
            size, items = len(value), list(islice(value, MAX_NODES))
            if isinstance(value, (set, frozenset)) and size < MAX_NODES:
                items.sort(key=repr)
            copied = []
            for position, item in enumerate(items):
                if self.nodes <= 0 or self.text <= 0:
                    self._note_loss(_LARGE)
                    copied.append(f"<{size - position:,} more>")
                    break
                copied.append(self.copy(item, depth + 1))
        except Exception as error:
            return f"<{type(value).__name__}: {_text_of(error)}>"
        else:
            return copied
        finally:
            self.above.discard(id(value))

    def _mapping(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        copied: dict[str, Any] = {}
        size, items = len(value), list(islice(value.items(), MAX_NODES))
        for position, (key, item) in enumerate(items):
            if self.nodes <= 0 or self.text <= 0:
                self._note_loss(_LARGE)
                copied["..."] = f"<{size - position:,} more>"
                break
            copied[self._key(key)] = self.copy(item, depth + 1)
        return copied

    def _key(self, key: Any) -> str:
        if type(key) is not str:
            self._note_loss("a key that is no text")
        if isinstance(key, str):
            return self._cut(str(key))
        if key is None or isinstance(key, (bool, int, float)):
            return json.dumps(key)
        return self._cut(_text_of(key))

    def _odd(self, value: Any, depth: int) -> Any:
        if isinstance(value, (bytes, bytearray)):
            return self._cut(bytes(value[:MAX_TEXT]).decode("utf-8", "backslashreplace"))
        if hasattr(type(value), "isoformat"):  # of the type: what a value makes up isn't asked for
            return self._cut(str(value.isoformat()))
        inner = getattr(value, "value", None) if _is_enum(value) else None
        if inner is not None:
            return self.copy(inner, depth + 1)
        if isinstance(value, (int, float, str)):
            base = next(kind for kind in (int, float, str) if isinstance(value, kind))
            return self.copy(base(value), depth)
        return self._cut(_text_of(value))


def key_text(key: Any) -> str:
    """A dict's key as JSON has it."""
    if type(key) is str:
        return str(key)
    return _Copier()._key(key)


def _is_enum(value: Any) -> bool:
    return any(
        base.__name__ == "Enum" and base.__module__ == "enum" for base in type(value).__mro__
    )


def _text_of(value: Any) -> str:
    """A value's own text, or its type's name where it has none."""
    try:
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {value}"
        if isinstance(value, (dict, list, tuple, set)):
            return reprlib.repr(value)
        if isinstance(value, (type, FunctionType, BuiltinFunctionType, MethodType)):
            return f"{getattr(value, '__module__', '?')}.{value.__qualname__}"
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"
