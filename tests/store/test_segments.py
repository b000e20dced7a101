"""Segments: what a job did is kept, sealed and compressed, and is the same wherever it is read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import JobState
from routilux_tui.errors import JobFileError
from routilux_tui.job.changes import FOLD
from routilux_tui.store import journal as journals
from routilux_tui.store.changes_reading import CUT
from routilux_tui.store.files import journal_path
from routilux_tui.store.journal import Journal
from routilux_tui.store.large_file import open_job
from routilux_tui.store.list_growth import LISTS, entries_of
from routilux_tui.store.reading import load_job
from routilux_tui.store.seeking import job_at
from routilux_tui.store.segments import SegmentStore, changes_folder
from routilux_tui.store.stored_list import StoredList
from tests.sampling import every

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = 300


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.json"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEAL_CHANGES", 60)
    monkeypatch.setattr(journals, "BLOCK_CHANGES", 20)


def work(state: JobState, journal: Journal, first: int = 0, rounds: int = ROUNDS) -> None:
    """Change a job in every way that its lists know, and have all sealed that is to be."""
    for n in range(first, first + rounds):
        at = time.time()
        state.make("emit", "a", "out", {"n": n}, at, None, [(n + 1, "b", "in")])
        state.make("run", n + 1, "b", at)
        if n % 3 == 0:
            state.append_to_shared_log({"n": n})
        if n % 5 == 0:
            state.send_output("b", "kind", {"n": n})
        if n % 7 == 0:
            state.make("record", "b", "error", {"n": n}, at, n + 1, None)
        state.make("ran", n + 1, "b", "completed", at, None)
        if n % 10 == 9:
            journal.rotate()
    assert journal._sealer.seal_waiting()


def lists_of(state: Any) -> list[Any]:
    """All that a job's lists have, as a file would."""
    state = state.to_plain()
    state["execution_history"] = [one.to_plain() for one in state["execution_history"]]
    return [state[name] for name in LISTS]


def small_of(state: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(state.to_plain(lists=False), default=str))
    return plain


@pytest.fixture
def sealed(path: Path) -> Iterator[tuple[JobState, Journal, list[Any]]]:
    """A running job, most of whose changes are sealed; and what its lists have, by a plain copy."""
    state = JobState("f")
    plain = JobState("f")
    plain._job_id = state.job_id
    state.subscribe(lambda change: plain.apply(json.loads(json.dumps(change))))
    journal = Journal(state, path)
    state.status = "running"
    work(state, journal)
    yield state, journal, lists_of(plain)
    journal.abandon()


def test_entries_are_what_the_fold_makes_of_changes() -> None:
    job, changes = JobState("f"), []
    job.subscribe(changes.append)
    at = time.time()
    job.make("emit", "a", "out", {"n": 1}, at, None, [(1, "b", "in"), (2, "c", "in")])
    job.make("emit", "b", "out", {"n": 2}, at, 1, [])
    job.make("record", "b", "error", {"n": 3}, at, 1, 0)
    job.make("record", "b", "old", {"n": 3}, at)
    job.append_to_shared_log({"n": 4})
    job.send_output("b", "kind", {"n": 5})
    made = entries_of([list(one) for one in changes], 1)
    assert [one.to_plain() for one in made[0]] == [one.to_plain() for one in job.execution_history]
    assert made[1:] == (job.shared_log, job.output_log)
    queue = [1, "queue", [[6, "b", "in"], [7, "b", "in"]], {}, at, None, None]
    for first in (queue, [1, "again", 1, 7, None, at]):
        assert entries_of([first, [2, "record", "b", "old", {}, at]], 1)[0][0].first == 8
    known = {"emit", "record", "log", "output", "queue", "again"}
    for kind in FOLD.keys() - known - {"set"}:
        assert entries_of([[1, kind, *[None] * 7]], 1) == ([], [], []), kind


def test_what_is_sealed_is_read_as_if_it_were_in_memory(
    sealed: tuple[JobState, Journal, list[Any]],
) -> None:
    state, journal, expected = sealed
    assert len(journal._store.segments) > 10
    history = state.execution_history
    assert isinstance(history, StoredList)
    assert list.__len__(history) < len(history) / 4  # most is not in memory
    assert lists_of(state) == expected
    count = len(history)
    for start, stop in ((0, 5), (17, 43), (count - 3, count), (-4, None), (5, 3)):
        part = [one.to_plain() for one in history[start:stop]]
        assert part == expected[0][start:stop]
    assert history[-1].to_plain() == expected[0][-1]
    assert [one.to_plain() for one in reversed(history)] == expected[0][::-1]
    with pytest.raises(IndexError):
        history[count]


@pytest.mark.parametrize(
    "load", [lambda path: load_job(path, into=JobState, strict=True), open_job]
)
def test_a_killed_job_is_read_from_its_changes(
    load: Any, path: Path, sealed: tuple[JobState, Journal, list[Any]]
) -> None:
    state, journal, expected = sealed
    journal.abandon()
    again = load(path)
    assert lists_of(again) == expected
    assert (again.seq, again.missing, again.unread) == (state.seq, "", "")
    assert small_of(again) == small_of(state)


def test_the_file_is_streamed_whole_at_a_pause_and_at_the_end(
    path: Path, sealed: tuple[JobState, Journal, list[Any]], peer: str
) -> None:
    state, journal, expected = sealed
    journal.write_snapshot()
    content = json.loads(path.read_bytes())
    assert [content[name] for name in LISTS] == expected
    state.status = "completed"
    journal.close()
    content = json.loads(path.read_bytes())
    assert [content[name] for name in LISTS] == expected
    assert not journal_path(path).exists()
    code = (
        "import sys; from routilux.job_state import JobState\n"
        "print(len(JobState.load(sys.argv[1]).execution_history))"
    )
    done = subprocess.run([peer, "-c", code, str(path)], capture_output=True, text=True)
    assert done.stdout == f"{len(expected[0])}\n", done.stderr


def test_any_moment_can_be_had_again(
    path: Path, sealed: tuple[JobState, Journal, list[Any]]
) -> None:
    state, journal, _ = sealed
    journal.flush()
    plain = JobState("f")
    plain._job_id = state.job_id
    store = SegmentStore(changes_folder(path), state.job_id).load()
    changes = [
        change
        for segment in store.segments
        for block in store.footer(segment).blocks
        for change in store.changes(segment, block)
    ]
    assert [one[0] for one in changes] == list(range(1, store.last + 1))
    for change in changes:
        plain.apply(change)
        if change[0] % 97 == 0 or change[0] == store.last:
            then = job_at(path, seq=change[0])
            assert then.seq == change[0]
            assert lists_of(then) == lists_of(plain)
            assert then.outstanding.keys() == plain.outstanding.keys()
            assert then.running == plain.running
            assert then.routine_states == plain.routine_states
    assert job_at(path, seq=state.seq).seq == state.seq
    assert job_at(path, at=time.time()).seq == state.seq
    middle = job_at(path, seq=200).updated_at.timestamp()
    assert job_at(path, at=middle).seq >= 200


def test_a_job_is_taken_up_and_goes_on_in_the_same_segments(
    path: Path, sealed: tuple[JobState, Journal, list[Any]]
) -> None:
    _, journal, expected = sealed
    for turn, end in enumerate((journal.abandon, journal.close)):
        end() if turn == 0 else None
        state = load_job(path, into=JobState, strict=True)
        journal = Journal(state, path)
        assert isinstance(state.execution_history, StoredList)
        work(state, journal, ROUNDS + turn * 50, 50)
        journal.close() if turn else journal.abandon()
    state = load_job(path, into=JobState, strict=True)
    emitted = [one.data["n"] for one in state.execution_history if one.event_name == "out"]
    assert emitted == list(range(ROUNDS + 100))
    assert lists_of(state)[0][: len(expected[0])] == expected[0]
    store = SegmentStore(changes_folder(path), state.job_id).load()
    assert not list(store.holes())
    assert store.last == state.seq


def test_a_paused_job_that_is_taken_up_from_its_file_uses_the_segments_it_has(
    path: Path, sealed: tuple[JobState, Journal, list[Any]]
) -> None:
    state, journal, expected = sealed
    state._set_paused("x")
    journal.close()
    before = len(list(changes_folder(path).iterdir()))
    again = load_job(path, into=JobState, strict=True)
    journal = Journal(again, path)
    assert isinstance(again.execution_history, StoredList)
    assert len(list(changes_folder(path).iterdir())) == before  # nothing was copied
    assert lists_of(again) == expected
    journal.close()


def test_a_file_without_its_changes_is_taken_up_with_all_that_it_has(
    path: Path, sealed: tuple[JobState, Journal, list[Any]]
) -> None:
    state, journal, expected = sealed
    state._set_paused("x")
    journal.close()
    shutil.rmtree(changes_folder(path))
    again = load_job(path, into=JobState, strict=True)
    journal = Journal(again, path)
    work(again, journal, ROUNDS, 50)
    journal.abandon()
    again = load_job(path, into=JobState, strict=True)
    assert lists_of(again)[0][: len(expected[0])] == expected[0]
    assert lists_of(again)[1][: len(expected[1])] == expected[1]
    assert not again.missing


def test_lists_that_are_assigned_anew_are_what_was_assigned(path: Path) -> None:
    state = JobState("f")
    journal = Journal(state, path)
    work(state, journal)
    state.execution_history = state.execution_history[:5]
    state.record_execution("a", "after", {})
    work(state, journal, ROUNDS, 100)
    expected = lists_of(state)
    assert [one["event_name"] for one in expected[0][:7]].index("after") == 5
    assert isinstance(state.execution_history, StoredList)
    journal.abandon()
    again = load_job(path, into=JobState, strict=True)
    assert lists_of(again) == expected
    Journal(again, path).close()
    assert lists_of(JobState.load(path)) == expected


def test_records_that_are_assigned_survive_a_kill(path: Path) -> None:
    state = JobState("f")
    journal = Journal(state, path)
    work(state, journal, 0, 10)
    state.execution_history = state.execution_history[3:5]
    expected = lists_of(state)
    journal.abandon()
    assert lists_of(load_job(path, into=JobState, strict=True)) == expected


def test_an_index_that_is_lost_is_made_from_the_segments(
    path: Path, sealed: tuple[JobState, Journal, list[Any]]
) -> None:
    _, journal, expected = sealed
    journal.abandon()
    index = changes_folder(path) / "index.json"
    counts = b'"counts":['
    odd = [index.read_bytes().replace(counts, counts + more) for more in (b"9" * 24, b"-", b"[")]
    for damage in (b"", b"{", b'{"version":1}', *odd, None):
        index.write_bytes(damage) if damage is not None else index.unlink()
        again = load_job(path, into=JobState, strict=True)
        assert (lists_of(again), again.missing) == (expected, "")


@pytest.mark.parametrize("damage", ["gone", "cut", "garbage", "zeros"])
def test_a_segment_that_is_lost_is_told_as_a_hole(
    damage: str, path: Path, sealed: tuple[JobState, Journal, list[Any]]
) -> None:
    state, journal, expected = sealed
    journal.abandon()
    segment = journal._store.segments[3]
    place = changes_folder(path) / segment.name
    content = place.read_bytes()
    if damage == "gone":
        place.unlink()
    else:
        half = len(content) // 2
        rest = {"cut": b"", "garbage": b"x" * 40 + content[half + 40 :], "zeros": bytes(half)}
        place.write_bytes(content[:half] + rest[damage])
    again = load_job(path, into=JobState)
    plain = lists_of(again)
    assert again.seq == state.seq
    if damage in {"gone", "cut"}:
        count = segment.last - segment.first + 1
        assert again.missing == f"{count:,} changes are missing"
    lost = [n for n, one in enumerate(plain[0]) if one["event_name"] == "missing"]
    assert lost
    assert [one for n, one in enumerate(plain[0]) if n not in lost] == [
        one for n, one in enumerate(expected[0]) if n not in lost
    ]
    Journal(again, path).close()
    assert '"missing"' in path.read_text()


def test_changes_of_a_newer_version_are_left_alone(
    path: Path, sealed: tuple[JobState, Journal, list[Any]]
) -> None:
    journal = sealed[1]
    journal.abandon()
    head, _, rest = journal_path(path).read_bytes().partition(b"\n")
    newer = {**json.loads(head), "journal": 99}
    journal_path(path).write_bytes(json.dumps(newer).encode() + b"\n" + rest)
    with pytest.raises(JobFileError, match="newer version"):
        load_job(path, into=JobState, strict=True)


def test_the_newest_files_may_be_cut_anywhere(path: Path) -> None:
    """Of each newest file, at offsets all over its end: all is there, or what is not is told."""
    state = JobState("f")
    journal = Journal(state, path)
    work(state, journal, 0, 40)
    state.update_shared_data("last", 1)
    journal.abandon()
    expected = lists_of(state)
    live = journal_path(path)
    newest = changes_folder(path) / journal._store.segments[-1].name
    for file in (live, newest, changes_folder(path) / "index.json", path):
        content = file.read_bytes()
        size = len(content.rstrip(b"\0")) + 3
        for keep in range(max(0, size - 4096), size, every(5)):
            file.write_bytes(content[:keep])
            try:
                again = load_job(path, into=JobState)
            except JobFileError:
                continue
            told = again.unread or again.missing
            assert told or (again.seq == state.seq and lists_of(again) == expected), (file, keep)
        file.write_bytes(content)
    live.write_bytes(live.read_bytes().rstrip(b"\0"))
    assert load_job(path, into=JobState).unread == CUT


MEMORY = """
import gc, sys
from routilux_tui import JobState
from routilux_tui.store import journal as journals
journals.SEAL_CHANGES = 2000
state = JobState("f")
journal = journals.Journal(state, sys.argv[1])
state.status = "running"
used = []
for n in range(40_000):
    state.record_execution("a", "e", {"n": n, "pad": "x" * 500})
    if n % 500 == 0:
        journal.flush()
        journal.rotate()
        journal._sealer.seal_waiting()
    if n in (10_000, 39_999):
        gc.collect()
        text = open("/proc/self/status").read()
        used.append(int(text.split("VmRSS:")[1].split()[0]))
print(used[1] - used[0])
assert len(state.execution_history) == 40_000
"""


def test_a_long_history_is_not_in_memory(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, timeout=90
    )
    # 30,000 records more, of half a kilobyte of text each
    assert int(done.stdout) < 6_000, done.stderr


def test_a_job_that_never_lets_go_of_its_lock_for_long_is_sealed_all_the_same(path: Path) -> None:
    state = JobState("f")
    journal = Journal(state, path)
    with state.lock:  # no thread of the journal's gets it
        for n in range(ROUNDS):
            state.make("record", "a", "e", {"n": n}, time.time())
            state.make("ran", n, "a", "completed", time.time(), None)
        names = {one.name for one in changes_folder(path).iterdir()}
        assert "000002.journal" in names or "000002.seg" in names
    journal.abandon()
    again = load_job(path, into=JobState, strict=True)
    assert [one.data["n"] for one in again.execution_history] == list(range(ROUNDS))
