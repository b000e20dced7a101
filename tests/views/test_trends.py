"""The runs of a flow beside each other: what is usual, and which are odd."""

from __future__ import annotations

from routilux_tui.job import timestamps
from routilux_tui.views.shapes import JobEntry
from routilux_tui.views.trends import trend

BEGAN = 1_700_000_000.0


def run_entry(night: int, seconds: float, *, status: str = "completed", records: int = 100, errors: int = 0, flow: str = "f") -> JobEntry:  # fmt: skip
    began = BEGAN + night * 86_400
    return JobEntry(
        key=f"{night}", status=status, flow_id=flow, job_id=f"job-{night}", records=records,
        errors=errors, created_at=timestamps.to_iso(began),
        updated_at=timestamps.to_iso(began + seconds),
    )  # fmt: skip


def test_a_run_that_takes_much_longer_or_has_errors_is_odd() -> None:
    runs = [run_entry(n, 60 + n % 3) for n in range(12)]
    found = trend(
        [*runs, run_entry(12, 150), run_entry(13, 61, errors=9), run_entry(14, 2, status="failed")]
    )
    assert [one.odd for one in found.runs[:12]] == [[]] * 12
    assert found.runs[12].odd == ["took 2m30s, others 1m01s"]
    assert found.runs[13].odd == ["errors 9, others 0"]
    assert found.runs[14].odd[:2] == ["failed", "took 2.0s, others 1m01s"]
    assert found.usual == 61


def test_among_few_runs_none_is_odd_and_one_that_runs_took_no_time() -> None:
    runs = [run_entry(0, 10), run_entry(1, 99), run_entry(2, 10), run_entry(3, 5, status="running")]
    found = trend(runs)
    assert [one.odd for one in found.runs] == [[], [], [], []]
    assert found.runs[3].seconds is None


def test_the_newest_runs_are_shown_oldest_first_and_unreadable_files_left_out() -> None:
    runs = [run_entry(n, 10) for n in (3, 1, 2, 0)]
    runs.append(JobEntry(key="bad", error="cut short"))
    assert [one.entry.key for one in trend(runs, 3).runs] == ["1", "2", "3"]
