"""The timeline from the changes themselves: exact at any zoom, and a lane for each handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotPossible
from routilux_tui.job.model import Job
from routilux_tui.store.large_file import open_job
from routilux_tui.store.segments import changes_folder
from routilux_tui.views import kept_moments
from routilux_tui.views.kept_moments import KeptMoments
from routilux_tui.views.replay import Replay
from routilux_tui.views.task_spans import MOST_LANES, TaskSpan, TaskSpans, drawn_spans
from tests.replayed import GIVEN_UP, NOON, ORDERS, RETRIED, write_job

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.job.listeners import Change


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spans") / "orders.json"
    write_job(path)
    return path


def test_waits_and_runs_are_those_of_the_changes(path: Path) -> None:
    spans = KeptMoments(path).spans(NOON, NOON + ORDERS)
    assert len(spans) == ORDERS + 1
    own = [one for one in spans if NOON + RETRIED <= one.queued < NOON + RETRIED + 1]
    told = [(*(round(at - NOON - RETRIED, 3) for at in one[1:4]), one.mark) for one in own]
    assert told == [(0, 0.1, 0.2, "retry"), (0.3, 0.3, 0.4, "")]
    assert [one.mark for one in spans if one.mark] == ["retry", "gave_up"]
    # a stretch that begins in the middle of a wait, and ends in the middle of a run
    (waited, running) = KeptMoments(path).spans(NOON + 5.05, NOON + 6.2)
    assert (round(waited.queued - NOON, 3), round(waited.begin - NOON, 3)) == (5.05, 5.1)
    assert (round(running.begin - NOON, 3), round(running.end - NOON, 3)) == (6.1, 6.2)


def test_a_stretch_is_drawn_more_exactly_than_the_buckets_are(path: Path) -> None:
    replay = Replay(path, lambda: open_job(path))
    at = NOON + GIVEN_UP
    shown = replay.detail(at, at + 1, 20, fold=False, expanded=[])
    (lane,) = [one for one in shown.lanes if one.routine_id == "price"]
    levels = [cell.level for cell in lane.cells]  # a moment between two cells is in either
    assert (levels[0], levels[2:7], set(levels[9:])) == (0, [8] * 5, {0})
    assert [cell.mark for cell in lane.cells if cell.mark] == ["gave_up"]
    assert shown.queue[:2] == [1, 1]
    shown = replay.detail(at, at + 1, 20, fold=False, expanded=["price"])
    (lane,) = [one for one in shown.lanes if one.part == 1]
    assert lane.cells[0].mark == "waits"


def test_handlers_that_run_at_once_have_a_lane_each() -> None:
    spans = [TaskSpan("r", n, n, n + 2.5) for n in range(10)]
    shown = drawn_spans(spans, ["r"], 0, 12.5, 50, expanded=["r"])
    assert [lane.part for lane in shown.lanes] == [1, 2, 3]
    crowd = [TaskSpan("r", 0, 0.1 * n, 100) for n in range(50)]
    assert len(drawn_spans(crowd, ["r"], 0, 100, 50, expanded=["r"]).lanes) == MOST_LANES


def test_what_ran_in_worker_processes_has_a_lane_for_each_below_the_whole() -> None:
    job = JobState("spread")
    changes: list[Change] = []
    job.subscribe(changes.append)
    job.make("emit", "", "start", {}, NOON, None, [(n, "r", "in") for n in range(1, 6)])
    for n, worker in ((1, "worker process 7 on box"), (2, "worker process 8 on box")):
        job.make("run", n, "r", NOON + n)
        job.make("worker", n, worker, NOON + n)
    begun = TaskSpans(Job.from_plain(job.serialize()), NOON)  # as from a keyframe
    begun.take(changes[5:], NOON + 100)
    shown = []
    for known in (begun, TaskSpans(Job(), NOON)):
        if known is not begun:
            known.take(changes, NOON + 100)
        later = [(9, "ran", 1, "r", "completed", NOON + 4, None), (10, "run", 3, "r", NOON + 4)]
        known.take(later, NOON + 100)
        drawn = drawn_spans(known.close(NOON + 10), ["r"], NOON, NOON + 10, 20, expanded=["r"])
        plain = drawn_spans(known.close(NOON + 10), ["r"], NOON, NOON + 10, 20)
        shown.append([(lane.part, lane.name, round(lane.share, 1)) for lane in drawn.lanes])
    whole, seven, eight, nowhere = shown[1]
    assert (whole, seven, eight) == ((0, "r", 1.7), (1, " 7 on box", 0.3), (2, " 8 on box", 0.8))
    assert [max(one.queue) for one in (drawn, plain)] == [5, 5]
    assert nowhere == (3, "", 0.6)  # it is not known yet, or waits
    assert [name for _, name, _ in shown[0]] == [name for _, name, _ in shown[1]]


def test_what_is_too_much_or_not_kept_is_said(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_moments, "MOST_CHANGES", 80)
    with pytest.raises(NotPossible, match="zoom in"):
        KeptMoments(path).spans(NOON, NOON + ORDERS)
    assert KeptMoments(path).spans(NOON + 2, NOON + 3)
    bare = tmp_path / "bare.json"
    write_job(bare)
    for one in changes_folder(bare).iterdir():
        one.unlink()
    with pytest.raises(NotPossible, match="not kept"):
        Replay(bare, lambda: open_job(bare)).detail(0, 0, 20, fold=True, expanded=[])


def test_a_task_waits_until_it_is_dropped_given_up_or_replaced_and_no_longer() -> None:
    changes: list[Change] = [
        (1, "queue", [[n, "r", "in"] for n in range(1, 7)], {}, NOON, None, None),
        (2, "run", 1, "r", NOON + 1),
        (3, "ran", 1, "r", "continued", NOON + 2, {"error": "x"}),
        (4, "remove", [2], NOON + 2),
        (5, "retry", 3, "r", NOON + 2, {"error": "x"}, 9, NOON + 90),
        (6, "give_up", 4, NOON + 3),
        (7, "due", [3], NOON + 4),
        (8, "again", 1, 7, None, NOON + 5),
        (9, "again", 5, 8, {"n": 1}, NOON + 6),
        (10, "run", 8, "r", NOON + 6),
        (11, "ran", 8, "r", "completed", NOON + 7, None),
        (12, "drop", [3, 6, 7], NOON + 8),
        (13, "undrop", [6], NOON + 9),
        (14, "run", 6, "r", NOON + 10),
        (15, "log", {}, NOON + 11),
        (16, "take_up", NOON + 13),
        (17, "run", 6, "r", NOON + 14),
    ]
    spans = TaskSpans(Job(), NOON)
    assert spans.take(changes, NOON + 100)
    found = spans.close(NOON + 15)
    told = sorted((one.queued - NOON, one.begin - NOON, one.end - NOON, one.ran) for one in found)
    assert told == [
        (0, 1, 2, True),
        (0, 2, 2, False),
        (0, 3, 3, False),
        (0, 6, 6, False),
        (0, 8, 8, False),
        (2, 2, 2, True),
        (4, 8, 8, False),
        (5, 8, 8, False),
        (6, 6, 7, True),
        (9, 10, 10, True),  # killed; nothing tells until when it ran
        (13, 14, 15, True),
    ]
    shown = drawn_spans(found, ["r"], NOON, NOON + 15, 15, fold=False)
    assert (shown.queue[7], shown.queue[12]) == (3, 0)
    assert sum(shown.rate) == pytest.approx(4)  # as many as ran and ended
