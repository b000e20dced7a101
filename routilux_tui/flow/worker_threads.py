"""The worker threads of one job, and the tasks that wait for them.

All is counted under one lock. A worker that has nothing to do waits to be woken, for a task or
for the moment at which a delayed one is due; when nothing more can come, it ends.
"""

from __future__ import annotations

import heapq
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from contextvars import Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.tasks import Task


class Workers(ABC):
    """Threads that take one task after another.

    Args:
        lock: the one lock; every method but `_invoke` is called with it held.
        workers: how many handlers may run at once.
        name: what the threads are called.
    """

    def __init__(self, lock: threading.RLock, workers: int, name: str) -> None:
        self.workers = workers
        #: Whether tasks may start: from the start of the job (or its resumption) to its end.
        self.live = False
        self._name = name
        self._lock = lock
        self._work_available = threading.Condition(lock)
        self._queue: deque[Task] = deque()
        self._delayed: list[tuple[float, int, Task]] = []
        self._active: dict[int, Task] = {}
        #: The thread that each of them runs in.
        self._threads_of: dict[int, threading.Thread] = {}
        self._threads = 0
        self._starting = 0
        self._idle = 0
        #: "" while the gate is open; "pause" or "end" while running handlers are let finish.
        self._closing = ""
        #: Asked before each task, with the lock held: whether it is not to start, as the gate was
        #: closed before it. None while nobody wants to know.
        self._before_task: Callable[[Task], bool] | None = None
        #: Whether a task is looked at before it starts: some handlers are asynchronous, see
        #: `AsyncWorkers`, or there is a `_before_task`. Otherwise that costs nothing.
        self._looks_first = False

    @abstractmethod
    def _on_task_start(self, task: Task) -> None:
        """A task is about to be handled."""

    @abstractmethod
    def _invoke(self, task: Task) -> BaseException | None:
        """Handle a task, without the lock; what was raised, or None."""

    @abstractmethod
    def _on_task_end(self, task: Task, error: BaseException | None) -> None:
        """A task has been handled."""

    @abstractmethod
    def _check_finished(self) -> None:
        """No handler runs: see whether that is the end."""

    @abstractmethod
    def _engine_failed(self, task: Task | None, error: BaseException) -> None:
        """One of these methods has raised, or no thread can be had."""

    @abstractmethod
    def _has_async_handlers(self) -> bool:
        """Whether some handlers are asynchronous."""

    @abstractmethod
    def _start_async_tasks(self) -> None:
        """Start the asynchronous tasks at the queue's head."""

    def load(self) -> tuple[int, int]:
        """How many tasks are queued, and how many handlers run."""
        with self._lock:
            return len(self._queue) + len(self._delayed), len(self._active)

    def threads(self) -> dict[int, threading.Thread]:
        """The thread of each task whose handler runs; those that are async have none of theirs."""
        with self._lock:
            return dict(self._threads_of)

    def handlers(self) -> list[str]:
        """The ids of the routines whose handlers run now, one for each handler."""
        with self._lock:
            return [task.routine_id for task in self._active.values()]

    def delay(self, task: Task, seconds: float) -> None:
        """Queue a task when ``seconds`` are over; no worker is kept waiting for it."""
        heapq.heappush(self._delayed, (time.monotonic() + seconds, task.id, task))
        if self._idle:
            self._work_available.notify()

    def set_before_task(self, ask: Callable[[Task], bool] | None) -> None:
        """Have something asked before each task, from the next one on; or nothing any more."""
        with self._lock:
            self._before_task = ask
            self._looks_first = ask is not None or self._has_async_handlers()

    def set_workers(self, workers: int) -> None:
        """Have so many handlers run at once from the next task on; none is interrupted."""
        with self._lock:
            self.workers = workers
            self._work_available.notify_all()
            if self.live and not self._closing:
                self._wake_workers()

    def _waiting_ids(self) -> list[int]:
        """The ids of the tasks that have not started, in the order in which they would."""
        return [task.id for task in self._queue] + [one[1] for one in sorted(self._delayed)]

    def _clear_queue(self) -> None:
        self._queue.clear()
        self._delayed.clear()
        self._work_available.notify_all()

    def _wake_workers(self) -> None:
        """Have enough workers for what is queued."""
        self._wake_threads(len(self._queue))

    def _wake_threads(self, queued: int) -> None:
        """Have threads for so many tasks: idle ones first, then new ones."""
        if self._idle:
            self._work_available.notify(queued)
        missing = queued - self._idle - self._starting
        while missing > 0 and self._threads < self.workers:
            missing -= 1
            self._threads += 1
            self._starting += 1
            name = f"{self._name}-{self._threads}"
            try:
                thread = threading.Thread(target=self._worker, name=name, daemon=False)
                Context().run(thread.start)  # not in that of the handler that emits
            except RuntimeError as error:  # the system has no thread left, or Python is ending
                self._threads -= 1
                self._starting -= 1
                if not self._threads:
                    self._engine_failed(None, error)
                return

    def _worker(self) -> None:
        """Take task after task until nothing more can come."""
        task: Task | None = None
        active, queue = self._active, self._queue
        thread = threading.current_thread()
        self._lock.acquire()
        self._starting -= 1
        try:
            while True:
                task = self._next_task()
                if task is None:
                    return
                active[task.id] = task
                self._threads_of[task.id] = thread
                self._on_task_start(task)
                self._lock.release()
                try:
                    error = self._invoke(task)
                finally:
                    self._lock.acquire()
                del active[task.id], self._threads_of[task.id]
                self._on_task_end(task, error)
                error = None  # its traceback leads to this frame: it would not be freed
                if not active and (self._closing or not queue):
                    self._check_finished()
        except BaseException as error:
            if task is not None:
                active.pop(task.id, None)
                self._threads_of.pop(task.id, None)
            self._engine_failed(task, error)
        finally:
            self._threads -= 1
            self._lock.release()

    def _next_task(self) -> Task | None:
        """The next task to run; None when this worker is needed no more. Waits if it must."""
        queue, delayed = self._queue, self._delayed
        while self.live and not self._closing and self._threads <= self.workers:
            left = None
            while delayed:
                left = delayed[0][0] - time.monotonic()
                if left > 0:
                    break
                queue.append(heapq.heappop(delayed)[2])
            if not self._looks_first:
                if queue:
                    return queue.popleft()
            else:
                self._start_async_tasks()
                if queue and len(self._active) < self.workers and not self._closing:
                    if self._before_task is not None and self._before_task(queue[0]):
                        continue  # the gate is closed now
                    return queue.popleft()
            self._idle += 1
            self._work_available.wait(left if delayed else None)
            self._idle -= 1
        return None
