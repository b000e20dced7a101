"""`Job`: everything that one execution of a flow did, as the fold of its changes.

Every mutator makes one small change (see `routilux_tui.job.changes`), carries it out and hands it
to whoever subscribed, under one lock: so a journal, a viewer or a waiter sees every change, once
and in order.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import Self

from routilux_tui.errors import NotPossible
from routilux_tui.job import timestamps
from routilux_tui.job.changes import FOLD
from routilux_tui.job.data import DICT_ATTRIBUTES, LIST_ATTRIBUTES, JobData
from routilux_tui.job.history import SavedHistory
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.listeners import dispatch_table
from routilux_tui.job.numbers import is_id
from routilux_tui.job.our_keys import OWN_KEYS, fill_own, own_plain
from routilux_tui.job.record import MOST_TRACEBACKS
from routilux_tui.job.spare_memory import carry_out_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from routilux_tui.job.listeners import Change
    from routilux_tui.job.record import ExecutionRecord
    from routilux_tui.job.tasks import Task

logger = logging.getLogger("routilux_tui.job")

AnyJob = TypeVar("AnyJob", bound="Job")

#: The keys of a saved job, in the order in which they are written: short ones first.
KEYS = (
    "flow_id",
    "job_id",
    "status",
    "current_routine_id",
    "created_at",
    "updated_at",
    "routine_states",
    "pause_points",
    "deferred_events",
    "shared_data",
    "pending_tasks",
    "output_log",
    "shared_log",
    "execution_history",
)
#: Those of the keys whose values only grow, at the end.
GROWING = ("pause_points", "output_log", "shared_log", "execution_history")


class Job(JobData):
    """The complete state of one execution of a flow; assigning an attribute is a change."""

    def __repr__(self) -> str:
        return f"JobState[{self._job_id}:{self._status}]"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles hold what a file would; nobody runs them or listens to them."""
        return (type(self).from_plain, (self.to_plain(),))

    def make(self, kind: str, *args: Any) -> None:
        """Make a change: carry it out and hand it to the subscribers."""
        with self.lock:
            self.make_locked(kind, *args)

    def make_locked(self, kind: str, *args: Any) -> None:
        """Make a change, with the job's lock held: the engine makes three for every emit."""
        seq, dispatch = self.seq + 1, self._dispatch.get(kind)
        change = (seq, kind) + args  # noqa: RUF005 - first: without memory nothing is changed
        try:
            FOLD[kind](self, *args)
        except MemoryError:
            carry_out_again(FOLD[kind], self, kind, args)
        self.seq = seq
        if dispatch is not None:
            dispatch(change)

    def apply(self, change: Change) -> None:
        """Carry out a change that was made elsewhere, and hand it on.

        Raises:
            KeyError: when its kind is not in `routilux_tui.job.changes.FOLD`.
        """
        with self.lock:
            FOLD[change[1]](self, *change[2:])
            self.seq = change[0]
            dispatch = self._dispatch.get(change[1])
            if dispatch is not None:
                dispatch(change)

    def _isolated(self, listener: Callable[[Change], None]) -> Callable[[Change], None]:
        """A listener whose exceptions are logged and end its subscription, and nothing else."""

        def call(change: Change) -> None:
            try:
                listener(change)
            except Exception:
                logger.exception("A listener of job %s raised; it is called no more", self._job_id)
                self._unsubscribe(listener)

        return call

    def _unsubscribe(self, listener: Callable[[Change], None]) -> None:
        with self.lock:
            self._listeners = tuple(one for one in self._listeners if one[0] is not listener)
            self._dispatch = dispatch_table(self._listeners, FOLD)

    def release_in_child(self, *, refuse: bool) -> None:
        """This is a forked child: nobody is told of changes here, and none are made if it says so.

        A change to a job that runs would be lost: `NotPossible` says so to whoever makes one.
        """
        self._listeners = ()
        self._dispatch = dict.fromkeys(FOLD, self._refuse_change) if refuse else {}

    def _refuse_change(self, _change: Change) -> None:
        raise NotPossible(
            f"Job {self._job_id} is run by the process that this one was forked from: what is "
            "emitted or changed here is lost.",
            "Return it to the handler that started this process, and emit it there.",
        )

    def subscribe(
        self,
        listener: Callable[[Change], None],
        *,
        isolated: bool = True,
        kinds: frozenset[str] | None = None,
    ) -> Callable[[], None]:
        """Have every change from now on, or those of some ``kinds``; returns what ends it.

        The listener is called in the thread that makes the change, under the job's lock, in
        order; it must return at once. One that raises is logged, and called no more; unless it is
        not ``isolated``, which saves the time of it and is for those that never raise.
        """
        with self.lock:
            call = self._isolated(listener) if isolated else listener
            self._listeners = (*self._listeners, (listener, call, kinds))
            self._dispatch = dispatch_table(self._listeners, FOLD)
        return lambda: self._unsubscribe(listener)

    def _assign(self, name: str, value: Any) -> None:
        # as it is read back from a journal: a list or a dict, whatever was given for one
        if name in DICT_ATTRIBUTES and not isinstance(value, dict):
            value = dict(value)
        elif name in LIST_ATTRIBUTES and not isinstance(value, (list, SavedHistory)):
            value = list(value)
        self.make("set", name, value, time.time())

    # The attributes

    @property
    def flow_id(self) -> str:
        """The flow that the job runs."""
        return self._flow_id

    @flow_id.setter
    def flow_id(self, flow_id: str) -> None:
        self._assign("flow_id", as_text(flow_id))

    @property
    def job_id(self) -> str:
        """The job's own id, a UUID unless somebody gave another."""
        return self._job_id

    @job_id.setter
    def job_id(self, job_id: str) -> None:
        self._assign("job_id", as_text(job_id))

    @property
    def status(self) -> str:
        """One of ``pending running paused completed failed cancelled``, or what a file says."""
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self.make("status", as_text(status), time.time())

    @property
    def current_routine_id(self) -> str | None:
        """The routine that started last."""
        return self._current_routine_id

    @current_routine_id.setter
    def current_routine_id(self, routine_id: str | None) -> None:
        self.make("current", None if routine_id is None else as_text(routine_id))

    @property
    def routine_states(self) -> dict[str, Any]:
        """Routine id -> its state."""
        if self.pending_ends:
            self.flush_ends()
        return self._routine_states

    @routine_states.setter
    def routine_states(self, states: dict[str, Any]) -> None:
        self._assign("routine_states", states)

    @property
    def execution_history(self) -> list[ExecutionRecord]:
        """The records, in the order in which they were made."""
        return self._history

    @execution_history.setter
    def execution_history(self, records: Iterable[ExecutionRecord]) -> None:
        self._assign("execution_history", list(records))

    @property
    def pause_points(self) -> list[Any]:
        """One dict for each pause."""
        return self._pause_points

    @pause_points.setter
    def pause_points(self, points: list[Any]) -> None:
        self._assign("pause_points", points)

    @property
    def pending_tasks(self) -> list[Any]:
        """The tasks that had not run when the job was paused."""
        return self.held_tasks()

    @pending_tasks.setter
    def pending_tasks(self, tasks: list[Any]) -> None:
        self._assign("pending_tasks", tasks)

    @property
    def deferred_events(self) -> list[Any]:
        """The events that are emitted when the job is resumed."""
        return self._deferred_events

    @deferred_events.setter
    def deferred_events(self, events: list[Any]) -> None:
        self._assign("deferred_events", events)

    @property
    def shared_data(self) -> dict[Any, Any]:
        """Data that all routines of the job share."""
        return self._shared_data

    @shared_data.setter
    def shared_data(self, data: dict[Any, Any]) -> None:
        self._assign("shared_data", data)

    @property
    def shared_log(self) -> list[Any]:
        """The log that all routines of the job share."""
        return self._shared_log

    @shared_log.setter
    def shared_log(self, entries: list[Any]) -> None:
        self._assign("shared_log", entries)

    @property
    def output_log(self) -> list[Any]:
        """All that was sent by `send_output`."""
        return self._output_log

    @output_log.setter
    def output_log(self, outputs: list[Any]) -> None:
        self._assign("output_log", outputs)

    @property
    def created_at(self) -> Any:
        """When the job was made, as an aware datetime; what a file has instead, as it is."""
        return _moment(self._created)

    @created_at.setter
    def created_at(self, moment: datetime) -> None:
        self._assign("created_at", moment)

    @property
    def updated_at(self) -> Any:
        """When the job last changed, as an aware datetime; what a file has instead, as it is."""
        return _moment(self._updated)

    @updated_at.setter
    def updated_at(self, moment: datetime) -> None:
        with self.lock:
            self._updated = moment

    @property
    def library(self) -> str:
        """The library whose script ran the job, as ``routilux 0.11.0``; empty for our own engine.

        Such a job can't be taken up: what stood around its flow is gone with the script's process.
        """
        launch = self.extra.get("launch")
        name = launch.get("library") if isinstance(launch, dict) else None
        return name if isinstance(name, str) else ""

    # As a file has it

    def to_plain(
        self, *, raw: bool = False, lists: bool = True, tasks: Sequence[Task] | None = None
    ) -> dict[str, Any]:
        """A consistent copy, as a file has it; the data inside may still be any Python value.

        Args:
            raw: leave records that nobody has asked for yet as they were saved.
            lists: with the lists that only grow (`GROWING`); without them it costs the same
                however long the job has run.
            tasks: which of its tasks; None for all.
        """
        with self.lock:
            self.flush_ends()
            pending = self.held_tasks() if tasks is None else [one.to_plain() for one in tasks]
            if tasks is None and not pending and self.outstanding:
                pending = [task.to_plain() for task in self.outstanding.values()]
            plain: dict[str, Any] = {
                "_type": "JobState",
                "flow_id": self._flow_id,
                "job_id": self._job_id,
                "status": self._status,
                "current_routine_id": self._current_routine_id,
                "created_at": timestamps.written(self._created),
                "updated_at": timestamps.written(self._updated),
                "routine_states": {
                    key: dict(value) if isinstance(value, dict) else value
                    for key, value in self._routine_states.items()
                },
                "deferred_events": list(self._deferred_events),
                "shared_data": dict(self._shared_data),
                "pending_tasks": list(pending),
                **self.extra,
                "seq": self.seq,
            }
            plain.update(own_plain(self))
            if lists:
                history = self._history
                plain["pause_points"] = list(self._pause_points)
                plain["output_log"] = list(self._output_log)
                plain["shared_log"] = list(self._shared_log)
                plain["execution_history"] = (
                    history.as_saved()
                    if raw and isinstance(history, SavedHistory)
                    else list(history)
                )
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """The job that a file's content tells; keys that are not a job's go to `extra`."""
        state = cls()
        state._created = state._updated = None  # no time that the file doesn't tell
        state._fill(plain)
        return state

    def _fill(self, plain: dict[str, Any]) -> None:
        """Take over what a file's content tells; what it doesn't tell stays as it is."""
        for name in ("flow_id", "job_id"):
            value = plain.get(name)
            if value is not None:
                setattr(self, f"_{name}", as_text(value))
        if plain.get("status") is not None:
            self._status = as_text(plain["status"])
        if "current_routine_id" in plain:
            current = plain["current_routine_id"]
            self._current_routine_id = current if isinstance(current, str) else None
        for name in DICT_ATTRIBUTES:
            if isinstance(plain.get(name), dict):
                self._replace(name, plain[name])
        for name in LIST_ATTRIBUTES:
            if isinstance(plain.get(name), list):
                self._replace(name, plain[name])
        self._created = plain.get("created_at", self._created)
        self._updated = plain.get("updated_at", self._updated)
        seq = plain.get("seq")
        self.seq = seq if is_id(seq) else self.seq
        fill_own(self, plain)
        known = {*KEYS, *OWN_KEYS, "_type"}
        self.extra.update((key, value) for key, value in plain.items() if key not in known)

    def traceback_number(self, text: str) -> int | None:
        """The number by which a record names a traceback; None where the job keeps no more."""
        with self.lock:
            number = self.traceback_numbers.get(text)
            if number is None and len(self.tracebacks) < MOST_TRACEBACKS:
                self.make("traceback", text)
                number = self.traceback_numbers[text]
            return number


def _moment(value: Any) -> Any:
    moment = timestamps.parse(value)
    return value if moment is None else moment
