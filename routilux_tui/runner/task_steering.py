"""What is asked of single tasks of a live job: sent again, given up; each leaves its mark."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from routilux_tui.errors import NotConfirmed, NotPossible, UsageError
from routilux_tui.job import status as statuses
from routilux_tui.job.queue_actions import EDIT, GIVEN_UP, QUEUE_ACTIONS
from routilux_tui.runner.steering import Steering
from routilux_tui.views.choosing import Sent, TaskSelection, choose
from routilux_tui.views.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.engine import Execution
    from routilux_tui.runner.steering import Who
    from routilux_tui.views.editing import Edited

_RETURN_WITHIN = 10.0
"""Seconds that handlers of a job that has just ended have to return, before it is taken up."""


class TaskSteering(Steering):
    """The controls of one job and of its single tasks."""

    #: Has the file of a job that has ended kept again, while that is taken up.
    taking_up: Callable[[], AbstractContextManager[None]] = nullcontext

    def retry(
        self, wanted: TaskSelection, edit: Edited | None = None, reason: str = "", who: Who = None
    ) -> Sent:
        """Send failed inputs again, as they were or with an edit; a job that has ended goes on.

        Waits for handlers that run still: not to be called in the server's own thread.

        Raises:
            NotPossible: when none is meant, or the job can't go on.
        """
        execution = self._execution(
            "sent inputs again",
            f"Its script again, at its end: routilux-tui again {self.state.job_id} --only-failed",
        )
        self._check_staying()
        if statuses.has_ended(self.state.status):
            execution.wait(_RETURN_WITHIN)
            with self.state.lock:  # refused before anything is opened anew
                execution.check_send_again(choose(self.state, wanted), edit)
            with self.taking_up():
                sent = self._retry(execution, wanted, edit, reason, who)
        else:
            sent = self._retry(execution, wanted, edit, reason, who)
        if not self._flush():
            raise NotConfirmed(
                "The inputs are sent again, but that can't be written: the disk is full.",
                "Make room: it is written then; a runner that is killed before will have lost it.",
            )
        return sent

    def _retry(
        self,
        execution: Execution,
        wanted: TaskSelection,
        edit: Edited | None,
        reason: str,
        who: Who,
    ) -> Sent:
        with self.state.lock:
            chosen = choose(self.state, wanted)
            summary = chosen.summary()
            tasks = execution.send_again(
                chosen,
                edit.of if edit else None,
                lambda: self._note_control("retry", who, reason or summary),
            )
            return Sent(header=self.header(), tasks=tasks, told=summary)

    def give_up(self, wanted: TaskSelection, reason: str = "", who: Who = None) -> Sent:
        """Have failed inputs not tried again; the job goes on without them.

        Raises:
            NotPossible: when none is meant, it is given up already, or the job has ended.
        """
        with self.state.lock:
            execution = self._execution("told to give inputs up")
            chosen = choose(self.state, wanted)
            for one in chosen.failed:
                if one.status == GIVEN_UP:
                    raise NotPossible(f"Task {one.task.id} is given up already.")
            summary = chosen.summary()
            tasks = [one.task.id for one in chosen.failed] + [one.id for one in chosen.waiting]
            execution.give_up(chosen, lambda: self._note_control("giveup", who, reason or summary))
            sent = Sent(header=self.header(), tasks=tasks, told=summary)
        self._flush()
        return sent

    def change_queue(
        self, action: str, tasks: list[int], edit: Edited | None = None, who: Who = None
    ) -> Sent:
        """Hold, let go, drop, move first or edit tasks that wait.

        Raises:
            NotPossible: when one of them does not wait.
            UsageError: when the request is not understood.
        """
        if action not in QUEUE_ACTIONS or not tasks or (action == EDIT) != (edit is not None):
            raise UsageError(f"A queue can't be asked to {action[:20]!r}.")
        with self.state.lock:
            execution = self._execution("steered by its tasks")
            summary = f"{action} {', '.join(map(str, tasks[:10]))}"
            done = execution.change_queue(
                action,
                tasks,
                lambda: self._note_control("queue", who, summary),
                edit.of if edit else None,
            )
            sent = Sent(header=self.header(), tasks=done, told=counted(len(done), "task"))
        self._flush()
        return sent

    def _check_staying(self) -> None:
        if self._is_ending():
            raise NotPossible(
                f"Job {self.state.job_id} is not taken up here: its runner was told to end.",
                "Say the same again in a few seconds.",
            )
