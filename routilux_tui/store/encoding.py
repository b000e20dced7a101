"""A change as JSON text: what a handler waits for at every change, so no look is wasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.job.jsonable import as_key, dumps, encode_plain, is_plain
from routilux_tui.store.list_growth import LISTS

if TYPE_CHECKING:
    from routilux_tui.job.listeners import Change

#: Kinds whose arguments are the engine's own, and need no look before they are encoded.
_ALWAYS_PLAIN = frozenset({"status", "current", "hold", "take_up", "drop", "deferred_sent"})
#: Kinds whose first argument is a key of a dict, and what of one needs no look.
_KEYED = frozenset({"shared", "unshared", "routine", "no_routine"})
_KEYS = frozenset({str, int, float, bool, type(None)})


def encoded(kind: str, change: Change) -> bytes | bytearray:
    """A change as JSON."""
    if kind == "emit" or kind == "record":  # noqa: PLR1714 - a third of the time of a set's
        plain = is_plain(change[4])
    elif kind == "set" and change[2] == LISTS[0]:
        records = [one.to_plain() if hasattr(one, "to_plain") else one for one in change[3]]
        return dumps((*change[:3], records, *change[4:]))
    else:
        if kind in _KEYED and type(change[2]) not in _KEYS:
            change = (*change[:2], as_key(change[2]), *change[3:])
        plain = kind in _ALWAYS_PLAIN or is_plain(change)
    if plain:
        try:
            return encode_plain(change)
        except Exception:  # noqa: S110 - a lone surrogate, a huge integer: the other way takes it
            pass
    return dumps(change)
