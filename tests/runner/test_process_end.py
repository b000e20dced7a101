"""How a runner's process hears that it is to end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from routilux_tui.runner.process_end import Shutdown
from tests.processes import until

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator


@pytest.fixture
def shutdown() -> Iterator[Shutdown]:
    one = Shutdown(lambda: None)
    former = signal.signal(signal.SIGUSR1, one.handle)
    yield one
    signal.signal(signal.SIGUSR1, former)


@pytest.mark.parametrize("name", ["asked", "at_once"])
def test_a_signal_is_heard_while_the_main_thread_holds_the_lock_of_what_it_sets(
    shutdown: Shutdown, name: str
) -> None:
    event: threading.Event = getattr(shutdown, name)
    with event._cond:  # type: ignore[attr-defined]  # as in the middle of its wait() or clear()
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
    until(shutdown.at_once.is_set)
    assert shutdown.asked.is_set()


def test_one_signal_is_no_order_to_end_at_once(shutdown: Shutdown) -> None:
    signal.raise_signal(signal.SIGUSR1)
    until(shutdown.asked.is_set)
    assert not shutdown.at_once.is_set()
