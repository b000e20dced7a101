"""A thread with an asyncio event loop, on which a job's asynchronous handlers run."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from routilux_tui.flow.stacks import stack_of_coroutine

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    #: A number for it, what is to be run, and what is called with what it raised or returned.
    Work = tuple[int, Callable[[], Coroutine[Any, Any, BaseException | None]], Callable[..., None]]

LEFT_BEHIND_SECONDS = 1.0
"""How long asyncio tasks that handlers left behind are given to end when they are cancelled."""


class EventLoop:
    """An event loop in a thread of its own, from now until `stop`.

    Args:
        name: what the thread is called.

    Raises:
        RuntimeError: when no thread can be had.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._submitted: deque[Work] = deque()
        self._is_woken = False
        self._running: dict[int, asyncio.Task[BaseException | None]] = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=False)
        try:
            self._thread.start()
        except RuntimeError:
            self._loop.close()
            raise

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._end_left_behind()
            self._loop.close()

    def _end_left_behind(self) -> None:
        """Cancel what handlers have started on the loop and not waited for."""
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        with contextlib.suppress(Exception):
            if left:
                self._loop.run_until_complete(asyncio.wait(left, timeout=LEFT_BEHIND_SECONDS))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())

    def submit(
        self,
        number: int,
        coroutine: Callable[[], Coroutine[Any, Any, BaseException | None]],
        on_end: Callable[[BaseException | None], None],
    ) -> None:
        """Run a coroutine; ``on_end`` is called on the loop with the error that it returned.

        By its ``number`` it is found while it runs. Called by one thread at a time. Many submitted
        at once cost one wake-up.
        """
        self._submitted.append((number, coroutine, on_end))
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._start_submitted)

    def _start_submitted(self) -> None:
        self._is_woken = False
        while self._submitted:
            number, coroutine, on_end = self._submitted.popleft()
            task = self._running[number] = self._loop.create_task(coroutine())
            task.add_done_callback(partial(self._ended, number, on_end))

    def _ended(
        self,
        number: int,
        on_end: Callable[[BaseException | None], None],
        task: asyncio.Task[BaseException | None],
    ) -> None:
        self._running.pop(number, None)
        # One that is cancelled before its first step never runs, and returns nothing.
        error = asyncio.CancelledError() if task.cancelled() else task.result()
        on_end(error)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call a function on the loop when ``seconds`` are over."""
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, callback)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine for a thread that waits for it; returns or raises what it does."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def cancel_all(self) -> None:
        """Cancel all that runs; each is told by a `asyncio.CancelledError` where it waits."""

        def cancel() -> None:
            self._start_submitted()
            for task in list(self._running.values()):
                task.cancel()

        self._loop.call_soon_threadsafe(cancel)

    def stack(self, number: int) -> str:
        """Where what runs under a number is at this moment; empty where nothing does."""
        task = self._running.get(number)
        if task is None:
            return ""
        coroutine: Any = task.get_coro()
        return stack_of_coroutine(coroutine, self._thread.ident)

    def stop(self) -> None:
        """End the loop, and with it its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)


def is_cancellation(error: BaseException) -> bool:
    """Whether an error is asyncio's way to tell that a handler was cancelled."""
    return isinstance(error, asyncio.CancelledError)
