"""Breakpoints of a live job: it pauses before the next task that a condition holds for.

A condition on a task (``routine == "price" && data.amount > 1000``) is asked of each before it
starts; one on the job alone pauses it when it comes to hold, before the next task. While none is
set, the engine does nothing for it.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import ConditionError, NotPossible, TooCostly
from routilux_tui.job.breakpoints import CHECKPOINT, REASON
from routilux_tui.job.jsonable import preview
from routilux_tui.runner.blocking_judge import BlockingJudge
from routilux_tui.runner.judge import is_harmless
from routilux_tui.views.condition_context import context_of, context_of_task
from routilux_tui.views.conditions import Condition

if TYPE_CHECKING:
    from routilux_tui.flow.engine import Execution
    from routilux_tui.job.tasks import Task

logger = logging.getLogger("routilux_tui.runner")

MOST = 20
"""How many breakpoints a job has at the most: each is asked of every task."""
_WIDEST = 2000


class _Armed:
    """A breakpoint that is set: its condition, and whether it has let the job by already."""

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.condition = Condition(text)
        names = self.condition.names
        self.is_of_task = any(name in TASK_NAMES for name in names)
        self.is_of_job = any(name not in TASK_NAMES for name in names) or not names
        #: It held when it was last asked: one on the job alone has to be false before it counts.
        self.held = False
        #: The task that met it, which goes by when the job goes on.
        self.passed: int | None = None


#: What a condition knows of a task; all else is of the job.
TASK_NAMES = frozenset(context_of_task("", "", {}))


class Breakpoints:
    """The breakpoints of one job, as its engine asks them.

    Args:
        execution: runs the job.
    """

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._state = execution.job_state
        self._judge = BlockingJudge()
        self._armed: list[_Armed] = []
        with self._state.lock:
            for one in list(self._state.breakpoints.values())[:MOST]:
                try:
                    armed = _Armed(one["number"], one["condition"])
                except ConditionError:  # a file is data
                    continue
                self._recall(armed)
                self._armed.append(armed)
            self._attach()

    def _recall(self, armed: _Armed) -> None:
        """A job that was paused here, and is taken up by another process, goes on."""
        point = self._state.pause_points[-1] if self._state.pause_points else None
        noted = point.get("checkpoint") if isinstance(point, dict) else None
        met = noted.get("met") if isinstance(noted, dict) else None
        if isinstance(noted, dict) and isinstance(met, list) and armed.number in met:
            armed.held = True
            task = noted.get("task")
            armed.passed = task if isinstance(task, int) else None

    def _attach(self) -> None:
        self._execution.set_before_task(self._stops if self._armed else None)

    def check(self, text: str) -> None:
        """Raise ConditionError when a condition can't be judged on this job and its tasks."""
        condition = Condition(text)
        with self._state.lock:
            context = {**context_of(self._state), **context_of_task("", "", {})}
        condition.check_names(context)
        there = list(self._execution.flow.routines)
        for name in re.findall(r'\broutine\s*==\s*"([^"]*)"', text):
            if name not in there:
                raise ConditionError(
                    f"The flow has no routine {name!r}.", f"It has: {', '.join(there[:20])}."
                )
        if not set(condition.names) & TASK_NAMES and is_harmless(text):
            condition.holds(context)

    def add(self, text: str, who: dict[str, Any]) -> int:
        """Set a breakpoint, with the job's lock held; returns its number.

        Raises:
            ConditionError: when its condition does not parse.
            NotPossible: when there are `MOST` already.
        """
        state = self._state
        if len(state.breakpoints) >= MOST:
            raise NotPossible(f"A job has at most {MOST} breakpoints.", "Take one off.")
        number = state.next_breakpoint
        armed = _Armed(number, text)
        state.make("breakpoint", number, text, who, time.time())
        self._armed.append(armed)
        self._attach()
        return number

    def take_off(self, number: int) -> None:
        """Take a breakpoint off, with the job's lock held.

        Raises:
            NotPossible: when there is none of that number.
        """
        if number not in self._state.breakpoints:
            there = ", ".join(map(str, self._state.breakpoints)) or "none"
            raise NotPossible(f"There is no breakpoint {number}.", f"There are: {there}.")
        self._state.make("breakpoint_off", number, time.time())
        self._armed = [one for one in self._armed if one.number != number]
        self._attach()

    def close(self) -> None:
        """End what was started to judge."""
        self._judge.close()

    # Asked by the engine

    def _stops(self, task: Task) -> bool:
        """Whether the job is paused before a task; the job's lock is held."""
        of_job: dict[str, Any] | None = None
        of_task: dict[str, Any] | None = None
        stopping: _Armed | None = None
        met: list[_Armed] = []
        for armed in list(self._armed):
            context: dict[str, Any] = {}
            if armed.is_of_job:
                of_job = of_job if of_job is not None else context_of(self._state)
                context = of_job
            if armed.is_of_task:
                of_task = of_task if of_task is not None else self._context(task)
                context = {**context, **of_task}
            holds = self._holds(armed, context)
            known = armed.passed == task.id if armed.is_of_task else armed.held
            armed.held = holds
            if holds:
                met.append(armed)
            if holds and not known and stopping is None:
                stopping = armed
        if stopping is None:
            return False
        for armed in met:
            armed.passed = task.id
        self._pause(stopping, task, [one.number for one in met])
        return True

    def _context(self, task: Task) -> dict[str, Any]:
        data = self._execution.flow.delivered(task)
        return context_of_task(
            task.routine_id, task.slot, data, task.source_id, task.source_event, task.retry_count
        )

    def _holds(self, armed: _Armed, context: dict[str, Any]) -> bool:
        try:
            return self._judge.holds(armed.condition, context)
        except TooCostly:
            logger.warning("Breakpoint %d takes too long to judge: it is taken off", armed.number)
            self.take_off(armed.number)
        except ConditionError:  # of a task that has no such data
            return False
        return False

    def _pause(self, armed: _Armed, task: Task, met: list[int]) -> None:
        noted: dict[str, Any] = {CHECKPOINT: armed.number, "task": task.id, "met": met}
        if armed.is_of_task:
            noted |= {"routine": task.routine_id, "data": preview(task.data, _WIDEST)}
        self._execution.pause(f"{REASON}{armed.condition.text}", noted)
