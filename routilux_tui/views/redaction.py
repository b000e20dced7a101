"""Taking values out of what is handed on: by the keys under which they stand.

What stands under a key is taken out there, and then of all else of the job: of messages and
tracebacks, of logs, of names, of numbers, however it is written there, and where it is cut. The
format's own words stay, whatever the values are, and what differed differs still.
"""

from __future__ import annotations

import html
import json
import re
from bisect import bisect_left
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import msgspec

from routilux_tui.job import timestamps
from routilux_tui.job.file_places import (
    DATA,
    FILE,
    KEPT,
    NAME,
    NOTED,
    OUR_EVENTS,
    TEXT,
    Each,
    Keys,
    Row,
)
from routilux_tui.job.jsonable import as_text, decode
from routilux_tui.job.model import Job
from routilux_tui.job.status import JOB_STATUSES, ROUTINE_STATUSES
from routilux_tui.store.job_file import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routilux_tui.job.file_places import Place

REDACTED = "[taken out]"
#: A text that is shorter is not looked for elsewhere: it would be found in too much.
SHORTEST = 4
#: Where a text may be cut, or something stands for a part of it; the rest of a value is beside it.
_CUTS = re.compile(r"…|\.\.\.|#|'…'")
#: Fields of what is shown that hold words of ours or times, or data.
_NOT_CLEANED = frozenset(
    {"state", "word", "level", "kind", "weight", "at", "since", "created_at", "updated_at"}
    | {"first", "last", "made", "params", "data", "inputs", "common"}
)
#: Words that are nobody's value where the format has one of its own.
_STATUSES = frozenset((*JOB_STATUSES, *ROUTINE_STATUSES, "error"))


class Redaction:
    """Takes out the values of some keys, and remembers them, to find them in free text, too."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys)
        #: Whether one was too short to be looked for in texts.
        self.has_short = False
        self._texts: set[str] = set()
        self._known: _Known | None = None
        #: What names that had something of a value in them are called instead.
        self._names: dict[str, str] = {}
        self._alike: Counter[str] = Counter()

    def job(self, job: Job) -> Job:
        """A job as it is handed on; all of its values are known from then on."""
        plain = self._without_keys(_as_saved(job), FILE)
        return Job.from_plain(self._without_values(plain, FILE))

    def learn(self, job: Job) -> None:
        """Know all values of a job, wherever in it they stand, and the names that have any."""
        if self.keys:
            self._without_values(self._without_keys(_as_saved(job), FILE), FILE)

    def data(self, value: Any) -> Any:
        """A JSON value without the values of the keys, however deep they stand."""
        return self._without_keys(value, DATA) if self.keys else value

    def texts_in(self, value: Any) -> Any:
        """A JSON value without what was taken out of the data so far."""
        return self._without_values(value, DATA)

    def text(self, text: str) -> str:
        """A free text (a message, a traceback) without what was taken out of the data so far."""
        if not self._texts:
            return text
        if self._known is None:
            self._known = _Known(self._texts)
        return self._known.taken_out_of(text)

    def shown(self, value: Any) -> Any:
        """What is shown of a job, without what was taken out of its data so far.

        Its data is left: see `texts_in`.
        """
        if isinstance(value, str):
            return self._names.get(value) or self.text(value)
        if isinstance(value, msgspec.Struct):
            fields = {
                name: self.shown(getattr(value, name))
                for name in value.__struct_fields__
                if name not in _NOT_CLEANED
                and not (name == "status" and _is_ours(getattr(value, name)))
            }
            return msgspec.structs.replace(value, **fields)
        if isinstance(value, dict):
            return {self.shown(key): self.shown(one) for key, one in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_make"):
            return value._make(map(self.shown, value))
        return type(value)(map(self.shown, value)) if isinstance(value, (list, tuple)) else value

    def _without_keys(self, value: Any, place: Place) -> Any:
        """A value without what stands under the keys in it, which is noted.

        A key that is the format's own has its texts and data taken out; its numbers, times and
        names stay.
        """
        if isinstance(value, dict):
            return {key: self._under_key(key, one, place) for key, one in value.items()}
        if isinstance(value, list):
            return [self._without_keys(one, inner) for one, inner in _entries(value, place)]
        return value

    def _under_key(self, key: Any, value: Any, place: Place) -> Any:
        inner, is_own = _inside(place, key)
        if str(key) in self.keys:
            if is_own and inner in (TEXT, DATA, NOTED):
                return self._emptied(value)
            odd = isinstance(inner, Keys) and not isinstance(value, dict)
            if not is_own and (inner == DATA or odd):
                return self._take_out(value)
        return self._without_keys(value, inner)

    def _emptied(self, value: Any) -> Any:
        """A value with all in it taken out, and its shape as the format needs it."""
        if isinstance(value, dict):
            return {key: self._emptied(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._emptied(one) for one in value]
        return value if value is None else self._take_out(value)

    def _without_values(self, value: Any, place: Place) -> Any:
        """A value that stands in a place, without what was taken out so far."""
        if isinstance(value, dict):
            clean: dict[Any, Any] = {}
            for key, one in value.items():
                inner, is_own = _inside(place, key)
                name = key if is_own else self.name(str(key))
                while name in clean or (name != key and name in value):
                    name += "'"
                clean[name] = self._without_values(one, inner)
            return clean
        if isinstance(value, list):
            return [self._without_values(one, inner) for one, inner in _entries(value, place)]
        if isinstance(value, str):
            if place == KEPT and _is_ours(value):
                return value
            return self.name(value) if place == NAME else self.text(value)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if is_number and place not in (KEPT, NAME, TEXT) and self._is_known(value):
            return REDACTED
        return value

    def _is_known(self, number: float) -> bool:
        ways = {as_text(number)}
        if isinstance(number, float) and number.is_integer():
            ways.add(str(int(number)))
        return not ways.isdisjoint(self._texts)

    def name(self, name: str) -> str:
        """What a name is called: the same wherever it stands, and no two names alike."""
        if name in self._names:
            return self._names[name]
        clean = name if name in OUR_EVENTS else self.text(name)
        if clean == name:
            return name
        self._alike[clean] += 1
        number = self._alike[clean]
        self._names[name] = clean if number == 1 else f"{clean} ({number})"
        return self._names[name]

    def _take_out(self, value: Any) -> str:
        stack = [value]
        while stack:
            one = stack.pop()
            if isinstance(one, (dict, list)):
                stack += one.values() if isinstance(one, dict) else one
            elif isinstance(one, (str, int, float)) and not isinstance(one, bool):
                self._note(as_text(one))
        return REDACTED

    def _note(self, text: str) -> None:
        if len(text) < SHORTEST:
            self.has_short = self.has_short or bool(text)
            return
        lines = {text, *text.splitlines()}  # a log has them one by one
        written = {way for one in lines for way in (one, one.lower(), one.upper())}
        ways = {way for one in written for way in _ways(one) if len(way) >= SHORTEST}
        if not ways <= self._texts:
            self._texts |= ways
            self._known = None


def _ways(text: str) -> set[str]:
    """How a text is written elsewhere: as it is, quoted, in JSON, in HTML, in an address."""
    quoted = repr(text)[1:-1]
    ways = {text, quoted, quoted.replace("\\'", "'"), text.strip(), html.escape(text)}
    ways |= {json.dumps(one)[1:-1] for one in (text, quoted)}
    ways |= {json.dumps(one, ensure_ascii=False)[1:-1] for one in (text, quoted)}
    return ways | {quote(text, errors="replace"), quote_plus(text, errors="replace")}


def _inside(place: Place, key: Any) -> tuple[Place, bool]:
    """What stands under a key of an object, and whether the key is a word of the format."""
    if isinstance(place, Keys):
        return (place.fields[key], True) if key in place.fields else (place.others, False)
    if isinstance(place, str) and place != DATA:
        return place, place != NAME
    return DATA, False  # an object where the format has none


def _entries(value: list[Any], place: Place) -> Iterable[tuple[Any, Place]]:
    """The entries of a list, each with what stands there."""
    if isinstance(place, Row):
        rest = len(value) - len(place.entries)
        return zip(value, (*place.entries, *[DATA] * rest), strict=False)
    inner = place.entry if isinstance(place, Each) else place if isinstance(place, str) else DATA
    return ((one, inner) for one in value)


def _is_ours(text: Any) -> bool:
    """Whether a text is a status, or a time."""
    return text in _STATUSES or timestamps.parse(text) is not None


def _as_saved(job: Job) -> Any:
    """All of a job as its file has it, records and all, as plain values."""
    return decode(b"".join(Snapshot(job).pieces()))


class _Known:
    """Values, in an order in which a text is searched for all of them at once."""

    def __init__(self, texts: set[str]) -> None:
        self._starts: dict[str, tuple[list[int], set[str]]] = {}
        for one in texts:
            self._starts.setdefault(one[:SHORTEST], ([], set()))[1].add(one)
        for lengths, values in self._starts.values():
            lengths.extend(sorted({len(one) for one in values}, reverse=True))
        self._sorted = sorted(texts)
        self._reversed = sorted(one[::-1] for one in texts)
        self._longest = max(map(len, texts))

    def taken_out_of(self, text: str) -> str:
        cuts = sorted({at for one in _CUTS.finditer(text) for at in one.span()})
        pieces: list[str] = []
        at = done = 0
        cut = 0
        while at <= len(text) - SHORTEST:
            while cut < len(cuts) and cuts[cut] < at:
                cut += 1
            length = self._length_at(text, at, cuts, cut)
            if not length:
                at += 1
                continue
            pieces += (text[done:at], REDACTED)
            at = done = at + length
        return "".join([*pieces, text[done:]]) if pieces else text

    def _length_at(self, text: str, at: int, cuts: list[int], cut: int) -> int:
        """How long what is known is that begins at a place; 0 for none.

        Args:
            text: the text.
            at: the place.
            cuts: where the text may be cut.
            cut: the first of these that is not before the place.
        """
        found = self._starts.get(text[at : at + SHORTEST])
        if found is not None:
            lengths, values = found
            for length in lengths:
                if text[at : at + length] in values:
                    return length
            for end in islice(cuts, cut, None):  # its end may be cut off
                if end - at > self._longest:
                    break
                if end - at >= SHORTEST and _begins_one(self._sorted, text[at:end]):
                    return end - at
        if cut < len(cuts) and cuts[cut] == at:  # its beginning may be
            for end in range(min(len(text), at + self._longest), at + SHORTEST - 1, -1):
                if _begins_one(self._reversed, text[at:end][::-1]):
                    return end - at
        return 0


def _begins_one(ordered: list[str], start: str) -> bool:
    n = bisect_left(ordered, start)
    return n < len(ordered) and ordered[n].startswith(start)
