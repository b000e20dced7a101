"""How far off the estimate of a job's end is: fifty made-up jobs of five shapes, in made-up time."""

from __future__ import annotations

import heapq
import random
from collections import deque
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from routilux_tui.views.estimate import EarlierRun, Load, RoutineLoad, estimate
from tests.bench.table import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JOBS_OF_A_SHAPE = 10
WHEN = (0.25, 0.5, 0.75)


class Step(NamedTuple):
    """A made-up routine: the mean time of a run, who feeds it, and what a run sends.

    ``sends`` maps (target, its input) to the inputs that it is given; ``fails`` is how often a
    run has to be made again, after ``delay``.
    """

    seconds: float
    sources: tuple[str, ...]
    sends: Callable[[int, random.Random], list[tuple[str, int]]]
    fails: float = 0.0
    delay: float = 0.0


class Shape(NamedTuple):
    """A made-up flow, its workers and the input of its first routine."""

    steps: dict[str, Step]
    workers: int
    first: int


def _nothing(_n: int, _chance: random.Random) -> list[tuple[str, int]]:
    return []


def _each(target: str, times: int = 1) -> Callable[[int, random.Random], list[tuple[str, int]]]:
    return lambda n, _chance: [(target, n)] * times


def fan_out(chance: random.Random) -> Shape:
    """One routine sends all at once; each of these sends two more."""
    number = chance.randint(300, 1500)
    return Shape(
        {
            "split": Step(2.0, (), lambda n, _: [("work", k) for k in range(n)]),
            "work": Step(chance.uniform(0.05, 0.5), ("split",), _each("write", 2)),
            "write": Step(chance.uniform(0.01, 0.2), ("work",), _nothing),
        },
        chance.randint(1, 8),
        number,
    )


def bottleneck(chance: random.Random) -> Shape:
    """A chain of which one routine is a hundred times as slow as the others."""
    number = chance.randint(300, 1500)
    return Shape(
        {
            "extract": Step(1.0, (), lambda n, _: [("clean", k) for k in range(n)]),
            "clean": Step(0.005, ("extract",), _each("enrich")),
            "enrich": Step(chance.uniform(0.3, 1.0), ("clean",), _each("load")),
            "load": Step(0.005, ("enrich",), _nothing),
        },
        chance.randint(1, 8),
        number,
    )


def growing(chance: random.Random) -> Shape:
    """A crawl: each page names others, down to a depth."""
    depth = chance.randint(6, 8)

    def pages(n: int, chance: random.Random) -> list[tuple[str, int]]:
        return [("fetch", n - 1)] * chance.randint(1, 4) if n else []

    return Shape(
        {"fetch": Step(chance.uniform(0.1, 0.5), ("fetch",), pages)}, chance.randint(2, 6), depth
    )


def bursts(chance: random.Random) -> Shape:
    """A routine that feeds itself sends a burst now and then."""
    number, size = chance.randint(20, 60), chance.randint(10, 60)

    def tick(n: int, chance: random.Random) -> list[tuple[str, int]]:
        if not n:
            return []
        burst = [("work", n)] * (chance.randint(size // 2, size) if n % 5 == 0 else 0)
        return [*burst, ("tick", n - 1)]

    return Shape(
        {
            "tick": Step(chance.uniform(0.5, 2.0), ("tick",), tick),
            "work": Step(chance.uniform(0.1, 0.4), ("tick",), _nothing),
        },
        chance.randint(2, 4),
        number,
    )


def retries(chance: random.Random) -> Shape:
    """A chain in which a part of the runs has to be made again, later."""
    number = chance.randint(300, 1500)
    return Shape(
        {
            "list": Step(1.0, (), lambda n, _: [("fetch", k) for k in range(n)]),
            "fetch": Step(
                chance.uniform(0.1, 0.4), ("list",), _each("store"), chance.uniform(0.05, 0.3), 5.0
            ),
            "store": Step(0.02, ("fetch",), _nothing),
        },
        chance.randint(2, 6),
        number,
    )


SHAPES = (fan_out, bottleneck, growing, bursts, retries)


def simulate(shape: Shape, seed: int) -> Iterator[Load]:
    """The load of a made-up job at the end of each of its runs; the last is its end."""
    chance = random.Random(seed)
    names = list(shape.steps)
    queue: deque[tuple[str, int]] = deque([(names[0], shape.first)])
    queued = dict.fromkeys(names, 0)
    queued[names[0]] = 1
    done, running = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    spent = dict.fromkeys(names, 0.0)
    events: list[tuple[float, int, str, str, int, float]] = []
    number, now = 0, 0.0
    while queue or events:
        while queue and sum(running.values()) < shape.workers:
            name, n = queue.popleft()
            queued[name] -= 1
            running[name] += 1
            took = shape.steps[name].seconds * chance.lognormvariate(0, 0.4)
            number += 1
            heapq.heappush(events, (now + took, number, "end", name, n, took))
        now, _, what, name, n, took = heapq.heappop(events)
        step = shape.steps[name]
        if what == "due":
            queue.append((name, n))
            continue
        running[name] -= 1
        spent[name] += took
        if chance.random() < step.fails:
            queued[name] += 1
            number += 1
            heapq.heappush(events, (now + step.delay, number, "due", name, n, 0.0))
            continue
        done[name] += 1
        for target, data in step.sends(n, chance):
            queue.append((target, data))
            queued[target] += 1
        yield Load(
            now,
            [
                RoutineLoad(
                    one,
                    done[one],
                    queued[one],
                    running[one],
                    spent[one] / done[one] if done[one] else 0.0,
                    shape.steps[one].sources,
                )
                for one in names
            ],
            shape.workers,
            sum(spent.values()) / now if now else 0.0,
        )


def _earlier(shape: Shape, seed: int) -> EarlierRun:
    *_, last = simulate(shape, seed)
    return EarlierRun(
        last.elapsed, {one.routine_id: (one.done, one.seconds) for one in last.routines}
    )


def measure() -> list[Figure]:
    """The median error of the seconds that are left, beside those that were."""
    errors: dict[tuple[int, float], list[float]] = {}
    silent = 0
    for make in SHAPES:
        for job in range(JOBS_OF_A_SHAPE):
            shape = make(random.Random(job))
            earlier = [
                # other nights have a little more or less to do
                _earlier(shape._replace(first=_varied(shape.first, job, night)), 1000 * job + night)
                for night in (1, 2, 3)
            ]
            loads = list(simulate(shape, job))
            end = loads[-1].elapsed
            for part in WHEN:
                load = next(one for one in loads if one.elapsed >= part * end)
                for known in (0, 3):
                    found = estimate(load, earlier[:known]).seconds
                    if found is None:
                        silent += part == 0.5 and not known
                        continue
                    left = max(end - load.elapsed, 1e-9)
                    errors.setdefault((known, part), []).append(abs(found - left) / left)
    figures = []
    for (known, part), found in sorted(errors.items()):
        limit = {(3, 0.5): 15.0, (0, 0.5): 40.0}.get((known, part))
        error = 100 * median(found)
        figures.append(
            Figure(
                "estimate",
                f"median error of what is left at {part:.0%}, {known} earlier runs",
                error,
                "%",
                f"<= {limit:.0f}" if limit else "",
                None if limit is None else error <= limit,
            )
        )
    what = "jobs of 50 with no end known at 50%, 0 earlier runs"
    figures.append(Figure("estimate", what, silent))
    return figures


def _varied(first: int, job: int, night: int) -> int:
    return first if first < 100 else round(first * random.Random(job * 7 + night).uniform(0.9, 1.1))
