"""Strategies for errors: what becomes of a task and its job when a handler raises."""

from __future__ import annotations

from enum import Enum


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

    It holds no state: how often a routine was retried stands in the job.

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
        """Nothing: retries are counted by each job, and a new job starts from none."""
