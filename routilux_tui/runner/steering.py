"""What people may ask of a live job: each control, who asked for it, and why it can't be done."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotConfirmed, NotPossible, ReadOnly, UsageError
from routilux_tui.flow.engine import Execution
from routilux_tui.job import status as statuses
from routilux_tui.runner.answering import answer_live
from routilux_tui.runner.breakpoints import Breakpoints
from routilux_tui.views.control_kinds import CONTROLS
from routilux_tui.views.still_running import still_running_of, way_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.engine import Engine
    from routilux_tui.runner.answering import Answer
    from routilux_tui.state.job_state import JobState
    from routilux_tui.views.shapes import Header

#: Whoever steers a job, as `JobData.controls` has him; None where it is nobody in particular.
Who = dict[str, Any] | None


#: What can be done to jobs of our own engine alone.
_OURS_ALONE = tuple(name for name, control in CONTROLS.items() if control.ours_alone)

_NAMED = 10
"""Tasks on hold that a refusal names."""


class Steering(ABC):
    """The controls of one job.

    Args:
        state: the job.
        engine: what runs it, or None where it is only shown.
        flush: writes what the job did to its journal; returns whether all is written.
        is_ending: whether this process has been told to end, and only waits for handlers.
        read_only: refuse every control.
    """

    def __init__(
        self,
        state: JobState,
        engine: Engine | None,
        flush: Callable[[], bool],
        is_ending: Callable[[], bool],
        *,
        read_only: bool,
    ) -> None:
        self.state = state
        self.engine = engine
        self.read_only = read_only
        #: What is wrong with the job's disk, in words; empty while nothing is.
        self.note = ""
        #: Whether somebody has asked for a pause since the job last went on.
        self.pause_asked = False
        self._breakpoints = Breakpoints(engine) if isinstance(engine, Execution) else None
        #: Why its process can't be ended by force; empty where it can.
        self.unforced = ""
        self._flush = flush
        self._is_ending = is_ending

    @abstractmethod
    def header(self) -> Header:
        """The job in a line, with the control that is asked."""

    def cannot(self) -> dict[str, str]:
        """Why an action can't be done at all on this job."""
        if self.read_only:
            return dict.fromkeys(CONTROLS, "it is read-only")
        if self.engine is None:
            why = "the program that runs it does not take controls"
            return dict.fromkeys(CONTROLS, why)
        why_not = {"force": self.unforced} if self.unforced else {}
        if not isinstance(self.engine, Execution):
            why_not |= dict.fromkeys(_OURS_ALONE, "routilux itself can't do that")
        return why_not

    def _controlled(self) -> Engine:
        if self.read_only:
            raise ReadOnly(
                f"Job {self.state.job_id} is read-only.", "It was started so; nothing is changed."
            )
        if self.engine is None:
            raise NotPossible("The program that runs this job does not take controls.")
        return self.engine

    def _note_control(self, action: str, who: Who, reason: str) -> None:
        """Record who did what; with the job's lock held, so that its end does not come first."""
        if who is not None:
            self.state.make("control", action, who, reason, time.time())

    def pause(self, reason: str, who: Who = None) -> Header:
        """Ask the engine to pause.

        A job that is paused until the disk has room is paused until it is resumed from then on.
        """
        engine = self._controlled()
        with self.state.lock:
            if self.note and self.state.status == "paused":
                self.state._set_paused(reason)  # noqa: SLF001 - as a flow does
            else:
                engine.pause(reason)
            self._note_control("pause", who, reason)
        self.pause_asked = True
        return self.header()

    def resume(self, reason: str = "", who: Who = None) -> Header:
        """Ask the engine to go on.

        Raises:
            NotPossible: when it can't, or would not for long: its process has been told to end.
        """
        with self.state.lock:
            engine = self._controlled()
            if self._is_ending() and not statuses.has_ended(self.state.status):
                raise NotPossible(
                    f"Job {self.state.job_id} does not go on here: its runner was told to end, "
                    "and waits for handlers to return.",
                    "Take it up when that is over: say the same again in a few seconds.",
                )
            _check_goes_on(self.state)
            engine.resume()
            self._note_control("resume", who, reason)
        self.pause_asked = False
        return self.header()

    def cancel(self, reason: str, who: Who = None, *, force: bool = False) -> Header:
        """Ask the engine to cancel.

        By ``force`` a job that has ended is no error while its handlers run: they can be ended.
        """
        engine = self._controlled()
        with self.state.lock:
            is_ending = statuses.has_ended(self.state.status) and engine.handlers()
            if is_ending and (self.unforced or not force):
                raise self._still_running()
            if not is_ending:
                engine.cancel(reason)
            self._note_control("cancel", who, reason)
        if not self._flush():
            raise NotConfirmed(
                "The job is cancelled, but that can't be written: the disk is full.",
                "Make room: it is written then; a runner that is killed before will have lost it.",
            )
        return self.header()

    def _still_running(self) -> NotPossible:
        """Why a job whose handlers have not returned is not cancelled anew, and the way out."""
        state = self.state
        is_how = "cancelled already" if state.status == "cancelled" else state.status
        way = f"Wait for it, or end it with its process: {way_out(state.job_id)}"
        if self.unforced:
            way = f"Wait for it, or end that program: kill {os.getpid()}"
        return NotPossible(
            f"Job {state.job_id[:8]} is {is_how}, and {still_running_of(state)}"
            f"{f'; {self.unforced}' if self.unforced else ''}.",
            way,
        )

    def emit(self, routine_id: str, event: str, data: Any, who: Who = None) -> Header:
        """Emit an event of a routine, as a handler of it would.

        Raises:
            NotPossible: when there is no such routine or event, or the job has ended.
            UsageError: when the data is no object.
        """
        if data is not None and not isinstance(data, dict):
            raise UsageError("The data of an event is an object.", "Say: --data '{\"n\": 1}'")
        with self.state.lock:
            self._controlled().emit_of(routine_id, event, data or {})
            self._note_control("emit", who, f"{routine_id}.{event}")
        return self.header()

    def set_shared(self, key: str, value: Any, who: Who = None) -> Header:
        """Set a key of the shared data.

        Raises:
            NotPossible: when the job has ended.
        """
        with self.state.lock:
            engine = self._controlled()
            self._refuse_ended()
            engine.set_shared(key, value)
            self._note_control("set", who, key)
        return self.header()

    def set_workers(self, workers: Any, who: Who = None) -> Header:
        """Have more or fewer handlers run at once; takes effect with the next task.

        Raises:
            UsageError: when it is no number from 1 up.
            NotPossible: when the job has ended.
        """
        if not isinstance(workers, int) or isinstance(workers, bool) or not 1 <= workers <= 10_000:
            raise UsageError(f"{str(workers)[:20]!r} is no number of handlers.", "From 1 to 10000.")
        with self.state.lock:
            execution = self._execution("given more or fewer handlers")
            self._refuse_ended()
            execution.set_workers(workers)
            self._note_control("workers", who, str(workers))
        return self.header()

    def answer(self, answer: Answer, who: Who = None) -> Header:
        """Answer what the job asks; see `routilux_tui.runner.answering`."""
        with self.state.lock:
            summary = answer_live(self._controlled(), answer, who or {})
            self._note_control("answer", who, summary)
        return self.header()

    def set_breakpoint(self, condition: str, who: Who = None) -> int:
        """Have the job paused before the next task that a condition holds for.

        Returns:
            The breakpoint's number.

        Raises:
            ConditionError: when this job can't judge the condition.
            NotPossible: when the job has ended, or has too many of them.
        """
        breakpoints = self._own_breakpoints()
        breakpoints.check(condition)
        with self.state.lock:
            self._refuse_ended()
            number = breakpoints.add(condition, who or {})
            self._note_control("breakpoint", who, f"{number}: {condition}"[:500])
        return number

    def check_breakpoint(self, condition: str) -> None:
        """Raise ConditionError when this job can't judge a breakpoint's condition."""
        self._own_breakpoints().check(condition)

    def take_off_breakpoint(self, number: int, who: Who = None) -> None:
        """Take a breakpoint off, or with 0 all of them.

        Raises:
            NotPossible: when there is none of that number, or the job has ended.
        """
        breakpoints = self._own_breakpoints()
        with self.state.lock:
            self._refuse_ended()
            for one in [number] if number else list(self.state.breakpoints):
                breakpoints.take_off(one)
                self._note_control("breakpoint", who, f"{one}: taken off")

    def _refuse_ended(self) -> None:
        """Refuse to change a job that has ended: its file is closed, and is as the job was then."""
        if statuses.has_ended(self.state.status):
            raise NotPossible(f"Job {self.state.job_id} is {self.state.status}: it is as it is.")

    def _own_breakpoints(self) -> Breakpoints:
        self._execution("given breakpoints")
        assert self._breakpoints is not None  # noqa: S101 - for the type checker
        return self._breakpoints

    def close(self) -> None:
        """End what was started to steer the job."""
        if self._breakpoints is not None:
            self._breakpoints.close()

    def _execution(self, what: str, way: str = "") -> Execution:
        engine = self._controlled()
        if not isinstance(engine, Execution):
            raise NotPossible(f"A job of routilux itself can't be {what}.", way)
        return engine


def _check_goes_on(state: JobState) -> None:
    """Refuse to go on with a job that has nothing to go on with until somebody acts."""
    kept_back = [task.id for task in state.outstanding.values() if task.on_hold]
    if kept_back and len(kept_back) == len(state.outstanding) and not state.deferred_events:
        named = " ".join(map(str, kept_back[:_NAMED]))
        raise NotPossible(
            f"Of job {state.job_id} nothing is left but what is on hold.",
            f"Let it go: routilux-tui queue {state.job_id[:8]} --release {named}",
        )
    if state.waits_for_answers() and not state.outstanding and not state.deferred_events:
        still = state.open_questions()
        if still:
            raise NotPossible(
                f"Job {state.job_id} waits for an answer: {still[0].text}",
                f"Answer it: routilux-tui answer {state.job_id[:8]}",
            )
