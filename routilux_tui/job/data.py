"""`JobData`: the attributes of a job, on which changes are carried out."""

from __future__ import annotations

import threading
import time
import uuid
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.job.history import SavedHistory
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.questions import CHECKPOINT, Question
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.job.statistics import Statistics
from routilux_tui.job.tasks import FailedTask, Task
from routilux_tui.job.tracked_dict import TrackedDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.listeners import Change, Listener


_LARGEST_COUNT = 2**53
MOST_CONTROLS = 1000

#: The attributes of a job that are lists, and those that are dicts, whatever is assigned to them.
LIST_ATTRIBUTES = (
    *("execution_history", "pause_points", "deferred_events", "pending_tasks"),
    *("shared_log", "output_log"),
)
DICT_ATTRIBUTES = ("routine_states", "shared_data")

#: What the engine counts of a routine, as numbers that it adds to.
NUMBERS = ("runs", "errors", "retries", "active", "execution_time")

#: Stands for the held tasks until somebody asks for them: a pause must not take long, however
#: many there are.
HELD: list[Any] = ["held"]


class JobData(ABC):
    """All that is known of one execution of a flow, as plain attributes.

    Args:
        flow_id: the flow that the job runs.
    """

    def __init__(self, flow_id: str = "") -> None:
        self.lock = threading.RLock()
        #: The number of the last change; 0 at birth.
        self.seq = 0
        self._listeners: tuple[Listener, ...] = ()
        #: Where a change of a kind goes; one that nobody listens to goes nowhere.
        self._dispatch: dict[str, Callable[[Change], None]] = {}
        self._flow_id = flow_id
        self._job_id = str(uuid.uuid4())
        self._status = "pending"
        self._current_routine_id: str | None = None
        self._routine_states: dict[str, Any] = TrackedDict(self, "routine", "no_routine", {})
        #: When each routine's last handler ended, where its state does not say so yet: an ISO
        #: text for every end would be a tenth of what the engine costs.
        self.pending_ends: dict[str, float] = {}
        self._history: list[ExecutionRecord] = []
        self._pause_points: list[Any] = []
        self._pending_tasks: list[Any] = []
        self._deferred_events: list[Any] = []
        self._shared_data: dict[Any, Any] = TrackedDict(self, "shared", "unshared", {})
        self._shared_log: list[Any] = []
        self._output_log: list[Any] = []
        self._created: Any = time.time()
        self._updated: Any = self._created
        self.output_handler: Any = None
        #: Keys of the file it came from that are not a job's, kept for when it is saved again.
        self.extra: dict[str, Any] = {}
        #: Why some of what its journal has is not in it; empty where all is.
        self.unread = ""
        #: What is missing of its changes, in words; empty where nothing is.
        self.missing = ""
        #: What runs the job in this process, or ran it; None where nothing here ever did.
        self.execution: Any = None
        #: The ids of the flow's routines, where an engine or a file tells them.
        self.flow_routines: list[str] = []
        #: What the flow is made of, told once at the start: ``routines`` in their order
        #: (``id``, ``slots``, ``events``), ``connections`` (source, event, target, slot, and
        #: the names' mapping where there is one), ``workers``. Empty where nobody told it.
        self.flow_shape: dict[str, Any] = {}
        #: Who steered it, the last `MOST_CONTROLS`: ``action``, ``who`` (``uid``, ``name``, and
        #: ``via`` for somebody on another machine), ``reason``, ``at``.
        self.controls: list[dict[str, Any]] = []
        #: Tasks that failed for good, the first `MOST_FAILED` of them, and how many in all.
        self.failed_tasks: list[FailedTask] = []
        self.failed_count = 0
        #: Tasks that were dropped when it failed or was cancelled, the first `MOST_FAILED` of them:
        #: whoever takes the job up again may send them, too.
        self.dropped_tasks: list[Task] = []
        #: The distinct tracebacks of error records, which name them by their number here, and
        #: those numbers by text. The exception's own lines are in the record.
        self.tracebacks: list[str] = []
        self.traceback_numbers: dict[str, int] = {}
        self.statistics = Statistics()
        #: What routines say of their progress: routine id -> done, total.
        self.said_progress: dict[str, list[float]] = {}
        #: What they say will come: (routine id, event) -> how many in all, how many came.
        self.expected: dict[tuple[str, str], list[int]] = {}
        #: Tasks queued or running, by their ids, in the order in which they were queued.
        self.outstanding: dict[int, Task] = {}
        #: Tasks whose handlers run: task id -> (routine id, start in seconds since the epoch).
        self.running: dict[int, tuple[str, float]] = {}
        #: Where those run that run in a worker process: task id -> worker, with its host.
        self.workers: dict[int, str] = {}
        self.next_task_id = 1
        #: Whether the ids of the outstanding ascend, and the highest of a task that was started or
        #: altered: those after it are as they were queued, and a keyframe does not tell them.
        self.is_in_order = True
        self.last_started = 0
        #: What it asks people, and asked them, by number.
        self.questions: dict[int, Question] = {}
        self.next_question = 1
        #: Its breakpoints by number: ``number``, ``condition``, ``who``, ``at``.
        self.breakpoints: dict[int, dict[str, Any]] = {}
        self.next_breakpoint = 1
        #: What people are told of it: rule's name -> ``rule`` (see `views.alerts.AlertRule`),
        #: ``holds``, ``count`` (since it has come to hold), ``at``.
        self.alerts: dict[str, dict[str, Any]] = {}
        #: How often anybody was told, and the last time: ``name``, ``text``, ``bell``, ``notify``.
        self.alert_count = 0
        self.last_alert: dict[str, Any] = {}
        #: What slots with a merge strategy have collected: (routine id, slot) -> data.
        self.slot_data: dict[tuple[str, str], Any] = {}

    def open_questions(self) -> list[Question]:
        """The questions that nobody has answered, the oldest first."""
        return [one for one in self.questions.values() if one.answer is None]

    def waits_for_answers(self) -> bool:
        """Whether it is paused because nothing but questions was left."""
        last = self._pause_points[-1] if self._pause_points else None
        noted = last.get("checkpoint") if isinstance(last, dict) else None
        return self._status == "paused" and isinstance(noted, dict) and CHECKPOINT in noted

    @abstractmethod
    def make(self, kind: str, *args: Any) -> None:
        """Make a change: carry it out and hand it to the subscribers."""

    def flush_ends(self) -> None:
        """Have the routines' states say when their last handlers ended; whoever reads them asks."""
        with self.lock:
            for routine_id, at in self.pending_ends.items():
                state = self._routine_states.get(routine_id)
                if isinstance(state, dict):
                    state["ended_at"] = timestamps.to_iso(at)
            self.pending_ends.clear()

    def _replace(self, name: str, value: Any) -> None:
        """Put a whole attribute in place; the fold of a ``set`` change."""
        if name == "shared_data":
            self._shared_data = TrackedDict(self, "shared", "unshared", dict(value))
        elif name == "routine_states":
            self.pending_ends.clear()
            states = {as_text(name): counting(state) for name, state in dict(value).items()}
            self._routine_states = TrackedDict(self, "routine", "no_routine", states)
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
            setattr(self, f"_{name}", as_text(value))
        else:
            self.extra[name] = value

    def adopt_pending(self) -> None:
        """Make tasks of the held ones, so that changes made later find them."""
        held = self.held_tasks()
        self.outstanding = {}
        for plain in held:
            if isinstance(plain, dict):
                task = Task.from_plain(plain, self.next_task_id)
                if task.id in self.outstanding:
                    task.id = self.next_task_id
                self.outstanding[task.id] = task
                self.next_task_id = max(self.next_task_id, task.id + 1)
        self.is_in_order = not self.outstanding
        self.statistics.recount(self.outstanding, self.running)

    def hold_tasks(self) -> None:
        """Have what is queued or running as pending: nobody runs it any more."""
        self._pending_tasks = HELD if self.outstanding else []

    def renew_held(self) -> None:
        """Have what is held told anew, where tasks are: some of them were altered or taken away."""
        if self._pending_tasks:
            self.hold_tasks()

    def held_tasks(self) -> list[Any]:
        """The tasks that had not run when the job was paused, as a file has them."""
        with self.lock:
            if self._pending_tasks is HELD:
                self._pending_tasks = [task.to_plain() for task in self.outstanding.values()]
            return self._pending_tasks


def shape_routines(shape: dict[str, Any]) -> list[str]:
    """The ids of the routines that a flow's shape names, in order."""
    routines = shape.get("routines")
    listed = routines if isinstance(routines, list) else []
    ids = [one.get("id") for one in listed if isinstance(one, dict)]
    return [one for one in ids if isinstance(one, str)]


def counting(state: Any) -> Any:
    """A routine's state that somebody stores: one that counts runs counts all that the engine does.

    It adds to each of `NUMBERS` where ``runs`` is among them.
    """
    if not isinstance(state, dict) or "runs" not in state or state.keys() >= set(NUMBERS):
        return state
    return {**dict.fromkeys(NUMBERS, 0), **state}


def is_count(value: Any) -> bool:
    """Whether a value is a number that something can have been counted or timed as."""
    return isinstance(value, (int, float)) and 0 <= value <= _LARGEST_COUNT


def _as_record(one: Any) -> ExecutionRecord:
    return one if isinstance(one, ExecutionRecord) else ExecutionRecord.from_plain(one)
