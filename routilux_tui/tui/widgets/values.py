"""A value of a job in one line for people: its values, keys dim, what tells it apart first."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from routilux_tui.tui.widgets.lines import Part

IDS = re.compile(r"(?:^|[_.])(?:id|key|name|path|file|record|account|number|n)$|_id$")
_MOST = 12
_LONGEST = 60


def value_parts(text: str) -> list[Part]:
    """A preview in JSON as values: ``ord-011238  amount 143.37  currency EUR``.

    The first value that names the thing stands without its key. What is no object is shown as it
    is; of one that was cut, what is whole.
    """
    values = pairs(text)
    if values is None:
        return [(text, "")]
    if not values:
        return []
    keys = list(values)
    first = name_of(values)
    if first:
        keys.remove(first)
        keys.insert(0, first)
    parts: list[Part] = []
    for key in keys[:_MOST]:
        if key == first:
            parts.append((_plain(values[key]), ""))
        else:
            parts += [(f"{key} ", "rows--dim"), (_plain(values[key]), "")]
        parts.append(("  ", ""))
    if text.endswith("…") or len(keys) > _MOST:
        parts.append(("…", "rows--dim"))
    return parts


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
    """What stands whole in an object that was cut."""
    decoder, made, at = json.JSONDecoder(), {}, 1
    while at < len(text) and text[at] == '"':
        try:
            key, at = decoder.raw_decode(text, at)
            value, at = decoder.raw_decode(text, at + 1)
        except (ValueError, RecursionError):
            break
        made[key] = value
        at += 1
    return made


def _is_short(value: Any) -> bool:
    return isinstance(value, (str, int)) and len(str(value)) <= _LONGEST


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST * 2 else value[: _LONGEST * 2] + "…"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
