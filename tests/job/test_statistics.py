"""Statistics: within 2 %, in constant memory, alike in a live, a saved and a replayed job."""

from __future__ import annotations

import random

import pytest

from routilux_tui import JobState
from routilux_tui.job.activity import Activity
from routilux_tui.job.error_kinds import MOST_KINDS, Problem, common_form, kind_of
from routilux_tui.job.sketch import Sketch
from routilux_tui.job.statistics import Statistics

AT = 1_700_000_000.0


def one_run(job: JobState, n: int, at: float, wait: float, run: float, routine: str = "a") -> None:
    job.make("emit", "source", "out", {}, at, None, [(n, routine, "in")])
    job.make("run", n, routine, at + wait)
    job.make("ran", n, routine, "completed", at + wait + run, None)


@pytest.mark.parametrize("shape", ["exponential", "wide", "two", "same"])
def test_quantiles_are_within_two_percent_and_the_largest_is_exact(shape: str) -> None:
    rng = random.Random(7)
    values = {
        "exponential": [rng.expovariate(10) for _ in range(20_001)],
        "wide": [10 ** rng.uniform(-6, 5) for _ in range(20_001)],
        "two": [rng.choice([0.001, 30.0]) * rng.uniform(0.9, 1.1) for _ in range(20_001)],
        "same": [0.25] * 20_001,
    }[shape]
    sketch = Sketch()
    for start in range(0, len(values), 777):
        sketch.merge(Sketch.of(values[start : start + 777]))
    ordered = sorted(values)
    for part in (0.05, 0.5, 0.95, 0.999):
        exact = ordered[int(part * len(values))]
        assert sketch.quantile(part) == pytest.approx(exact, rel=0.02)
    assert sketch.longest == ordered[-1]
    assert sketch.count == len(values)
    assert Sketch.from_plain(sketch.to_plain()).to_plain() == sketch.to_plain()
    assert len(sketch.to_plain()) < 3000


def test_an_empty_sketch_and_odd_values() -> None:
    assert Sketch().quantile(0.5) is None
    assert Sketch.of([-1.0, 0.0]).quantile(0.5) == 0.0
    for odd in (None, [], [1], ["x"], [1.0, -1, 5], [1.0, 1 << 80, 5], [float("nan"), 1, 2], {}):
        Sketch.from_plain(odd).quantile(0.5)


def test_counts_times_and_queue() -> None:
    job = JobState("f")
    for n in range(1, 101):
        one_run(job, n, AT + n, wait=0.5, run=0.25)
    job.make("emit", "source", "out", {}, AT + 200, None, [(101, "a", "in"), (102, "a", "in")])
    job.make("run", 101, "a", AT + 201)
    job.statistics.sort_in(job.running)
    one = job.statistics.of("a")
    assert (one.ended, one.errors, one.queued, one.running) == (100, 0, 1, 1)
    assert one.run_time.count + len(one._unsorted_times) == 100
    one.fill_sketches()
    assert one.run_time.quantile(0.5) == pytest.approx(0.25, rel=0.02)
    assert one.queue_wait.quantile(0.95) == pytest.approx(0.5, rel=0.02)
    assert sum(bucket[0] for bucket in one.activity.values()) == pytest.approx(25e6, rel=0.01)
    assert sum(bucket[2] for bucket in one.activity.values()) == 100
    assert one.last_minute(AT + 101).count < 100


def test_a_long_handler_is_busy_in_every_bucket_that_it_touches() -> None:
    job = JobState("f")
    one_run(job, 1, AT, wait=0.0, run=100.0)
    one_run(job, 2, AT + 200, wait=0.0, run=1.0)
    job.statistics.sort_in(job.running)
    clock, buckets = job.statistics.clock, job.statistics.of("a").activity
    busy = [number for number, bucket in buckets.items() if bucket[0] > 0.9 * clock.width * 1e6]
    assert len(busy) == pytest.approx(101 / clock.width, abs=3)
    assert sum(bucket[0] for bucket in buckets.values()) == pytest.approx(101e6, rel=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_each_bucket_is_as_busy_as_all_runs_that_touch_it(seed: int) -> None:
    chance = random.Random(seed)
    clock = Activity()
    clock.tick_at(AT, [])
    clock.width = chance.choice((1 / 16, 0.5, 4.0))
    reach = clock.width * clock.most
    began = [AT + chance.uniform(-5, reach) for _ in range(200)]
    ended = [one + chance.choice((0.0, 0.01, 3.0, reach / 2)) for one in began]
    buckets: dict[int, list[int]] = {}
    clock.spread(buckets, began, ended)
    for number in range(1, clock.most - 1):
        low, high = AT + number * clock.width, AT + (number + 1) * clock.width
        busy = sum(
            max(0.0, min(end, high) - max(start, low))
            for start, end in zip(began, ended, strict=True)
        )
        assert buckets.get(number, [0])[0] == pytest.approx(busy * 1e6, abs=len(began))


def test_memory_is_constant_however_long_a_job_runs() -> None:
    job = JobState("f")
    sizes = []
    for step in range(4):
        for n in range(2000):
            at = AT + (step * 2000 + n) * 90.0
            one_run(job, step * 2000 + n + 1, at, wait=n * 0.01, run=random.Random(n).random())
        plain = job.to_plain(lists=False)["statistics"]["routines"]["a"]
        sizes.append(sum(map(len, plain.values())))
    assert len(plain["activity"]) <= 512
    assert len(plain["recent"]) <= 120
    assert sizes[-1] < 2 * sizes[0]


def test_a_prefix_saved_in_the_middle_goes_on_as_if_it_had_never_been() -> None:
    rng = random.Random(3)
    changes: list[tuple[object, ...]] = []
    whole = JobState("f")
    whole.subscribe(changes.append)
    at = AT
    for n in range(1, 400):
        at += rng.expovariate(3)
        one_run(whole, n, at, rng.random(), rng.random() * 5, rng.choice("abc"))
        if n % 7 == 0:
            data = {"slot": "in", "error": f"no {n}", "error_type": "ValueError"}
            whole.make("record", "a", "error", data, at)
    for cut in (1, 100, 555, len(changes) - 1):
        job = JobState("f")
        for change in changes[:cut]:
            job.apply(change)
        job = JobState.from_plain(job.serialize())
        for change in changes[cut:]:
            job.apply(change)
        assert job.serialize()["statistics"] == whole.serialize()["statistics"]


def test_errors_are_told_by_their_kind() -> None:
    job = JobState("f")
    for n in range(1, 31):
        data = {"order": f"ord-{n}", "currency": "EUR", "n": n, "big": "x" * 900}
        job.make("emit", "load", "out", data, AT + n, None, [(n, "price", "in")])
        job.make("run", n, "price", AT + n)
        error = {"slot": "in", "error": f"no rate for 'ord-{n}' at /srv/{n}/x", "error_type": "E"}
        job.make("record", "price", "error", error, AT + n, n, None)
        job.make("retry", n, "price", AT + n, {"error": "E: no"}, 1, AT + n + 1)
        job.make("record", "price", "error_continued", error, AT + n, n, None)
    (kind,) = job.statistics.problems.kinds
    assert (kind.routine_id, kind.error_type) == ("price", "E")
    assert kind.kind == "no rate for '…' at /…"
    assert (kind.count, kind.inputs) == (60, 30)
    assert (kind.first, kind.last) == (AT + 1, AT + 30)
    assert kind.samples == [1, 2, 3, 4, 5]
    assert kind.common == {"currency": "EUR"}
    assert kind.form == "no rate for … at …"
    assert job.outstanding[7].error == "E: no rate for 'ord-7' at /srv/7/x"
    assert JobState.from_plain(job.serialize()).outstanding[7].error == job.outstanding[7].error
    again = JobState.from_plain(job.serialize()).statistics.problems
    assert again.to_plain() == job.statistics.problems.to_plain()
    assert (
        again.add("price", {"error": "no rate for 'x' at /a/b", "error_type": "E"}, 0, None, None)
        == 0
    )


@pytest.mark.parametrize(
    ("messages", "form"),
    [
        (("bad item 9", "bad item 12"), "bad item …"),
        (("HTTP 503 of ord-1", "HTTP 503 of ord-22", "HTTP 503 of ord-3"), "HTTP 503 of ord-…"),
        (("'a b'", "'c'"), "…"),
        (("no 'x' at /a/b/c", "no 'x' at /a/b/d, line 3"), "no 'x' at …"),
        (("took 1,200 of 3", "took 7 of 3"), "took … of 3"),
        (("1 and 2", "3 and 4", "3 and 4"), "… and …"),
        (("at line 3: x", "line: x"), "…: x"),
        (("gone", "gone"), ""),
    ],
)
def test_of_messages_of_a_kind_it_is_said_what_is_common(
    messages: tuple[str, ...], form: str
) -> None:
    problem = Problem(routine_id="a")
    for message in messages:
        problem.add(AT, message, None, None)
    assert problem.form == form
    if form:
        assert common_form(form, messages[0]) == form


def test_of_many_kinds_the_rest_is_counted_together() -> None:
    job = JobState("f")
    for n in range(MOST_KINDS + 50):
        name = "".join(chr(97 + int(digit)) for digit in str(n))
        job.make("record", "a", "error", {"error": name, "error_type": "E"}, AT)
    assert len(job.statistics.problems.kinds) == MOST_KINDS
    assert job.statistics.problems.rest == 50


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no rate for ord-1", "no rate for ord-27"),
        ("can't open '/tmp/a b.txt'", "can't open '/var/log/x'"),
        ("/tmp/a/b.py: gone", "/srv/c.d/e.py: gone"),
        ("at 0x7f00aa", "at 0x1234"),
        ("took 1.5 s, 1,200 rows", "took 22.75 s, 3 rows"),
        ("job 123e4567-e89b-12d3-a456-426614174000", "job deadbeef-0000-12d3-a456-426614174abc"),
    ],
)
def test_messages_of_one_kind(one: str, other: str) -> None:
    assert kind_of(one) == kind_of(other)
    assert kind_of(one) != kind_of("something else")


@pytest.mark.parametrize(
    "odd", [None, 1, [], {}, {"clock": [1, 2, 3], "routines": {"a": 1}, "problems": 5},
            {"clock": [AT, 1e300, AT], "routines": {"a": {"counts": [-1, "x"], "recent": [[1]]}}},
            {"clock": [AT, 1.0, AT], "routines": {"a": {"activity": [[9999, 0, 0, 0, 0, 0, 0]]}},
             "problems": {"kinds": [{"routine_id": 1}, None, {"routine_id": "a", "count": -1}]}}],
)  # fmt: skip
def test_odd_statistics_of_a_file_harm_nobody(odd: object) -> None:
    plain = {**JobState("f").serialize(), "statistics": odd}
    job = JobState.from_plain(plain)
    one_run(job, 1, AT, 0.1, 0.1)
    assert isinstance(job.statistics, Statistics)
    assert JobState.from_plain(job.serialize()).statistics.of("a").ended == 1
