"""Replay: a job at any moment of its past, from its changes, or from its records' times."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from routilux_tui.errors import ConditionError, NotPossible, UsageError
from routilux_tui.state.job_state import JobState
from routilux_tui.store import journal as journals
from routilux_tui.store import printed
from routilux_tui.store.journal import Journal
from routilux_tui.store.large_file import open_job
from routilux_tui.store.printed import PrintedWriter
from routilux_tui.store.seeking import KeptChanges, job_at
from routilux_tui.store.segments import SegmentStore, changes_folder
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.replay import Replay
from routilux_tui.views.replay_shapes import MARKS, Point, Seek
from routilux_tui.views.shapes import PRINTED, Filter
from routilux_tui.views.time_spec import target_of
from tests.replayed import GIVEN_UP, NOON, ORDERS, PAUSED_AFTER, RETRIED, write_job

if TYPE_CHECKING:
    from types import FrameType

JOBS = Path(__file__).parent.parent / "data/jobs"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "orders.json"
    write_job(path)
    return path


@pytest.fixture
def replay(path: Path) -> Replay:
    return Replay(path, lambda: open_job(path))


def _second(point: Point) -> float:
    return round(point.at - NOON, 3)


def test_a_step_is_a_change_and_the_same_wherever_one_comes_from(path: Path) -> None:
    kept = KeptChanges(path)
    numbers = range(0, kept.last + 1, 8)
    plain = {seq: job_at(path, seq=seq).to_plain() for seq in numbers}
    for order in (numbers, reversed(numbers), numbers[::3]):
        for seq in order:
            job = kept.job_at(seq)
            assert job.seq == seq
            assert json.dumps(job.to_plain(), default=str) == json.dumps(plain[seq], default=str)


def test_a_time_shows_what_was_done_until_then(replay: Replay) -> None:
    point = replay.seek(Seek(to="+5"))
    assert _second(point) == 5.0
    assert replay.projection.header().counts["history"] == 6
    assert dict(replay.projection.job.shared_data) == {"done": 5}
    assert replay.projection.header().status == "running"
    point = replay.seek(Seek(at=NOON + 5.15))
    (handler,) = replay.projection.insight(["now"]).now.handlers
    assert (handler.routine_id, round(handler.elapsed, 3)) == ("price", 0.05)
    assert replay.seek(Seek(at=point.end + 30)).is_last
    with pytest.raises(NotPossible, match="still to come: 3871"):
        replay.seek(Seek(at=6e10))
    assert replay.seek(Seek(at=1.0)).seq == 0


def test_marks_are_found_in_both_directions_and_said(replay: Replay) -> None:
    found, point = [], replay.seek(Seek(to="0"))
    while True:
        try:
            point = replay.seek(Seek(origin=point.seq, marks=1))
        except NotPossible:
            break
        found.append((int(_second(point)), point.what))
    assert [second for second, _ in found] == [RETRIED, GIVEN_UP, PAUSED_AFTER, PAUSED_AFTER]
    assert [what for _, what in found] == [
        "price fails, will be tried again: LookupError: 404",
        "price error_continued, task 21: ValueError: bad",
        "the job is paused",
        "resume by ana: lunch is over",
    ]
    back, point = [], replay.seek(Seek())
    while True:
        try:
            point = replay.seek(Seek(origin=point.seq, marks=-1))
        except NotPossible:
            break
        back.append((int(_second(point)), point.what))
    assert back == found[::-1]
    columns = replay.marks(ORDERS)
    assert len(columns) == ORDERS
    assert [n for n, one in enumerate(columns) if one] == [
        RETRIED,
        GIVEN_UP,
        PAUSED_AFTER,
    ]
    assert set(columns) <= {*MARKS, ""}


@pytest.mark.parametrize("condition", ["errors >= 1", "routines.price.errors >= 1", "age > 10.1"])
def test_a_condition_leads_to_the_moments_at_which_its_value_changes(
    replay: Replay, condition: str
) -> None:
    point = replay.seek(Seek(origin=0, to=condition))
    assert int(_second(point)) == RETRIED
    assert point.what == f"{condition}: true from here on"
    with pytest.raises(NotPossible, match="after this moment"):
        replay.seek(Seek(origin=point.seq, marks=1, condition=condition))
    # from now it leads back, and from a moment after which it never changes
    assert replay.seek(Seek(origin=point.seq + 40, to=condition)).seq == point.seq
    assert replay.seek(Seek(to=condition)).seq == point.seq
    with pytest.raises(NotPossible, match="before this moment"):
        replay.seek(Seek(origin=point.seq, marks=-1, condition=condition))
    assert replay.first_held(condition).seq == point.seq


def test_a_value_that_comes_and_goes_is_found_each_time(replay: Replay) -> None:
    odd = "has(shared.done) && shared.done % 2 == 1"
    seconds, point = [], replay.seek(Seek(to="0"))
    for _ in range(6):
        point = replay.seek(Seek(origin=point.seq, marks=1, condition=odd))
        seconds.append(int(_second(point)))
    assert seconds == [0, 1, 2, 3, 4, 5]
    for second in (4, 3, 2):
        point = replay.seek(Seek(origin=point.seq, marks=-1, condition=odd))
        assert int(_second(point)) == second


def test_what_can_not_be_gone_to_is_said(replay: Replay) -> None:
    with pytest.raises(NotPossible, match="no change 99,999"):
        replay.seek(Seek(to="99999"))
    with pytest.raises(UsageError, match="no record 999"):
        replay.seek(Seek(to="#999"))
    with pytest.raises(ConditionError, match="no 'stauts'"):
        replay.seek(Seek(to='stauts == "paused"'))
    with pytest.raises(UsageError, match="no moment"):
        replay.seek(Seek(to="next tuesday"))
    with pytest.raises(NotPossible, match="the last moment"):
        replay.seek(Seek(steps=1))
    with pytest.raises(NotPossible, match="never held"):
        replay.first_held("errors > 1000")
    assert replay.seek(Seek(to="#7")).what.startswith('source emits order  {"n":7}')


def test_texts_mean_moments() -> None:
    assert target_of("12", 0, 0).seq == 12
    assert target_of("#12", 0, 0).record == 12
    assert target_of("+1m", NOON, NOON).at == NOON + 60
    assert target_of("errors > 3", 0, 0).condition == "errors > 3"
    with pytest.raises(ConditionError):
        target_of("errors >", 0, 0)


def test_a_hole_in_the_changes_is_said_and_what_is_beyond_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    write_job(path)
    (changes_folder(path) / "000002.seg").write_bytes(b"gone")
    replay = Replay(path, lambda: open_job(path))
    with pytest.raises(Exception, match="can't be read"):
        replay.seek(Seek(at=NOON + 15))
    assert int(_second(replay.seek(Seek(at=NOON + 25)))) == 25
    assert replay.seek(Seek(at=NOON + 5)).seq > 0


def test_a_change_that_is_none_ends_what_is_shown_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    state = write_job(path)
    store = SegmentStore(changes_folder(path), state.job_id).load()
    segment = store.segments[1]
    keyframe = json.dumps(store.keyframe(segment)).encode()
    blocks = []
    for block in store.footer(segment).blocks:
        changes = store.changes(segment, block)
        if block.first == segment.first:
            changes[3][1], changes[4][2:] = "\x1b[31mnone", []
        raw = b"".join(json.dumps([one]).encode() + b"\n" for one in changes)
        blocks.append((raw, block.first, block.last, block.counts, block.next_task))
    store.segments.remove(segment)
    store.add(segment, keyframe, blocks)
    replay = Replay(path, lambda: open_job(path))
    last = segment.first + 2
    for asked in (Seek(to=str(last + 5)), Seek(origin=last - 1, steps=2), Seek(at=NOON + 15)):
        point = replay.seek(asked)
        assert (point.seq, f"after change {last} is missing" in point.what) == (last, True)
    assert int(_second(replay.seek(Seek(at=NOON + 25)))) == 25
    assert replay.seek(Seek(origin=last, steps=1)).seq == segment.last + 1
    assert int(_second(replay.seek(Seek(origin=last, marks=1)))) == GIVEN_UP
    assert replay.marks(20)
    with pytest.raises(UsageError, match="no time"):
        replay.seek(Seek(at=float("nan")))


def test_without_changes_the_records_times_tell_and_the_rest_is_said(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    write_job(path)
    for one in changes_folder(path).iterdir():
        one.unlink()
    replay = Replay(path, lambda: open_job(path))
    point = replay.seek(Seek(at=NOON + 5.05))
    assert not point.is_exact
    assert "its changes are not kept" in point.note
    header = replay.projection.header()
    assert (header.status, header.counts["history"]) == ("running", 6)
    assert len(replay.projection.window("history", 0, 99, Filter()).rows) == 6
    assert replay.projection.insight(["figures"]).figures
    point = replay.seek(Seek(to="#7"))
    assert replay.projection.header().counts["history"] == 8
    point = replay.seek(Seek(origin=0, marks=1))
    assert int(_second(point)) == GIVEN_UP
    point = replay.seek(Seek(origin=point.seq, marks=1))
    assert replay.projection.header().status == "paused"
    assert int(_second(replay.seek(Seek(origin=point.seq, marks=-1)))) == GIVEN_UP
    with pytest.raises(NotPossible, match="changes are not kept"):
        replay.seek(Seek(to="errors > 3"))
    assert replay.seek(Seek()).is_last
    assert replay.projection.header().status == "completed"


def test_what_a_condition_asks_for_is_the_same_told_alone_and_with_all_else(replay: Replay) -> None:
    job = replay.projection.job
    whole = context_of(job, now=NOON + 50)
    for name in whole:
        assert context_of(job, now=NOON + 50, names=frozenset({name}))[name] == whole[name]
    assert set(context_of(job, names=frozenset({"status", "errors"}))) == {"status", "errors"}


def test_what_handlers_printed_until_then_is_there_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "orders.json"
    write_job(path)
    clock = [NOON]
    still = SimpleNamespace(time=lambda: clock[0], monotonic=time.monotonic)
    monkeypatch.setattr(printed, "time", still)
    writer = PrintedWriter(path)
    for n in range(600):
        clock[0] = NOON + n / 20
        writer.write("price", n, "print", f"line {n}")
    writer.close()
    replay = Replay(path, lambda: open_job(path))
    for second, lines in ((0.0, 1), (10.0, 201), (29.0, 581), (40.0, 600)):
        replay.seek(Seek(at=NOON + second))
        window = replay.projection.window(PRINTED, -1, 1 << 52, Filter())
        assert (window.total, window.rows[-1].text) == (lines, f"line {lines - 1}")
    replay.seek(Seek(at=NOON + 10))
    assert replay.projection.window(PRINTED, 0, 9, Filter(text="line 2")).total == 12


def test_what_a_job_does_meanwhile_is_there_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state = JobState("f")
    journal = Journal(state, path)
    state.status = "running"
    journal.flush()
    kept = KeptChanges(path)
    before = kept.last
    state.update_shared_data("n", 1)
    journal.flush()
    kept.refresh()
    assert kept.last > before
    assert kept.job_at(kept.last).shared_data == {"n": 1}
    state.status = "completed"
    journal.close()
    kept.refresh()
    assert kept.job_at(kept.last).status == "completed"
    looked = kept.pieces
    kept.refresh()  # of what is sealed whole nothing is read again
    assert kept.pieces is looked


def test_a_moment_of_a_running_job_is_the_same_however_often_one_looks(tmp_path: Path) -> None:
    state = JobState("f")
    error = {"error": "LookupError: 404", "traceback": "x"}
    with mock.patch.multiple(journals, SEAL_CHANGES=6):
        journal = Journal(state, tmp_path / "j.json")
        state.status = "running"
        for n in range(1, 5):
            state.make("emit", "a", "row", {"n": n}, NOON + n, None, [(n, "b", "row")])
            state.make("run", n, "b", NOON + n)
            state.make("ran", n, "b", "error_continued", NOON + n, error)
            if n == 2:
                journal.rotate()  # what follows stands on a keyframe that knows the routine
        journal.flush()
    kept = KeptChanges(tmp_path / "j.json")
    assert kept.pieces[-1].content.keyframe["routine_states"]["b"]["errors"] == 2
    first = json.dumps(kept.fresh_at(kept.last).to_plain(), default=str)
    assert json.dumps(kept.fresh_at(kept.last).to_plain(), default=str) == first
    assert kept.fresh_at(kept.last).routine_states["b"]["errors"] == 4
    journal.close()


def test_a_search_can_be_stopped_at_any_line_of_it_as_a_signal_does(path: Path) -> None:
    replay = Replay(path, lambda: open_job(path))

    def interrupt(frame: FrameType, event: str, _: object) -> object:
        if event == "line" and frame.f_code.co_name != "stop":
            replay.stop()
        return interrupt

    def search() -> None:
        sys.settrace(interrupt)
        try:
            replay.seek(Seek(to="errors > 0"))
        except NotPossible:
            pass
        finally:
            sys.settrace(None)

    searching = threading.Thread(target=search, daemon=True)
    searching.start()
    searching.join(60)
    assert not searching.is_alive()


def test_errors_of_a_file_that_routilux_wrote_are_marked_where_one_goes_to_them() -> None:
    path = JOBS / "0.11.0" / "retry-downstream-exhausted.json"
    replay = Replay(path, lambda: open_job(path))
    point, found = replay.seek(Seek(to="0")), []
    with contextlib.suppress(NotPossible):
        while True:
            point = replay.seek(Seek(origin=point.seq, marks=1))
            found.append(min(59, int((point.at - point.begin) / (point.end - point.begin) * 60)))
    marks = replay.marks(60)
    assert found
    assert [n for n, kind in enumerate(marks) if kind == "error"] == sorted(set(found))
