"""A value of a job in one line for people: its values, keys dim, what tells it apart first."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from routilux_tui.job.jsonable import shortened

if TYPE_CHECKING:
    from collections.abc import Container

    from routilux_tui.tui.widgets.lines import Part

IDS = re.compile(r"(?:^|[_.])(?:id|key|name|path|file|record|account|number|n)$|_id$")
_MOST = 12
_LONGEST = 60


def value_parts(text: str) -> list[Part]:
    """A preview in JSON as values: ``ord-011238  amount 143.37  currency EUR``.

    What is no object is shown as it is; of one that was cut, what there is.
    """
    values = pairs(text)
    if values is None:
        return [(text, "")]
    parts = pair_parts(values)
    if text.endswith("…") and not any(part.endswith("…") for part, _ in parts):
        parts.append(("…", "rows--dim"))
    return parts


def pair_parts(values: dict[str, Any], style: str = "", known: Container[str] = ()) -> list[Part]:
    """The values of a thing, that first which tells it from others, each behind its key.

    That first one stands without its key where it says by itself what it is: ``ord-011238``, but
    ``n 5``.

    Args:
        values: what `flattened` made.
        style: of the first.
        known: keys that are told elsewhere.
    """
    first = name_of(values)
    keys = sorted((key for key in values if key not in known), key=lambda key: key != first)
    parts: list[Part] = []
    for key in keys[:_MOST]:
        if key != first or not _is_telling(values[key], is_alone=len(values) == 1):
            parts.append((f"{key} ", "rows--dim"))
        parts += [(_plain(values[key]), style if key == first else ""), ("  ", "")]
    if len(keys) > _MOST:
        parts.append(("…", "rows--dim"))
    return parts


def named_by(values: dict[str, Any]) -> str:
    """What a thing is called, as `pair_parts` begins; empty where nothing tells it from others."""
    first = name_of(values)
    if not first:
        return ""
    text = _plain(values[first])
    return text if _is_telling(values[first], is_alone=len(values) == 1) else f"{first} {text}"


def _is_telling(value: Any, *, is_alone: bool) -> bool:
    """Whether a value says what it is without its key: no bare number does, nor a mere word."""
    if not isinstance(value, str) or not any(char.isalpha() for char in value):
        return False
    return not is_alone or not value.isalpha()


def pairs(text: str) -> dict[str, Any] | None:
    """Key -> value of an object in JSON, nested ones by dotted keys; None where it is none."""
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = _whole_pairs(text)
    return flattened(value) if isinstance(value, dict) else None


def name_of(values: dict[str, Any]) -> str:
    """The key of the value that tells a thing from others of its kind; empty where none does."""
    names = [key for key, value in values.items() if IDS.search(key) and _is_short(value)]
    own = [key for key in names if "." not in key]
    texts = [key for key in own if isinstance(values[key], str)]
    return next(iter(texts or own or names), "")


def flattened(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """An object with the keys of those in it dotted: ``customer.id``; two levels at the most."""
    made: dict[str, Any] = {}
    for key, one in value.items():
        if isinstance(one, dict) and one and not prefix:
            made.update(flattened(one, f"{key}."))
        else:
            made[f"{prefix}{key}"] = one
    return made


def _whole_pairs(text: str) -> dict[str, Any]:
    """What stands in an object that was cut: whole values, and the beginning of the last."""
    decoder, made, at = json.JSONDecoder(), {}, 1
    while at < len(text) and text[at] == '"':
        key = None
        try:
            key, at = decoder.raw_decode(text, at)
            value, at = decoder.raw_decode(text, at + 1)
        except (ValueError, RecursionError):
            begun = text[at + 1 :].strip().removeprefix('"')
            if key is not None and begun.strip("…"):
                made[key] = begun
            break
        made[key] = value
        at += 1
    return made


def _is_short(value: Any) -> bool:
    return isinstance(value, (str, int)) and len(str(value)) <= _LONGEST


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return shortened(value, _LONGEST * 2)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
