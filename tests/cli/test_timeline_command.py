"""``routilux-tui timeline``: a lane a routine, of jobs that run, have ended, or have records alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_commands import JOBS, tui
from tests.flows import write_flows
from tests.staged import ETL

if TYPE_CHECKING:
    from pathlib import Path


def test_the_routine_that_takes_the_time_is_seen(world: Path) -> None:
    path = str(world / "etl.json")
    tui("run", str(ETL), "-p", "rows=40", "-p", "quick=0.05", "-p", "slow=0.3", "--save", path)
    told = json.loads(tui("timeline", path, "--json", "--columns", "40").stdout)
    lanes = {lane["routine_id"]: lane for lane in told["lanes"]}
    assert list(lanes) == ["extract", "clean", "enrich", "load", "report"]
    assert max(lanes, key=lambda one: lanes[one]["share"]) == "enrich"
    assert sum(level > 0 for level, _ in lanes["enrich"]["cells"]) > 10
    assert max(told["queue"]) > 10
    assert told["is_exact"]
    lines = tui("timeline", path, "--columns", "40").stdout.splitlines()
    assert lines[2].startswith("enrich  ")
    assert any(line.startswith("queue") for line in lines)
    part = json.loads(tui("timeline", path, "--json", "--columns", "40", "--to", "+0.1").stdout)
    assert round(part["end"] - part["begin"], 3) == 0.1
    assert (part["first"], part["last"]) == (told["first"], told["last"])


def test_a_handler_that_runs_still_is_busy_until_now(world: Path) -> None:
    flows = write_flows(world)
    job = tui("run", f"{flows}:stuck", "-p", "seconds=60", "--detach").stdout.strip()
    tui("wait", job, "--until", "age > 1", "--timeout", "30")
    told = json.loads(tui("timeline", job, "--json", "--columns", "10").stdout)
    assert [level for level, _ in told["lanes"][0]["cells"][-5:]] == [8] * 5
    tui("cancel", job, "--force", "--grace", "0")


def test_a_file_with_records_alone_says_that_it_is_an_approximation() -> None:
    path = str(JOBS / "0.11.0/big-1k.json")
    shown = tui("timeline", path, "--columns", "40").stdout
    assert "from the times of its records" in shown
    assert "▁" in shown
    told = json.loads(tui("timeline", path, "--json").stdout)
    assert not told["is_exact"]


def test_moments_that_make_no_sense_are_refused(world: Path) -> None:
    path = str(JOBS / "0.11.0/big-1k.json")
    assert "is no moment" in tui("timeline", path, "--from", "noon", code=2).stderr
    assert "not before" in tui("timeline", path, "--from", "+9h", "--to", "+1h", code=2).stderr


@pytest.mark.parametrize(
    "at", ["NaN", "1e308", "-1e308", '"0001-01-01T00:00:00"', '"9999-12-31T23:59:59Z"']
)
def test_times_that_no_calendar_has_are_left_out(at: str, world: Path) -> None:
    records = ",".join(
        f'{{"_type":"ExecutionRecord","routine_id":"r","event_name":"e","data":{{}},"timestamp":{one}}}'
        for one in ('"2026-01-01T03:00:00"', at, '"2026-01-01T03:00:07"')
    )
    (world / "odd.json").write_text(
        f'{{"_type":"JobState","flow_id":"f","job_id":"j","status":"completed","created_at":{at},'
        f'"updated_at":{at},"execution_history":[{records}]}}'
    )
    for command in ("timeline", "report"):
        assert "r" in tui(command, str(world / "odd.json")).stdout
