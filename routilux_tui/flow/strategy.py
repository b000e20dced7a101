"""`ErrorStrategy` and `ErrorHandler`: what a user chooses for the errors of a routine or a flow."""

from __future__ import annotations

import logging
from enum import Enum
from typing import Any

from routilux_tui.errors import FlowDefinitionError
from routilux_tui.flow.context import INVOCATION

logger = logging.getLogger("routilux_tui.flow")


class ErrorStrategy(Enum):
    """What to do with an error in a handler.

    STOP: the job fails, and what is queued is dropped (also where no handler is set).
    CONTINUE: the error is recorded, the routine is ``error_continued``, the job goes on.
    RETRY: the handler is run again after a delay; when no retry is left, as STOP.
    SKIP: the routine is ``skipped``, the job goes on.
    """

    STOP = "stop"
    CONTINUE = "continue"
    RETRY = "retry"
    SKIP = "skip"


class ErrorHandler:
    """A strategy and its settings, for a routine or a whole flow.

    How often a routine was retried stands in the job. A subclass may define `handle_error`, and
    so decide for each error whether it is worth a retry.

    Args:
        strategy: an `ErrorStrategy`, or its value.
        max_retries: for RETRY, how often at most one task is run again.
        retry_delay: for RETRY, seconds before the first retry.
        retry_backoff: for RETRY, what each further delay is multiplied by.
        retryable_exceptions: for RETRY, the exception types that are worth another try; by
            default every `Exception` (and so not ``sys.exit``).
        is_critical: that the routine must succeed. A job fails as soon as no retry is left in
            either case; the flag is for those who read the flow.

    Raises:
        ValueError: when there is no such strategy.
    """

    def __init__(
        self,
        strategy: str | ErrorStrategy = "stop",
        max_retries: int = 3,
        retry_delay: float = 1.0,
        retry_backoff: float = 2.0,
        retryable_exceptions: tuple[type[BaseException], ...] | type[BaseException] | None = None,
        is_critical: bool = False,
    ) -> None:
        self.strategy = ErrorStrategy(strategy)
        self.max_retries = max_retries
        self.retry_delay = retry_delay
        self.retry_backoff = retry_backoff
        if isinstance(retryable_exceptions, type):
            retryable_exceptions = (retryable_exceptions,)
        self.retryable_exceptions = tuple(retryable_exceptions or (Exception,))
        self.is_critical = is_critical
        #: How often the task that was retried last has been, by whichever job.
        self.retry_count = 0

    @property
    def decides(self) -> bool:
        """Whether a subclass has a `handle_error` of its own, which is asked."""
        return type(self).handle_error is not ErrorHandler.handle_error

    def handle_error(
        self,
        error: BaseException,
        routine: Any,
        routine_id: str,
        flow: Any,
        job_state: Any = None,
        context: dict[str, Any] | None = None,
    ) -> bool:
        """Whether to go on after an error; asked for each, outside of the job's lock.

        With RETRY that is whether the handler is run again. It does not wait: the engine does.

        Args:
            error: what the handler raised.
            routine: the routine.
            routine_id: the id that it goes by in the flow.
            flow: the flow.
            job_state: the job.
            context: more of the caller's; not used here.
        """
        del routine, flow, job_state, context
        logger.debug("Routine %s raised %r: %s", routine_id, error, self.strategy.value)
        if self.strategy is not ErrorStrategy.RETRY:
            return self.strategy is not ErrorStrategy.STOP
        invocation = INVOCATION.get()
        done = self.retry_count if invocation is None else invocation.task.retry_count
        if not self.retries(error, done):
            return False
        self.retry_count = done + 1
        return True

    def retries(self, error: BaseException, done: int) -> bool:
        """Whether a task that was retried ``done`` times is to be retried after ``error``."""
        return (
            self.strategy is ErrorStrategy.RETRY
            and done < self.max_retries
            and isinstance(error, self.retryable_exceptions)
        )

    def delay(self, done: int) -> float:
        """Seconds to wait before the retry that follows ``done`` others."""
        return max(0.0, float(self.retry_delay * self.retry_backoff**done))

    def reset(self) -> None:
        """Forget `retry_count`; a job counts its retries by itself."""
        self.retry_count = 0

    def serialize(self) -> dict[str, Any]:
        """The settings as a plain dict; which exceptions are retried is not in it."""
        return {
            "_type": type(self).__name__,
            "strategy": self.strategy.value,
            **{name: getattr(self, name) for name in _SETTINGS},
        }

    def deserialize(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Take over the settings that `serialize` gave; those that are missing stay.

        Raises:
            ValueError: when there is no such strategy.
        """
        if "strategy" in data:
            self.strategy = ErrorStrategy(data["strategy"])
        for name, kind in _SETTINGS.items():
            if isinstance(data.get(name), kind):
                setattr(self, name, data[name])


#: The settings of an error handler beside its strategy, and their types.
_SETTINGS: dict[str, type | tuple[type, ...]] = {
    "max_retries": int,
    "retry_delay": (int, float),
    "retry_backoff": (int, float),
    "retry_count": int,
    "is_critical": bool,
}


def checked_handler(given: Any) -> ErrorHandler | None:
    """What is given as an error handler, or None for none.

    Raises:
        FlowDefinitionError: when it is something else.
    """
    if given is None or isinstance(given, ErrorHandler):
        return given
    kind = given if isinstance(given, type) else type(given)
    raise FlowDefinitionError(
        f"{kind.__name__} (of {kind.__module__}) is no error handler.",
        "Give an instance of routilux_tui.ErrorHandler, or of a class that derives from it: "
        "ErrorHandler(ErrorStrategy.CONTINUE).",
    )
