"""What people do with single tasks of a job: send again what failed, give it up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible
from routilux_tui.flow.controls import Controls
from routilux_tui.flow.resume_check import check_tasks
from routilux_tui.job import status as statuses
from routilux_tui.job.queue_actions import EDITED, GIVEN_UP, SENT_AGAIN
from routilux_tui.views.causes import task_input
from routilux_tui.views.still_running import way_out

if TYPE_CHECKING:
    from routilux_tui.job.tasks import Task
    from routilux_tui.views.choosing import Chosen

Note = Callable[[], None]
Edit = Callable[[Any], dict[str, Any]]

#: What a job keeps of its end, in its routine states, until it is taken up again.
_ENDINGS = ("_failure", "_cancellation")


def _no_note() -> None:
    """Nobody in particular asked."""


class TaskControls(Controls):
    """The controls of one job, with those of its single tasks."""

    def send_again(
        self, chosen: Chosen, edit: Edit | None = None, note: Note = _no_note
    ) -> list[int]:
        """Run tasks again as they were, or with an edited input; a job that has ended goes on.

        What waits for another try has it now. A job that is paused holds them with its others.

        Args:
            chosen: the tasks.
            edit: makes another input of each that failed, or of one task alone.
            note: called before the job goes on, to note who asked.

        Returns:
            The ids of the tasks that will run.

        Raises:
            NotPossible: when handlers of a job that has ended run still, or the flow has no slot
                for a task any more, or an edit is for nothing that failed.
        """
        state = self.job_state
        with self._lock:
            self.check_send_again(chosen, edit)
            note()
            now = time.time()
            new = [self._queue_again(one.task, edit, now) for one in chosen.failed]
            sooner = [self._revised(task, edit, now) for task in chosen.waiting]
            back = list(chosen.dropped)
            if back:
                state.make("undrop", [task.id for task in back], now)
                is_alone = len(back) == 1 and not new
                changes = [edit if task.retry_count or is_alone else None for task in back]
                pairs = zip(back, changes, strict=True)
                back = [self._revised(task, change, now) for task, change in pairs]
                for task in back:
                    task.skip = task.emitted  # by a handler that the cancel stopped
            if sooner:
                state.make("due", [task.id for task in sooner], now)
            queued = [*new, *back]
            if statuses.has_ended(state.status):
                self._take_up_again(queued, now)
            elif self.live:
                self._undelay(sooner)
                self._queue.extend([*queued, *sooner])
                self._wake_workers()
            else:
                state.make("hold", list(state.outstanding), now)
            return [task.id for task in [*queued, *sooner]]

    def check_send_again(self, chosen: Chosen, edit: object = None) -> None:
        """Raise what `send_again` would; nothing is changed."""
        if edit is not None and chosen.is_dropped_alone and len(chosen.dropped) > 1:
            raise NotPossible(
                f"None of these has failed: {chosen.summary()}. An edit is for inputs that failed.",
                "Send them as they are, or edit one by its number: --task N",
            )
        if self.is_fork:
            raise NotPossible("This is a forked child: its parent runs the job.")
        state = self.job_state
        if statuses.has_ended(state.status) and self._active:
            raise NotPossible(
                f"Job {state.job_id} is {state.status}, and handlers of it run still.",
                f"Ask again when they have returned, or end them: {way_out(state.job_id)}",
            )
        tasks = [one.task for one in chosen.failed]
        check_tasks(self.flow, [*tasks, *chosen.waiting, *chosen.dropped])

    def _queue_again(self, failed: Task, edit: Edit | None, now: float) -> Task:
        """Have a task in the place of one that failed for good."""
        return self._replace(failed, SENT_AGAIN, edit, now)

    def _revised(self, task: Task, edit: Edit | None, now: float) -> Task:
        """A task that waits, or one with another input in its place."""
        return task if edit is None else self._replace(task, EDITED, edit, now)

    def _replace(self, old: Task, event: str, edit: Edit | None, now: float) -> Task:
        state = self.job_state
        given = task_input(state, old)
        data = None if edit is None else edit(given)
        new_id = state.next_task_id
        record = given if data is None else data
        state.make("record", old.routine_id, event, record, now, old.id)
        state.make("again", old.id, new_id, data, now)
        return state.outstanding[new_id]

    def _take_up_again(self, queued: list[Task], now: float) -> None:
        """Go on with a job that has ended, for some tasks; what it kept of its end goes."""
        state = self.job_state
        for name in _ENDINGS:
            if name in state.routine_states and not state.dropped_tasks:
                state.make("no_routine", name, now)
        state.make("take_up", now)
        self._record_shape()
        self.cancelled = False
        self._queue.extend(queued)
        state.make("status", "running", now)
        self._start_workers()

    def _undelay(self, tasks: list[Task]) -> None:
        """Take tasks out of those that wait for another try, or in the queue by another id."""
        import heapq

        known = {task.id for task in tasks}
        there = set(self.job_state.outstanding)
        self._delayed[:] = [one for one in self._delayed if one[1] in there and one[1] not in known]
        heapq.heapify(self._delayed)
        kept = [one for one in self._queue if one.id in there and one.id not in known]
        self._queue.clear()
        self._queue.extend(kept)

    def give_up(self, chosen: Chosen, note: Note = _no_note) -> None:
        """Have tasks not tried again; the job goes on without them.

        Raises:
            NotPossible: when the job has ended.
        """
        state = self.job_state
        with self._lock:
            if statuses.has_ended(state.status):
                raise NotPossible(
                    f"Job {state.job_id} is {state.status}: nothing of it is tried again."
                )
            note()
            tasks = [*(one.task for one in chosen.failed), *chosen.waiting]
            now = time.time()
            for task in tasks:
                record = {"slot": task.slot, "input": task_input(state, task)}
                state.make("record", task.routine_id, GIVEN_UP, record, now, task.id)
                state.make("give_up", task.id, now)
            if self.live:
                self._undelay([])
                self._check_finished()
