"""Reporting how a state of the library is altered, attribute by attribute."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .containers import ObservedDict, ObservedList
from .errors import trace_text
from .library import seconds
from .values import key_text, to_json

if TYPE_CHECKING:
    from .messages import Messages

#: Attributes that are dicts: the kinds of change for an item that is set, and one that is gone.
DICTS = {"shared_data": ("shared", "unshared"), "routine_states": ("routine", "no_routine")}
LISTS = frozenset(("shared_log", "output_log", "deferred_events", "pause_points"))
_FIXED = (str, int, float, bool, type(None))


class StateReporter:
    """Reports how one state is altered.

    Args:
        number: the job's number in this process.
        messages: who is told.
        state: the library's state.
    """

    def __init__(self, number: int, messages: Messages, state: Any) -> None:
        self.number = number
        self.messages = messages
        self.state = state
        #: The status that was told last.
        self.status = "pending"
        #: Tasks that wait for their next try, and their routines.
        self.retried: dict[int, str] = {}
        #: What was told last of values that may be altered inside.
        self.digests: dict[Any, int] = {}
        self._first_point: dict[str, Any] | None = None
        #: The last record of the history that was told.
        self._last_record: Any = None

    def report(self, kind: str, *args: Any) -> None:
        """Send a message of this job."""
        with self.messages.lock:
            self.messages.send(self.number, kind, *args)

    def report_status(self, status: str) -> None:
        """Send the job's new status."""
        with self.messages.lock:
            self.status = status
            self.messages.send(self.number, "status", status, time.time())

    def adopt(self, state: Any) -> None:
        """Tell all that a state has, and from now on how it is altered."""
        self.state = state
        for name in (*DICTS, *sorted(LISTS)):
            content = state.__dict__.get(name)
            if content is not None:
                state.__dict__[name] = self.watched(name, content)
                if content:
                    self.replaced(name, content)
        self.report_new_records()

    def watched(self, name: str, content: Any) -> Any:
        """A container of the state in place of a plain one, which tells how it is altered."""
        if name in DICTS and isinstance(content, dict):
            return ObservedDict(content, name, self)
        if name in LISTS and isinstance(content, list):
            return ObservedList(content, name, self)
        return content

    # Called by the containers

    def item_set(self, name: str, key: Any, value: Any) -> None:
        """An item of a dict was set."""
        if name == "routine_states" and not isinstance(value, dict):
            value = {"status": value}
        with self.messages.lock:
            self.messages.send(self.number, DICTS[name][0], key_text(key), value, time.time())
            if not isinstance(value, _FIXED):
                self.digests[name, key_text(key)] = hash(to_json(value))

    def item_gone(self, name: str, key: Any) -> None:
        """An item of a dict is gone."""
        with self.messages.lock:
            self.digests.pop((name, key_text(key)), None)
            self.messages.send(self.number, DICTS[name][1], key_text(key), time.time())

    def replaced(self, name: str, content: Any) -> None:
        """A whole container is another."""
        if name in DICTS and isinstance(content, dict):
            self.report("set", name, {}, time.time())
            for key, value in list(content.items()):
                self.item_set(name, key, value)
        elif name in LISTS and isinstance(content, list):
            self.report("set", name, [], time.time())
            for item in content:
                self.appended(name, item)
        else:
            self.report("set", name, content, time.time())

    def appended(self, name: str, item: Any) -> None:
        """An item was added to a list."""
        now = time.time()
        if name == "pause_points":
            self._pause_point(item, now)
        elif name == "shared_log" and isinstance(item, dict):
            self.report("log", item, now)
        elif name == "output_log" and _has(item, "routine_id", "output_type", "data", "timestamp"):
            self.report("output", item["routine_id"], item["output_type"], item["data"], now)
        elif name == "deferred_events" and _has(
            item, "routine_id", "event_name", "data", "timestamp"
        ):
            self.report("deferred", item["routine_id"], item["event_name"], item["data"], now)
        else:
            self.report("set", name, list(self.state.__dict__.get(name, ())), now)

    def _pause_point(self, point: Any, now: float) -> None:
        """The library adds two for one pause, microseconds apart: they are told as one."""
        if _has(point, "queue_size", "reason") and "current_routine_id" not in point:
            self._first_point = point
            return
        first, self._first_point = self._first_point, None
        if first is not None and isinstance(point, dict):
            point = {**first, **point}
        self.report("pause_point", point if isinstance(point, dict) else {"reason": point}, now)

    def report_record(
        self,
        routine_id: Any,
        event: Any,
        data: Any,
        task: int | None = None,
        error: BaseException | None = None,
    ) -> None:
        """A record was made that tells of no event: of what a task's handler raised, or said."""
        trace = None if error is None else trace_text(error)
        self.report("record", str(routine_id), str(event), data, time.time(), task, trace)

    # What no hook sees

    def report_nested_changes(self) -> None:
        """Tell of values of the state's dicts that were altered inside."""
        for name in DICTS:
            try:
                items = list(self.state.__dict__.get(name, {}).items())
            except (RuntimeError, AttributeError):  # it grows in this moment, or is no dict
                continue
            for key, value in items:
                if isinstance(value, _FIXED):
                    continue
                known = self.digests.get((name, key_text(key)))
                if known is not None and known != hash(to_json(value)):
                    self.item_set(name, key, value)

    def report_new_records(self) -> None:
        """Tell of records that the script itself has put into the history."""
        history = list(self.state.__dict__.get("execution_history") or ())
        self._report_records(history, len(history))

    def mark_last_reported(self, history: list[Any]) -> None:
        """The last record of a state's history was told of before it was made."""
        count = len(history)
        if count > 1 and history[-2] is not self._last_record:
            self._report_records(history, count - 1)
        self._last_record = history[-1] if count else None

    def mark_all_reported(self, state: Any) -> None:
        """All that is in a state's history now was told of when it was made."""
        history = state.__dict__.get("execution_history")
        self._last_record = history[-1] if history else None

    def _report_records(self, history: list[Any], end: int) -> None:
        """Tell of the records before ``end`` that come after the last one that was told."""
        begin = end
        while begin and history[begin - 1] is not self._last_record:
            begin -= 1
        for record in history[begin:end]:
            at = seconds(getattr(record, "timestamp", None))
            if hasattr(record, "event_name"):
                self.report(
                    "record", record.routine_id, record.event_name, record.data, at, None, None
                )
        if end:
            self._last_record = history[end - 1]

    def report_unnoticed(self) -> None:
        """Tell of all that was altered without a word."""
        self.report_nested_changes()
        self.report_new_records()


def _has(item: Any, *keys: str) -> bool:
    return isinstance(item, dict) and all(key in item for key in keys)
