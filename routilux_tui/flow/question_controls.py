"""Questions of a job that runs: asked by its handlers, answered by people, or by their time limit.

A question holds no worker. While one with a time limit or reminders is open, one sleeping thread
of the job waits for the next of these moments.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import JobCancelled, NotPossible
from routilux_tui.flow.queue_controls import QueueControls
from routilux_tui.job import status as statuses
from routilux_tui.job.answers import emitted_by
from routilux_tui.job.questions import CHECKPOINT
from routilux_tui.job.status import WAITS
from routilux_tui.views.formatting import span
from routilux_tui.views.provenance import label_of
from routilux_tui.views.questions import answered_already

if TYPE_CHECKING:
    from routilux_tui.flow.context import Invocation
    from routilux_tui.job.questions import Question
    from routilux_tui.job.tasks import Task

logger = logging.getLogger("routilux_tui.flow")

_LONGEST_SLEEP = 3600.0
TIME_LIMIT = {"name": "the time limit"}
"""Who has answered a question that nobody did."""


class QuestionControls(QueueControls):
    """A job's controls, and its questions."""

    _clock: threading.Timer | None = None

    @abstractmethod
    def _emit(
        self,
        routine_id: str,
        event: str,
        data: dict[str, Any],
        parent: Task | None,
        parent_id: int | None,
    ) -> None:
        """Record an event, and queue a task for every slot that it goes to."""

    def ask(self, invocation: Invocation | None, routine: object, question: dict[str, Any]) -> None:
        """Ask a person; the job goes on with everything else.

        Another try of a task that asks the same asks the same question, if it is open still.

        Raises:
            JobCancelled: when the job has been cancelled.
            NotPossible: when it has ended.
        """
        state = self.job_state
        with self._lock:
            if self.cancelled or (not self.live and state.status != "paused"):
                raise self._closed_error("it asks nothing")
            task = None if invocation is None else invocation.task
            routine_id = (
                self.flow.id_of(routine) or "" if invocation is None else invocation.id_of(routine)
            )
            if task is not None and task.skip:
                task.skip -= 1  # it was asked before the crash that this run makes good
                return
            task_id = None if task is None else task.id
            if task is not None and task.retry_count and self._is_asked(task, routine_id, question):
                return
            now = time.time()
            state.make("ask", state.next_question, routine_id, question, now, task_id)
            record = {"question": question["text"], **question.get("data", {})}
            state.make("record", routine_id, "asked", record, now, task_id)
            if question.get("due") or question.get("remind"):
                self._set_clock()

    def _closed_error(self, refused: str) -> JobCancelled | NotPossible:
        """Why a job that is over takes nothing from a handler any more."""
        state = self.job_state
        if self.cancelled:
            return JobCancelled(f"Job {state.job_id} has been cancelled.")
        return NotPossible(f"Job {state.job_id} is {state.status}: {refused}.")

    def _is_asked(self, task: Task, routine_id: str, question: dict[str, Any]) -> bool:
        """Whether a task has asked the same in a try before, and nobody has answered."""
        asked = (task.id, routine_id, question["text"], question["event"], question.get("data"))
        return any(
            (one.task, one.routine_id, one.text, one.event, one.data or None) == asked
            for one in self.job_state.open_questions()
        )

    def answer(
        self, number: int, choice: str, data: dict[str, Any] | None, who: dict[str, Any]
    ) -> None:
        """Answer a question: its event is emitted, and a job that only waited for it goes on.

        Raises:
            NotPossible: when there is no such question, it is answered, or the job has ended.
            UsageError: when it is no answer to it.
        """
        state = self.job_state
        with self._lock:
            question = state.questions.get(number)
            if question is None:
                raise NotPossible(f"Job {state.job_id} has no question {number}.")
            if question.answer is not None:
                raise answered_already(
                    str(question.number), label_of(question.who), question.answered_at
                )
            if statuses.has_ended(state.status):
                raise NotPossible(self._refusal("answered"))
            emitted = emitted_by(question, choice, data)
            self._check_event(question)
            self._answer(question, choice, emitted, who)

    def _check_event(self, question: Question) -> None:
        """Refuse an answer that would go nowhere: the flow may be another by now."""
        routine = self.flow.routines.get(question.routine_id)
        if routine is None or routine.get_event(question.event) is None:
            raise NotPossible(
                f"The flow has no event {question.routine_id}.{question.event} any more.",
                "Take the job up with the flow that it was started with.",
            )

    def _answer(
        self, question: Question, choice: str, emitted: dict[str, Any], who: dict[str, Any]
    ) -> None:
        state = self.job_state
        # That of a handler that still runs would be taken for one of its own emits.
        parent = question.task if question.task not in state.outstanding else None
        was_waiting = state.waits_for_answers()
        self._emit(question.routine_id, question.event, emitted, None, parent)
        answer = {"choice": choice, "data": emitted}
        state.make("answered", question.number, answer, who, time.time())
        self._set_clock()
        if was_waiting:
            self.resume()

    # What happens by itself

    def _suspend_for_answers(self) -> bool:
        """Pause the job if nothing but questions is left of it; whether that is so."""
        questions = self.job_state.open_questions()
        if not questions:
            return False
        more = f" and {len(questions) - 1} more" if len(questions) > 1 else ""
        self._checkpoint = {CHECKPOINT: [one.number for one in questions[:100]]}
        self._suspend(f"{WAITS}{questions[0].text}{more}", questions[0].routine_id)
        return True

    def resume(self) -> None:
        """Go on; a job of which only questions are left waits for their answers."""
        state = self.job_state
        with self._lock:
            idle = not state.outstanding and not state.pending_tasks and not state.deferred_events
            if idle and state.open_questions() and state.waits_for_answers():
                self.check_resume()
                self._set_clock()
            else:
                super().resume()

    def _start_workers(self) -> None:
        super()._start_workers()
        self._set_clock()

    def _set_clock(self) -> None:
        """Have the next reminder or time limit waited for, if there is one."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        if statuses.has_ended(self.job_state.status):
            return
        moments = [one.next_moment() for one in self.job_state.open_questions()]
        soonest = min(filter(None, moments), default=0.0)
        if soonest:
            wait = min(max(0.0, soonest - time.time()), _LONGEST_SLEEP)
            self._clock = threading.Timer(wait, self._on_clock)
            self._clock.daemon = True
            self._clock.name = f"{self._name}-questions"
            self._clock.start()

    def _on_clock(self) -> None:
        with self._lock:
            if self.is_fork:
                return
            for question in self.job_state.open_questions():
                if statuses.has_ended(self.job_state.status):
                    return
                self._look_at_time(question)
            self._set_clock()

    def _look_at_time(self, question: Question) -> None:
        state, now = self.job_state, time.time()
        if question.due and question.due <= now:
            if question.default is None:
                limit = span(question.due - question.asked_at)
                self.fail_job(f"no answer within {limit}: {question.text}")
            else:
                self._answer_by_default(question, question.default)
        elif question.remind and question.remind[0] <= now:
            state.make("reminded", question.number, now)
            logger.info("Nobody has answered yet: %s", question.text)

    def _answer_by_default(self, question: Question, default: dict[str, Any]) -> None:
        try:
            self._check_event(question)
        except NotPossible as error:
            self.fail_job(error.message)
            return
        self._answer(question, str(default.get("choice", "")), default["data"], dict(TIME_LIMIT))
