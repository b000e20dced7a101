"""What a server serves: one live job, its views and its controls."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import ConditionError, TooCostly
from routilux_tui.job import change_kinds
from routilux_tui.job import status as statuses
from routilux_tui.runner import protocol
from routilux_tui.runner.alerts import Alerts
from routilux_tui.runner.task_steering import TaskSteering
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.facts import facts_of
from routilux_tui.views.insight import PARTS
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import (
    DATA,
    DEFERRED,
    PENDING,
    SECTIONS,
    Control,
    Frame,
    Header,
    RoutineRow,
    WaitResult,
)
from routilux_tui.views.why import why

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.engine import Engine
    from routilux_tui.job.listeners import Change
    from routilux_tui.runner.judge import Judge
    from routilux_tui.runner.steering import Who
    from routilux_tui.state.job_state import JobState
    from routilux_tui.views.earlier import KnownRun
    from routilux_tui.views.insight import Insight
    from routilux_tui.views.shapes import AlertRule

#: Sections whose rows may be altered in place, and the part of a job that they show.
_IN_PLACE = {
    DATA: change_kinds.SHARED,
    DEFERRED: change_kinds.DEFERRED,
    PENDING: change_kinds.TASKS,
}
#: Kinds of change, and the sections whose rows are stale after each.
_STALE: dict[str, tuple[str, ...]] = {
    **{
        name: sections
        for name, kind in change_kinds.KINDS.items()
        if (sections := tuple(one for one, part in _IN_PLACE.items() if part in kind.alters))
    },
    "set": SECTIONS,
}

_LONGEST_STACK = 20_000
_SUMMARY_EVERY = 1.0
"""Seconds between two summaries of a job for the lists that show it."""
_LOOKED = 5.0
"""Seconds that the earlier runs of a flow are waited for."""
_ANSWER_FIRST = 0.3
"""Seconds after which these are read if nobody waits for them: whoever asks hundreds of runners
has his answers first."""


class Backend(TaskSteering):
    """One job for viewers to see and steer.

    Nothing is done for each change while nobody watches.

    Args:
        state: the job.
        engine: what runs it, or None where it is only shown.
        read_only: refuse every control.
        path: its file, for people.
        log: its log file, for people.
        flush: writes what the job did to its journal; returns whether all is written.
        is_ending: whether this process has been told to end, and only waits for handlers.
    """

    def __init__(
        self,
        state: JobState,
        engine: Engine | None,
        *,
        read_only: bool = False,
        path: str = "",
        log: str = "",
        flush: Callable[[], bool] = lambda: True,
        is_ending: Callable[[], bool] = lambda: False,
        earlier: Callable[[], list[KnownRun]] = list,
    ) -> None:
        super().__init__(state, engine, flush, is_ending, read_only=read_only)
        self.path = path
        self.log = log
        self.projection = Projection(state, path)
        #: Tells people of it; see `Alerts.begin`.
        self.alerts = Alerts(state, self.header, lambda: self.projection.earlier, flush, path)
        self._read_earlier: Callable[[], list[KnownRun]] | None = earlier
        self._looking: threading.Thread | None = None
        self._is_waited_for = threading.Event()
        self._stale: set[str] = set()
        self._marked = False
        #: Until when the summary for lists holds, of which status; its progress and its reason.
        self._summary: tuple[float, str, float | None, str] = (0.0, "", None, "")
        self._wake: Callable[[], None] = lambda: None
        self._unsubscribe: Callable[[], None] | None = None
        if engine is not None:
            engine.on_control(self._mark)

    # Watching

    def watch(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called, in any thread, at the first change after each `take`."""
        self._wake = wake
        if self._unsubscribe is None:
            self._unsubscribe = self.state.subscribe(self._changed)

    def unwatch(self) -> None:
        """Nobody watches any more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _changed(self, change: Change) -> None:
        stale = _STALE.get(change[1])
        if stale is not None:
            self._stale.update(stale)
        if not self._marked:
            self._marked = True
            self._wake()

    def rearm(self) -> None:
        """Have the next change wake the watcher again, though nothing was taken."""
        self._marked = False

    def _mark(self) -> None:
        if not self._marked:
            self._marked = True
            self._wake()

    def take(self) -> tuple[int, Header, list[RoutineRow], set[str]]:
        """The job as it is now, and what went stale since the last call."""
        with self.state.lock:
            self._marked = False
            stale, self._stale = self._stale, set()
            return self.state.seq, self.header(), self.projection.routines(), stale

    # Views

    def header(self) -> Header:
        """The job in a line, with the control that is asked."""
        control: Control | None = self.engine.control if self.engine is not None else None
        return self.projection.header(control, read_only=self.read_only, note=self.note)

    def listed(self) -> Header:
        """The header as a list has it: with how far the job is, and the first reason of `why`.

        These two are made once a second at the most.
        """
        header = self.header()
        now = time.monotonic()
        if now >= self._summary[0] or header.status != self._summary[1]:
            insight = self.insight(list(PARTS))
            usual = self.projection.usual
            reason = ""
            if header.status in {"running", "paused"}:
                reason = why(facts_of(header, insight, time.time(), usual=usual))[0].short
            progress = insight.outlook.progress if insight.outlook is not None else None
            self._summary = (now + _SUMMARY_EVERY, header.status, progress, reason)
        _, _, progress, reason = self._summary
        return msgspec.structs.replace(header, progress=progress, reason=reason)

    def frame(self) -> tuple[Frame, set[str]]:
        """The whole state as one frame, and what went stale since the last `take`."""
        seq, header, routines, stale = self.take()
        return Frame(seq=seq, header=header, routines=routines, stale=list(SECTIONS)), stale

    def insight(self, parts: list[str]) -> Insight:
        """What is measured of the job: the parts that are asked for."""
        self._look_for_earlier()
        control = self.engine.control if self.engine is not None else None
        places = self.engine.places() if self.engine is not None else {}
        return self.projection.insight(parts, control, places)

    def _look_for_earlier(self) -> None:
        """Have the earlier runs of the flow read, in a thread, when somebody first asks."""
        read = self._read_earlier
        if read is None or not len(self.state.execution_history):
            return
        self._read_earlier = None

        def read_runs() -> None:
            self._is_waited_for.wait(_ANSWER_FIRST)
            runs = read()
            with self.state.lock:
                self.projection.compare_with(runs)

        self._looking = threading.Thread(target=read_runs, name="earlier runs", daemon=True)
        self._looking.start()

    def read_earlier(self) -> None:
        """Wait until the earlier runs of the flow are read, but not for long."""
        self._look_for_earlier()
        if self._looking is not None:
            self._is_waited_for.set()
            self._looking.join(_LOOKED)

    def stack(self, task: int) -> str:
        """Where the handler of a task is at this moment; empty when it runs no more."""
        return "" if self.engine is None else self.engine.stack(task)[-_LONGEST_STACK:]

    # Alerts

    def add_alert(self, rule: AlertRule, who: Who = None) -> None:
        """Have people told of the job by a rule.

        Raises:
            ConditionError: when this job can't judge its condition.
            NotPossible: when it has ended, or has too many rules.
        """
        self._controlled()
        self.alerts.add(rule, lambda: self._note_control("alert", who, f"{rule.name}: {rule.when}"))

    def take_off_alert(self, name: str, who: Who = None) -> None:
        """Take a rule off.

        Raises:
            NotPossible: when there is none of that name.
        """
        self._controlled()
        with self.state.lock:
            self.alerts.take_off(name)
            self._note_control("alert", who, f"{name}: taken off")

    # Conditions

    def context(self) -> dict[str, Any]:
        """What a condition sees of the job."""
        self._look_for_earlier()
        return context_of(self.state, self.projection.earlier)

    async def check(self, text: str, judge: Judge) -> None:
        """Raise ConditionError when this job can't judge a condition."""
        self._look_for_earlier()
        await judge.check(text, lambda: context_of(self.state, self.projection.earlier))

    async def judge(self, text: str, judge: Judge) -> WaitResult | None:
        """How a wait for a condition, or for the end, ends now; None while it goes on.

        Raises:
            TooCostly: when judging it takes too much time or memory.
        """
        with self.state.lock:
            status = self.state.status
            ended = statuses.has_ended(status) and not self._handlers()
            context = context_of(self.state, self.projection.earlier) if text else {}
        if not text:
            return WaitResult("met", status) if ended else None
        try:
            if await judge.holds(text, lambda: context):
                return WaitResult("met", status)
        except TooCostly:
            raise
        except ConditionError as error:
            if ended:
                return WaitResult("ended", status, error.message)
        if ended:
            return WaitResult("ended", status, f"the job is {status}; it can't hold any more")
        return None

    def _handlers(self) -> list[str]:
        return self.engine.handlers() if self.engine is not None else []

    def window(self, section: str, start: int, stop: int, where: dict[str, Any]) -> Any:
        """Rows of a section."""
        return self.projection.window(section, start, stop, protocol.filter_of(where))

    def find(self, section: str, text: str, start: int, back: bool, where: dict[str, Any]) -> Any:
        """The position of the next row that holds a text."""
        return self.projection.find(
            section, text, start, back=back, where=protocol.filter_of(where)
        )
