"""The asynchronous handlers of one job: they share its event loop, and its bound with the threads.

A job whose flow has none pays nothing for them. In one that has, whoever puts a task in the queue
or ends one starts the asynchronous tasks at the queue's head, as far as ``workers`` allows; what
stands behind them is the threads' again. So tasks start in the order in which they were queued.
"""

from __future__ import annotations

import heapq
import itertools
import time
from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING

from routilux_tui.flow.worker_threads import Workers

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from routilux_tui.flow.event_loop import EventLoop
    from routilux_tui.job.tasks import Task

MOST_WOKEN = 64
"""How many tasks are looked at for threads to be woken at once; each that ends wakes others."""


class AsyncWorkers(Workers):
    """Workers that are threads for plain handlers, and one event loop for asynchronous ones."""

    _event_loop: EventLoop | None = None

    @abstractmethod
    def _is_async(self, task: Task) -> bool:
        """Whether a task's handler is asynchronous."""

    @abstractmethod
    def _invoke_async(self, task: Task) -> Coroutine[Any, Any, BaseException | None]:
        """Handle a task on the event loop; returns what was raised, or None."""

    def _start_async_tasks(self) -> None:
        queue, active = self._queue, self._active
        while queue and len(active) < self.workers and self.live and not self._closing:
            task = queue[0]
            if not self._is_async(task):
                return
            if self._before_task is not None and self._before_task(task):
                return
            loop = self._loop()
            queue.popleft()
            active[task.id] = task
            self._on_task_start(task)
            on_end = partial(self._on_async_end, task)
            loop.submit(task.id, partial(self._invoke_async, task), on_end)

    def _loop(self) -> EventLoop:
        if self._event_loop is None:
            from routilux_tui.flow.event_loop import EventLoop

            self._event_loop = EventLoop(f"{self._name}-loop")
        return self._event_loop

    def run_coroutine(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the job's event loop, and wait for it."""
        with self._lock:
            loop = self._loop()
        return loop.run(coroutine)

    def _stop_loop(self) -> None:
        if self._event_loop is not None:
            self._event_loop.stop()
            self._event_loop = None

    def _cancel_async(self) -> None:
        """Cancel the asynchronous handlers that run."""
        if self._event_loop is not None:
            self._event_loop.cancel_all()

    def _wake_workers(self) -> None:
        if not self._looks_first:
            super()._wake_workers()
            return
        try:
            self._start_async_tasks()
        except RuntimeError as error:  # there is no thread for the loop
            self._engine_failed(None, error)
            return
        free = min(self.workers - len(self._active), MOST_WOKEN)
        if free > 0 and self._queue:
            plain = sum(not self._is_async(one) for one in itertools.islice(self._queue, free))
            self._wake_threads(plain)

    def delay(self, task: Task, seconds: float) -> None:
        """Queue a task when ``seconds`` are over; no worker is kept waiting for it."""
        super().delay(task, seconds)
        if self._event_loop is not None:
            self._event_loop.call_later(seconds, self._on_due)

    def _on_due(self) -> None:
        """Called on the loop when a delayed task is due: no thread may be there to see it."""
        with self._lock:
            while self._delayed and self._delayed[0][0] <= time.monotonic():
                self._queue.append(heapq.heappop(self._delayed)[2])
            if self.live and not self._closing:
                self._wake_workers()

    def _on_async_end(self, task: Task, error: BaseException | None) -> None:
        """Called on the loop when an asynchronous handler has ended."""
        with self._lock:
            try:
                del self._active[task.id]
                self._on_task_end(task, error)
                if self._queue and not self._closing:
                    self._wake_workers()
                if not self._active and (self._closing or not self._queue):
                    self._check_finished()
            except BaseException as raised:
                self._active.pop(task.id, None)
                self._engine_failed(task, raised)
