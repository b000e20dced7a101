"""`JobState`: a job as users of routilux know it, with the public face of routilux 0.10."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from serilux import Serializable

from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import as_key, as_text, to_plain
from routilux_tui.job.model import KEYS, Job
from routilux_tui.state import waiting
from routilux_tui.state.history_limits import SIZE, TTL, drop_old_records
from routilux_tui.store.job_file import save_job
from routilux_tui.store.reading import load_job
from routilux_tui.store.versions import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike

    from routilux_tui.job.record import ExecutionRecord
    from routilux_tui.job.tasks import Task


class JobState(Job, Serializable):
    """The complete state of one execution of a flow.

    Not registered with serilux: its registry is global and by class name, and routilux's own
    `JobState` must find its place there when both packages are in use.

    Args:
        flow_id: the flow that the job runs.
    """

    #: What serilux would keep in a list of every instance.
    fields_to_serialize: ClassVar[list[str]] = list(KEYS)  # type: ignore[misc]

    def add_serializable_fields(self, fields: list[str]) -> None:
        """Have attributes of a subclass saved and loaded, too; others' lists stay as they are."""
        new = [name for name in fields if name not in self.fields_to_serialize]
        self.fields_to_serialize = [*self.fields_to_serialize, *new]  # type: ignore[misc] # serilux has it on the instance

    def _own_fields(self) -> list[str]:
        return [name for name in self.fields_to_serialize if name not in KEYS]

    def to_plain(
        self, *, raw: bool = False, lists: bool = True, tasks: Sequence[Task] | None = None
    ) -> dict[str, Any]:
        """A consistent copy, as a file has it; see `Job.to_plain`."""
        if lists:
            _ = self.execution_history  # no more of it than the limits keep
        plain = super().to_plain(raw=raw, lists=lists, tasks=tasks)
        plain.update((name, getattr(self, name, None)) for name in self._own_fields())
        return plain

    def _fill(self, plain: dict[str, Any]) -> None:
        super()._fill(plain)
        for name in self._own_fields():
            if name in self.extra:
                setattr(self, name, self.extra.pop(name))

    #: Whether the limits of the history hold here: not for a job that is only looked at.
    _is_limited = False

    @property
    def max_history_size(self) -> int | None:
        """How many records the history keeps; None for all."""
        return self.extra.get(SIZE)

    @max_history_size.setter
    def max_history_size(self, size: int | None) -> None:
        self._is_limited = True
        self._assign(SIZE, size)

    @property
    def history_ttl_seconds(self) -> float | None:
        """For how many seconds the history keeps a record; None or 0 for ever."""
        return self.extra.get(TTL)

    @history_ttl_seconds.setter
    def history_ttl_seconds(self, seconds: float | None) -> None:
        self._is_limited = True
        self._assign(TTL, seconds)

    @property
    def execution_history(self) -> list[ExecutionRecord]:
        """The records, in the order in which they were made, as far as the limits keep them."""
        if self._is_limited or self.execution is not None:
            with self.lock:
                drop_old_records(self, self._history)
        return self._history

    @execution_history.setter
    def execution_history(self, records: Iterable[ExecutionRecord]) -> None:
        self._assign("execution_history", list(records))

    # The public methods

    def update_routine_state(self, routine_id: str, state: dict[str, Any]) -> None:
        """Store a copy of ``state`` in place of the routine's former one.

        What the engine counts (runs, errors, retries, times) stays, unless ``state`` tells it.
        """
        self.make("routine", as_key(routine_id), dict(state), time.time())

    def get_routine_state(self, routine_id: str) -> dict[str, Any] | None:
        """The routine's state, or None if it has not run or doesn't exist."""
        state: dict[str, Any] | None = self.routine_states.get(routine_id)
        return state

    def record_execution(
        self, routine_id: str, event_name: str, data: dict[str, Any] | None
    ) -> None:
        """Add a record, stamped now; in a handler it is one of the task that runs there."""
        data = {} if data is None else data
        task = self.execution.current_task() if self.execution is not None else None
        cause = () if task is None else (task,)
        self.make("record", as_key(routine_id), as_key(event_name), data, time.time(), *cause)

    def get_execution_history(self, routine_id: str | None = None) -> list[ExecutionRecord]:
        """The records of all routines or of one, by time; those without a time come first."""
        with self.lock:
            records = list(self.execution_history)
        if routine_id is not None:
            records = [record for record in records if record.routine_id == as_text(routine_id)]
        records.sort(key=lambda record: record.at or 0.0)
        return records

    def add_deferred_event(self, routine_id: str, event_name: str, data: dict[str, Any]) -> None:
        """Have an event emitted when the job is resumed; they keep their order."""
        self.make("deferred", as_key(routine_id), as_key(event_name), data, time.time())

    def update_shared_data(self, key: str, value: Any) -> None:
        """Set one value of the shared data."""
        self.make("shared", as_key(key), value, time.time())

    def get_shared_data(self, key: str, default: Any = None) -> Any:
        """One value of the shared data."""
        with self.lock:
            return self._shared_data.get(as_key(key), default)

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
        """Hand an output to the output handler, then add it to the output log.

        A handler that raises is a warning, never an error of the job.
        """
        now = time.time()
        if self.output_handler:
            try:
                self.output_handler.handle(
                    job_id=self._job_id,
                    routine_id=routine_id,
                    output_type=output_type,
                    data=data,
                    timestamp=timestamps.to_datetime(now),
                )
            except Exception as error:
                warnings.warn(
                    f"The output handler of job {self._job_id} raised: {error!r}", stacklevel=2
                )
        self.make("output", as_key(routine_id), as_key(output_type), data, now)

    # Files

    def save(self, filepath: str | PathLike[str]) -> None:
        """Write the job to a file: wholly, or not at all.

        Raises:
            JobFileError: when the file can't be written; the former one is untouched.
        """
        save_job(self, filepath)

    @classmethod
    def load(cls, filepath: str | PathLike[str]) -> JobState:
        """Read a job from a file of any version; nothing in it is obeyed.

        Raises:
            FileNotFoundError: when there is no such file (also a JobFileError).
            ValueError: when it holds no job (also a JobFileError, which says what is wrong).
        """
        return load_job(filepath, into=cls)

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
        with self.lock:
            self._fill(upgrade(data))

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
