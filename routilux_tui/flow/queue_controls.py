"""What people do with the tasks that wait: hold, let go, drop, move first, edit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from routilux_tui.errors import NotPossible
from routilux_tui.flow.task_controls import TaskControls
from routilux_tui.job import status as statuses
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.queue_actions import DROP, EDIT, FIRST, HOLD, RELEASE
from routilux_tui.views.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.task_controls import Edit
    from routilux_tui.job.tasks import Task

_HELD = (" is held", " are held")


class QueueControls(TaskControls):
    """The controls of one job, with those of its queue."""

    def change_queue(
        self, action: str, wanted: list[int], note: Callable[[], None], edit: Edit | None = None
    ) -> list[int]:
        """Do something with tasks that wait.

        Args:
            action: one of `QUEUE_ACTIONS`.
            wanted: the tasks.
            note: called before anything is changed, to note who asked.
            edit: for `EDIT`: makes another input of one.

        Returns:
            The ids of the tasks as they are now: an edited one has a new one.

        Raises:
            NotPossible: when the job has ended, or one of the tasks runs, or does not wait.
        """
        state = self.job_state
        with self._lock:
            tasks = self._waiting_tasks(wanted)
            note()
            now = time.time()
            if action == EDIT and edit is not None:
                return [self._edit(task, edit, now).id for task in tasks]
            kind = {HOLD: "keep_back", RELEASE: "let_go", DROP: "remove", FIRST: "first"}[action]
            state.make(kind, wanted, now)
            if self.live:
                self._undelay(tasks)
                free = [] if action in {HOLD, DROP} else [one for one in tasks if not one.on_hold]
                if action == FIRST:
                    self._queue.extendleft(reversed(free))
                else:
                    self._queue.extend(free)
                self._wake_workers()
                self._check_finished()
            else:
                state.make("hold", list(state.outstanding), now)
                if action in {RELEASE, DROP} and self._waits_for_held():
                    self.resume()
            return wanted

    def _edit(self, old: Task, edit: Edit, now: float) -> Task:
        """Give a task another input; it stays at its place."""
        task = self._revised(old, edit, now)
        if old in self._queue:
            self._queue[self._queue.index(old)] = task
        self._delayed[:] = [
            (due, task.id, task) if one is old else (due, number, one)
            for due, number, one in self._delayed
        ]
        return task

    def _waiting_tasks(self, wanted: list[int]) -> list[Task]:
        state = self.job_state
        if statuses.has_ended(state.status):
            raise NotPossible(f"Job {state.job_id} is {state.status}: no task of it waits.")
        for task_id in wanted:
            if task_id in self._active:
                raise NotPossible(f"Task {task_id} runs already.")
            if task_id not in state.outstanding:
                raise NotPossible(
                    f"No task {task_id} waits.",
                    f"Those that do: routilux-tui queue {state.job_id}",
                )
        return [state.outstanding[task_id] for task_id in wanted]

    def _suspend_for_held(self) -> bool:
        """Pause a job whose last tasks are on hold; whether it was."""
        held = sum(task.on_hold for task in self.job_state.outstanding.values())
        if held:
            self._suspend(f"{counted(held, 'task')}{_HELD[held > 1]}")
        return bool(held)

    def _waits_for_held(self) -> bool:
        """Whether the job is paused for nothing but tasks on hold."""
        state = self.job_state
        point = state.pause_points[-1] if state.pause_points else None
        reason = as_text(point.get("reason")) if isinstance(point, dict) else ""
        return state.status == "paused" and reason.endswith(_HELD)
