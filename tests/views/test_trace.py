"""What led to a record is found among windows of rows, and what came of it is, too."""

from __future__ import annotations

import random
from collections import deque

import pytest

from routilux_tui.job import timestamps
from routilux_tui.views.shapes import Row
from routilux_tui.views.trace import BLOCK, MOST_STEPS, Trace, run_trace


class Made:
    """A history as an engine makes it, and what led to each of its records.

    A handler emits up to twice, each to up to two slots; some fail, and leave an error record.
    """

    def __init__(self, records: int, seed: int = 1, *, workers: int = 1) -> None:
        luck = random.Random(seed)
        self.rows: list[Row] = []
        self.causes: list[int | None] = []
        self.next_task = 1
        self.queue: deque[int] = deque()
        self.queued_by: dict[int, int] = {}
        self.emit("start", None, 3)
        while self.queue and len(self.rows) < records:
            task = self.queue[0 if workers == 1 else luck.randrange(min(workers, len(self.queue)))]
            self.queue.remove(task)
            if luck.random() < 0.1:
                self.emit("error", task, 0)
                continue
            for _ in range(luck.choice((0, 1, 1, 2))):
                self.emit("out", task, luck.choice((0, 1, 2)) if len(self.queue) < 99 else 0)
            if not self.queue:
                self.emit("more", task, 2)

    def emit(self, event: str, task: int | None, tasks: int) -> None:
        n = len(self.rows)
        at = timestamps.to_iso(1_700_000_000 + n / 8)
        self.rows.append(Row(n, at, f"r{(task or 0) % 5}", event, "", task, self.next_task))
        self.causes.append(None if task is None else self.queued_by[task])
        for _ in range(tasks):
            self.queued_by[self.next_task] = n
            self.queue.append(self.next_task)
            self.next_task += 1

    def chain(self, n: int) -> list[int]:
        found = [n]
        while (cause := self.causes[found[-1]]) is not None:
            found.append(cause)
        return found[::-1]

    def trace(self, n: int) -> tuple[Trace, int]:
        asked = 0

        def window(start: int, stop: int) -> list[Row]:
            nonlocal asked
            asked += 1
            assert stop - start <= BLOCK
            return self.rows[start:stop]

        found = run_trace(n, len(self.rows), window)
        assert found is not None
        return found, asked


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("seed", range(4))
def test_the_chain_is_the_one_that_led_there(seed: int, workers: int) -> None:
    made = Made(1500, seed, workers=workers)
    for n in range(0, len(made.rows), 37):
        found, _ = made.trace(n)
        assert [step.n for step in found.chain] == made.chain(n)
        assert found.chain[0].event == "start"
        for before, step in zip(found.chain, found.chain[1:], strict=False):
            assert (step.cause, step.after) == (before.n, (step.n - before.n) / 8)


@pytest.mark.parametrize("seed", range(4))
def test_what_came_of_a_record_is_all_that_its_tasks_led_to(seed: int) -> None:
    made = Made(700, seed, workers=3)
    for n in range(0, len(made.rows), 41):
        found, _ = made.trace(n)
        assert found.is_whole
        came = [step.n for step in found.came]
        assert came == [k for k in range(n + 1, len(made.rows)) if n in made.chain(k)]
        assert all(step.cause == made.causes[step.n] for step in found.came)


def test_few_windows_are_asked_for_however_long_the_history_is() -> None:
    made = Made(100_000, 7)
    n = len(made.rows) - 3
    found, asked = made.trace(n)
    chain = made.chain(n)
    assert [step.n for step in found.chain] == chain
    assert asked <= 5 * len(chain)


def test_what_comes_of_a_record_much_later_is_found_where_its_tasks_had_their_turn() -> None:
    made = Made(1)
    made.queue.clear()
    for _ in range(20_000):  # one handler that emits very often, before any of its tasks runs
        made.emit("row", 1, 1)
    for task in range(4, 20_004):
        made.emit("done", task, 0)
    found, asked = made.trace(500)
    assert [(step.event, step.cause) for step in found.came] == [("done", 500)]
    assert not found.is_whole
    assert asked < 60


def test_a_loop_is_followed_so_far_and_its_beginning_shown() -> None:
    made = Made(1)
    for _ in range(5000):
        made.emit("more", made.queue.popleft(), 1)
        made.queue = deque(list(made.queue)[-1:])
    found, _ = made.trace(5000)
    assert found.gap
    assert len(found.chain) == MOST_STEPS
    assert (found.chain[0].n, found.chain[0].event) == (0, "start")
    assert found.chain[1].cause is None
    assert [step.n for step in found.chain[1:]] == list(range(5002 - MOST_STEPS, 5001))


def test_records_without_causes_say_so_and_no_record_has_no_trace() -> None:
    rows = [Row(n, "", "r", "out") for n in range(5)]
    found = run_trace(3, 5, lambda start, stop: rows[start:stop])
    assert found is not None
    assert ([step.n for step in found.chain], found.came) == ([3], [])
    assert found.note
    assert run_trace(5, 5, lambda start, stop: rows[start:stop]) is None
    old = [Row(n, "", "r", "out") for n in range(200)]
    mixed = [*old, Row(200, "", "r", "out", "", 90, 100), Row(201, "", "r", "out", "", 100, 101)]
    found = run_trace(201, 202, lambda start, stop: mixed[start:stop])
    assert found is not None
    assert [step.n for step in found.chain] == [200, 201]
