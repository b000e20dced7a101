"""`JobState`: everything that one execution of a flow did, as the fold of its changes.

The public face is routilux's own `JobState` (0.10). Underneath, every mutator makes one small
change (see `routilux_tui.job.changes`), carries it out and hands it to whoever subscribed, under
one lock: so a journal, a viewer or a waiter sees every change, once and in order.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from serilux import Serializable

from routilux_tui.job import timestamps, waiting
from routilux_tui.job.changes import FOLD, HELD
from routilux_tui.job.history import SavedHistory
from routilux_tui.job.plain import to_plain
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.job.tasks import Task
from routilux_tui.job.watched import WatchedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from os import PathLike

    from routilux_tui.job.changes import Change

logger = logging.getLogger("routilux_tui.job")

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
#: Keys of ours beside the field's own: the last change's number, and what slots have collected.
OWN_KEYS = ("seq", "slot_data")


class JobState(Serializable):
    """The complete state of one execution of a flow.

    Not registered with serilux: its registry is global and by class name, and routilux's own
    `JobState` must find its place there when both packages are in use.

    Args:
        flow_id: the flow that the job runs.
    """

    #: What serilux would keep in a list of every instance.
    fields_to_serialize: ClassVar[list[str]] = list(KEYS)  # type: ignore[misc]

    def __init__(self, flow_id: str = "") -> None:
        self.lock = threading.RLock()
        #: The number of the last change; 0 at birth.
        self.seq = 0
        self._listeners: tuple[tuple[Callable[..., None], Callable[..., None]], ...] = ()
        #: What a change is handed to: nobody, the only listener, or all of them.
        self._hand: Callable[[Change], None] | None = None
        self._flow_id = flow_id
        self._job_id = str(uuid.uuid4())
        self._status = "pending"
        self._current_routine_id: str | None = None
        self._routine_states: dict[str, Any] = WatchedDict(self, "routine", "no_routine", {})
        self._history: list[ExecutionRecord] = []
        self._pause_points: list[Any] = []
        self._pending_tasks: list[Any] = []
        self._deferred_events: list[Any] = []
        self._shared_data: dict[Any, Any] = WatchedDict(self, "shared", "unshared", {})
        self._shared_log: list[Any] = []
        self._output_log: list[Any] = []
        self._created: Any = time.time()
        self._updated: Any = self._created
        self.output_handler: Any = None
        #: Keys of the file it came from that are not a job's, kept for when it is saved again.
        self.extra: dict[str, Any] = {}
        #: Why some of what its journal has is not in it; empty where all is.
        self.unread = ""
        #: What runs the job in this process, or ran it; None where nothing here ever did.
        self.execution: Any = None
        #: The ids of the flow's routines, where an engine or a file tells them.
        self.flow_routines: list[str] = []
        #: Tasks queued or running, by their ids, in the order in which they were queued.
        self.outstanding: dict[int, Task] = {}
        #: Tasks whose handlers run: task id -> (routine id, start in seconds since the epoch).
        self.running: dict[int, tuple[str, float]] = {}
        self.next_task_id = 1
        #: What slots with a merge strategy have collected: (routine id, slot) -> data.
        self.slot_data: dict[tuple[str, str], Any] = {}

    def __repr__(self) -> str:
        return f"JobState[{self._job_id}:{self._status}]"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles hold what a file would; nobody runs them or listens to them."""
        return (type(self).from_plain, (self.to_plain(),))

    # Changes

    def make(self, kind: str, *args: Any) -> None:
        """Make a change: carry it out and hand it to the subscribers."""
        with self.lock:
            FOLD[kind](self, *args)
            self.seq = seq = self.seq + 1
            if self._hand is not None:
                self._hand((seq, kind, *args))

    def apply(self, change: Change) -> None:
        """Carry out a change that was made elsewhere, and hand it on.

        Raises:
            KeyError: when its kind is not in `routilux_tui.job.changes.FOLD`.
        """
        with self.lock:
            FOLD[change[1]](self, *change[2:])
            self.seq = change[0]
            if self._hand is not None:
                self._hand(change)

    def _tell(self, change: Change) -> None:
        """Hand a change to each of several listeners."""
        for _, hand in self._listeners:
            hand(change)

    def _guarded(self, listener: Callable[[Change], None]) -> Callable[[Change], None]:
        def hand(change: Change) -> None:
            try:
                listener(change)
            except Exception:
                logger.exception("A listener of job %s raised; it is told no more", self._job_id)
                self._unsubscribe(listener)

        return hand

    def _unsubscribe(self, listener: Callable[[Change], None]) -> None:
        with self.lock:
            self._listeners = tuple(one for one in self._listeners if one[0] is not listener)
            self._choose_hand()

    def _choose_hand(self) -> None:
        alone = self._listeners[0][1] if len(self._listeners) == 1 else self._tell
        self._hand = alone if self._listeners else None

    def subscribe(
        self, listener: Callable[[Change], None], *, guarded: bool = True
    ) -> Callable[[], None]:
        """Have every change from now on; returns what ends it.

        The listener is called in the thread that makes the change, under the job's lock, in
        order; it must return at once. One that raises is logged, and told no more; unless it is
        not ``guarded``, which saves the time of it and is for those that never raise.
        """
        with self.lock:
            hand = self._guarded(listener) if guarded else listener
            self._listeners = (*self._listeners, (listener, hand))
            self._choose_hand()
        return lambda: self._unsubscribe(listener)

    def _assign(self, name: str, value: Any) -> None:
        self.make("set", name, value, time.time())

    def _replace(self, name: str, value: Any) -> None:
        """Put a whole attribute in place; the fold of a ``set`` change."""
        if name == "shared_data":
            self._shared_data = WatchedDict(self, "shared", "unshared", dict(value))
        elif name == "routine_states":
            self._routine_states = WatchedDict(self, "routine", "no_routine", dict(value))
        elif name == "execution_history":
            self._history = (
                value if isinstance(value, SavedHistory) else [_as_record(one) for one in value]
            )
        elif name == "pending_tasks":
            self._pending_tasks = list(value)
            self.adopt_pending()
        elif name in {"pause_points", "deferred_events", "shared_log", "output_log"}:
            setattr(self, f"_{name}", list(value))
        elif name == "created_at":
            self._created = value
        elif name in {"flow_id", "job_id"}:
            setattr(self, f"_{name}", value)
        else:
            self.extra[name] = value

    def adopt_pending(self) -> None:
        """Make tasks of the held ones, so that changes made later find them."""
        held = self.pending_tasks
        self.outstanding = {}
        for plain in held:
            if isinstance(plain, dict):
                task = Task.from_plain(plain, self.next_task_id)
                if task.id in self.outstanding:
                    task.id = self.next_task_id
                self.outstanding[task.id] = task
                self.next_task_id = max(self.next_task_id, task.id + 1)

    def hold_tasks(self) -> None:
        """Have what is queued or running as pending: nobody runs it any more."""
        self._pending_tasks = [task.to_plain() for task in self.outstanding.values()]

    # The public attributes

    @property
    def flow_id(self) -> str:
        """The flow that the job runs."""
        return self._flow_id

    @flow_id.setter
    def flow_id(self, flow_id: str) -> None:
        self._assign("flow_id", flow_id)

    @property
    def job_id(self) -> str:
        """The job's own id, a UUID unless somebody gave another."""
        return self._job_id

    @job_id.setter
    def job_id(self, job_id: str) -> None:
        self._assign("job_id", job_id)

    @property
    def status(self) -> str:
        """One of ``pending running paused completed failed cancelled``, or what a file says."""
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self.make("status", status, time.time())

    @property
    def current_routine_id(self) -> str | None:
        """The routine that started last."""
        return self._current_routine_id

    @current_routine_id.setter
    def current_routine_id(self, routine_id: str | None) -> None:
        self.make("current", routine_id)

    @property
    def routine_states(self) -> dict[str, Any]:
        """Routine id -> its state."""
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
        with self.lock:
            if self._pending_tasks is HELD:
                self._pending_tasks = [task.to_plain() for task in self.outstanding.values()]
            return self._pending_tasks

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

    # The public methods

    def update_routine_state(self, routine_id: str, state: dict[str, Any]) -> None:
        """Store a copy of ``state`` in place of the routine's former one.

        What the engine counts (runs, errors, retries, times) stays, unless ``state`` tells it.
        """
        self.make("routine", routine_id, dict(state), time.time())

    def get_routine_state(self, routine_id: str) -> dict[str, Any] | None:
        """The routine's state, or None if it has not run or doesn't exist."""
        state: dict[str, Any] | None = self._routine_states.get(routine_id)
        return state

    def record_execution(
        self, routine_id: str, event_name: str, data: dict[str, Any] | None
    ) -> None:
        """Add a record, stamped now."""
        self.make("record", routine_id, event_name, {} if data is None else data, time.time())

    def get_execution_history(self, routine_id: str | None = None) -> list[ExecutionRecord]:
        """The records of all routines or of one, by time; those without a time come first."""
        with self.lock:
            records = list(self._history)
        if routine_id is not None:
            records = [record for record in records if record.routine_id == routine_id]
        records.sort(key=lambda record: record.at or 0.0)
        return records

    def add_deferred_event(self, routine_id: str, event_name: str, data: dict[str, Any]) -> None:
        """Have an event emitted when the job is resumed; they keep their order."""
        self.make("deferred", routine_id, event_name, data, time.time())

    def update_shared_data(self, key: str, value: Any) -> None:
        """Set one value of the shared data."""
        self.make("shared", key, value, time.time())

    def get_shared_data(self, key: str, default: Any = None) -> Any:
        """One value of the shared data."""
        with self.lock:
            return self._shared_data.get(key, default)

    def append_to_shared_log(self, entry: Any) -> None:
        """Add an entry to the shared log; a copy with a ``timestamp``, if it has none.

        Raises:
            ValueError: when ``entry`` is no dict.
        """
        if not isinstance(entry, dict):
            kind = type(entry).__name__
            raise ValueError(f"a log entry is a dict, not {kind}")
        now = time.time()
        if "timestamp" not in entry:
            entry = {**entry, "timestamp": timestamps.to_iso(now)}
        self.make("log", entry, now)

    def get_shared_log(self, filter_func: Callable[[Any], bool] | None = None) -> list[Any]:
        """A copy of the shared log, or those entries for which ``filter_func`` is true."""
        with self.lock:
            entries = list(self._shared_log)
        return entries if filter_func is None else [one for one in entries if filter_func(one)]

    def set_output_handler(self, handler: Any) -> None:
        """Have outputs handed to ``handler.handle``; None switches it off."""
        self.output_handler = handler

    def send_output(self, routine_id: str, output_type: str, data: dict[str, Any]) -> None:
        """Hand an output to the output handler and add it to the output log.

        A handler that raises is a warning in the log, never an error of the job.
        """
        now = time.time()
        self.make("output", routine_id, output_type, data, now)
        handler = self.output_handler
        if handler is None:
            return
        try:
            handler.handle(
                job_id=self._job_id,
                routine_id=routine_id,
                output_type=output_type,
                data=data,
                timestamp=timestamps.to_datetime(now),
            )
        except Exception as error:
            logger.warning("The output handler of job %s raised: %r", self._job_id, error)

    # Files

    def save(self, filepath: str | PathLike[str]) -> None:
        """Write the job to a file: wholly, or not at all.

        Raises:
            JobFileError: when the file can't be written; the former one is untouched.
        """
        from routilux_tui.job.writing import save_job

        save_job(self, filepath)

    @classmethod
    def load(cls, filepath: str | PathLike[str]) -> JobState:
        """Read a job from a file of any version; nothing in it is obeyed.

        Raises:
            FileNotFoundError: when there is no such file (also a JobFileError).
            ValueError: when it holds no job (also a JobFileError, which says what is wrong).
        """
        from routilux_tui.job.reading import load_job

        return load_job(filepath)

    def to_plain(self, *, raw: bool = False) -> dict[str, Any]:
        """A consistent copy, as a file has it; the data inside may still be any Python value.

        With ``raw``, records that nobody has asked for yet are as they were saved.
        """
        with self.lock:
            history, records = self._history, None
            if raw and isinstance(history, SavedHistory):
                records = history.as_saved()
            pending = self.pending_tasks
            if not pending and self.outstanding:
                pending = [task.to_plain() for task in self.outstanding.values()]
            plain: dict[str, Any] = {
                "_type": "JobState",
                "flow_id": self._flow_id,
                "job_id": self._job_id,
                "status": self._status,
                "current_routine_id": self._current_routine_id,
                "created_at": _written(self._created),
                "updated_at": _written(self._updated),
                "routine_states": {
                    key: dict(value) if isinstance(value, dict) else value
                    for key, value in self._routine_states.items()
                },
                "pause_points": list(self._pause_points),
                "deferred_events": list(self._deferred_events),
                "shared_data": dict(self._shared_data),
                "pending_tasks": list(pending),
                "output_log": list(self._output_log),
                "shared_log": list(self._shared_log),
                **self.extra,
                "seq": self.seq,
                "execution_history": list(history) if records is None else records,
            }
            if self.slot_data:
                plain["slot_data"] = [
                    [routine_id, slot, data] for (routine_id, slot), data in self.slot_data.items()
                ]
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> JobState:
        """The job that a file's content tells; keys that are not a job's go to `extra`."""
        state = cls()
        state._fill(plain)
        return state

    def _fill(self, plain: dict[str, Any]) -> None:
        for name in ("flow_id", "job_id"):
            value = plain.get(name)
            if value is not None:
                setattr(self, f"_{name}", value if isinstance(value, str) else str(to_plain(value)))
        status = plain.get("status", "pending")
        self._status = status if isinstance(status, str) else str(to_plain(status))
        current = plain.get("current_routine_id")
        self._current_routine_id = current if isinstance(current, str) else None
        for name in ("routine_states", "shared_data"):
            if isinstance(plain.get(name), dict):
                self._replace(name, plain[name])
        for name in (
            "execution_history",
            "pause_points",
            "deferred_events",
            "pending_tasks",
            "shared_log",
            "output_log",
        ):
            if isinstance(plain.get(name), list):
                self._replace(name, plain[name])
        self._created = plain.get("created_at")
        self._updated = plain.get("updated_at")
        seq = plain.get("seq")
        self.seq = seq if isinstance(seq, int) else 0
        for entry in plain.get("slot_data") or ():
            if isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], dict):
                self.slot_data[str(entry[0]), str(entry[1])] = entry[2]
        known = {*KEYS, *OWN_KEYS, "_type"}
        self.extra = {key: value for key, value in plain.items() if key not in known}

    def serialize(self, max_depth: int = 100, _current_depth: int = 0) -> dict[str, Any]:
        """The job as a plain dict that JSON can hold."""
        del max_depth, _current_depth  # serilux 0.4 and newer pass them; to_plain has its own bound
        plain = self.to_plain()
        plain["execution_history"] = [record.to_plain() for record in plain["execution_history"]]
        result: dict[str, Any] = to_plain(plain)
        return result

    def deserialize(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Take over what `serialize` gave, or what a file of any version holds.

        Nothing in ``data`` is imported, instantiated or called, whatever its ``_type`` says.
        """
        from routilux_tui.job.versions import mend

        with self.lock:
            self._fill(mend(data))

    # Waiting

    wait_for_completion = staticmethod(waiting.wait_for_completion)
    wait_until_condition = staticmethod(waiting.wait_until_condition)

    # Called by a flow

    def _set_paused(self, reason: str = "", checkpoint: dict[str, Any] | None = None) -> None:
        now = time.time()
        with self.lock:
            self.make(
                "pause_point",
                {
                    "timestamp": timestamps.to_iso(now),
                    "reason": reason,
                    "current_routine_id": self._current_routine_id,
                    "checkpoint": checkpoint or {},
                },
                now,
            )
            self.make("status", "paused", now)

    def _set_running(self) -> None:
        with self.lock:
            if self._status == "paused":
                self.make("status", "running", time.time())

    def _set_cancelled(self, reason: str = "") -> None:
        now = time.time()
        with self.lock:
            if reason:
                former = self._routine_states.get("_cancellation")
                kept = former if isinstance(former, dict) else {}
                self.make("routine", "_cancellation", {**kept, "reason": reason}, now)
            self.make("status", "cancelled", now)


def _as_record(one: Any) -> ExecutionRecord:
    return one if isinstance(one, ExecutionRecord) else ExecutionRecord.from_plain(one)


def _moment(value: Any) -> Any:
    moment = timestamps.parse(value)
    return value if moment is None else moment


def _written(value: Any) -> Any:
    if isinstance(value, float):
        return timestamps.to_iso(value)
    moment = None if isinstance(value, str) else timestamps.parse(value)
    return value if moment is None else moment.isoformat()
