"""Taking values out of what is handed on: by the keys under which they stand.

What stands under a key is taken out there, and then of every text of the job: of messages and
tracebacks, of logs, of the names of other keys, however it is written there, and where it is cut.
"""

from __future__ import annotations

import html
import json
import re
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from routilux_tui.job.fold_values import COUNTERS
from routilux_tui.job.jsonable import decode
from routilux_tui.job.model import Job
from routilux_tui.job.status import JOB_STATUSES, ROUTINE_STATUSES
from routilux_tui.store.job_file import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REDACTED = "[taken out]"
#: A text that is shorter is not looked for elsewhere: it would be found in too much.
SHORTEST = 4
#: Where a text may be cut, or something stands for a part of it; the rest of a value is beside it.
_CUTS = re.compile(r"…|\.\.\.|#|'…'")
#: What of a file tells a job at all, and is no value of anybody.
_OF_THE_FILE = ("_type", "status", "created_at", "updated_at")
#: The parts of a file whose entries have names of the file's own, and none of anybody's.
_NAMED_BY_US = (
    *("execution_history", "pending_tasks", "failed_tasks", "dropped_tasks", "deferred_events"),
    *("output_log", "pause_points", "controls", "questions", "breakpoints", "alerts"),
)
_WORDS = frozenset({*JOB_STATUSES, *ROUTINE_STATUSES, *COUNTERS, "error", "error_type"})


class Redaction:
    """Takes out the values of some keys, and remembers them, to find them in free text, too."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys)
        #: Whether one was too short to be looked for in texts.
        self.has_short = False
        self._texts: set[str] = set()
        self._known: _Known | None = None
        #: Words of the job's file: what is no more than one of them is no secret.
        self._words = _WORDS

    def job(self, job: Job) -> Job:
        """A job as it is handed on; all of its values are known from then on."""
        plain = self._as_saved(job)
        clean = self.texts_in(self.data(plain))
        clean.update((key, plain[key]) for key in _OF_THE_FILE if key in plain)
        return Job.from_plain(clean)

    def learn(self, job: Job) -> None:
        """Know all values of a job, wherever in it they stand."""
        if self.keys:
            self.data(self._as_saved(job))

    def _as_saved(self, job: Job) -> Any:
        """All of a job as its file has it, records and all, as plain values."""
        plain = decode(b"".join(Snapshot(job).pieces()))
        self._words = _WORDS.union(plain, *_own_names(plain))
        return plain

    def data(self, value: Any) -> Any:
        """A JSON value without the values of the keys, however deep they stand."""
        if not self.keys:
            return value
        if isinstance(value, dict):
            return {
                key: self._take_out(one) if str(key) in self.keys else self.data(one)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [self.data(one) for one in value]
        return value

    def text(self, text: str) -> str:
        """A free text (a message, a traceback) without what was taken out of the data so far."""
        if not self._texts:
            return text
        if self._known is None:
            self._known = _Known(self._texts)
        return self._known.taken_out_of(text)

    def texts_in(self, value: Any) -> Any:
        """A JSON value whose texts are without what was taken out of the data so far."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            clean: dict[str, Any] = {}
            for key, one in value.items():
                name = shown = self.text(str(key))
                while name in clean:  # two that are told apart by what is taken out
                    name = f"{shown} {len(clean) + 1}"
                clean[name] = self.texts_in(one)
            return clean
        return [self.texts_in(one) for one in value] if isinstance(value, list) else value

    def _take_out(self, value: Any) -> str:
        stack = [value]
        while stack:
            one = stack.pop()
            if isinstance(one, (dict, list)):
                stack += one.values() if isinstance(one, dict) else one
            elif isinstance(one, (str, int, float)) and not isinstance(one, bool):
                self._note(str(one))
        return REDACTED

    def _note(self, text: str) -> None:
        if len(text) < SHORTEST or text in self._words:
            self.has_short = self.has_short or (bool(text) and len(text) < SHORTEST)
            return
        quoted = repr(text)[1:-1]
        ways = {text, quoted, quoted.replace("\\'", "'"), text.strip(), html.escape(text)}
        ways |= {json.dumps(one)[1:-1] for one in (text, quoted)}
        ways |= {json.dumps(one, ensure_ascii=False)[1:-1] for one in (text, quoted)}
        ways |= {quote(text, errors="replace"), quote_plus(text, errors="replace")}
        ways = {one for one in ways if len(one) >= SHORTEST}
        if not ways <= self._texts:
            self._texts |= ways
            self._known = None


def _own_names(plain: dict[str, Any]) -> Iterator[Iterable[str]]:
    """The names that the entries of a file's parts have."""
    statistics = plain.get("statistics") or {}
    of_problems = statistics.get("problems") or {}
    yield from (plain.get("flow_shape") or {}, plain.get("launch") or {}, statistics, of_problems)
    measured = (statistics.get("routines") or {}, of_problems.get("kinds") or ())
    for part in (*measured, *(plain.get(name) or () for name in _NAMED_BY_US)):
        entries = part.values() if isinstance(part, dict) else part
        yield from (one.keys() for one in entries if isinstance(one, dict))


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
