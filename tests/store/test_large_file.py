"""A large file is open at once, and says the same as one that is read whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.errors import JobFileError
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.store import files
from routilux_tui.store.large_file import FileHistory, open_job, wait_counted
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import HISTORY, Filter

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = 120_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.json"
    job = JobState("large")
    for n in range(RECORDS):
        job.record_execution(f"r{n % 3}", "out", {"n": n, "text": "\n    {\n" + "x" * 40})
    job.append_to_shared_log({"message": "after all"})
    job.save(path)
    assert path.stat().st_size > files.LARGE
    return path


def test_the_tail_is_there_before_the_rest_is_counted(large: Path) -> None:
    state = open_job(large)
    assert isinstance(state.execution_history, FileHistory)
    window = Projection(state).window(HISTORY, -5, RECORDS * 2, Filter())
    assert '"n":119999' in window.rows[-1].text
    assert abs(window.total - RECORDS) < RECORDS / 10


def test_it_says_the_same_as_one_that_is_read_whole(large: Path) -> None:
    state, whole = open_job(large), JobState.load(large)
    assert wait_counted(state, 60)
    lazy, full = Projection(state), Projection(whole)
    assert lazy.header() == full.header()
    for start in (0, 1, 59_990, RECORDS - 3):
        there = Filter()
        assert lazy.window(HISTORY, start, start + 5, there) == full.window(
            HISTORY, start, start + 5, there
        )
    where = Filter(routine="r1", text='"n":77')
    assert lazy.window(HISTORY, 0, 50, where) == full.window(HISTORY, 0, 50, where)
    assert lazy.item(HISTORY, 77) == full.item(HISTORY, 77)
    assert list(state.execution_history) == whole.execution_history


def test_its_line_in_the_list_has_the_exact_count(large: Path) -> None:
    entry = read_entry(large)
    assert (entry.records, entry.error) == (RECORDS, "")


def test_records_of_a_running_job_are_added_to_those_of_the_file(large: Path) -> None:
    state = open_job(large)
    state.make("record", "late", "out", {}, time.time())
    assert wait_counted(state, 60)
    assert len(state.execution_history) == RECORDS + 1
    assert state.execution_history[-1].routine_id == "late"
    assert state.execution_history[RECORDS - 1].data["n"] == RECORDS - 1


def test_a_large_file_of_another_layout_is_read_whole(large: Path, tmp_path: Path) -> None:
    path = tmp_path / "wide.json"
    path.write_bytes(large.read_bytes().replace(b'\n  "', b'\n\t"'))
    state = open_job(path)
    assert not isinstance(state.execution_history, FileHistory)
    assert len(state.execution_history) == RECORDS


def test_a_large_file_that_is_cut_short_is_one_clear_error(large: Path, tmp_path: Path) -> None:
    path = tmp_path / "torn.json"
    path.write_bytes(large.read_bytes()[:-5_000_000])
    with pytest.raises(JobFileError, match=str(path)):
        open_job(path)
    assert read_entry(path).badge == "torn"


def test_a_flow_of_hundreds_of_routines_is_opened_at_once_too(tmp_path: Path) -> None:
    path = tmp_path / "wide.json"
    job = JobState("wide")
    for n in range(90_000):
        job.record_execution(f"r{n % 3}", "out", {"n": n, "text": "x" * 80})
    for n in range(300):
        one = job.statistics.of(f"r{n}")
        one.activity = {number: [123_456_789, 12, 12, 0, 0, 3] for number in range(512)}
    job.statistics.clock.tick_at(1_700_000_000.0, [])
    job.save(path)
    opened = open_job(path)
    assert isinstance(opened.execution_history, FileHistory)
    assert opened.statistics.of("r299").activity == job.statistics.of("r299").activity
