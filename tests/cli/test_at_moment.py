"""``--at MOMENT``: a job as it was, by the commands that read one; the same moments for timeline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import tui
from tests.cli.test_commands import JOBS
from tests.replayed import GIVEN_UP, NOON, ORDERS, RETRIED, write_job

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("past") / "orders.json"
    write_job(path)
    return str(path)


def test_a_job_is_shown_as_it_was_at_a_moment(path: str) -> None:
    shown = json.loads(tui("show", path, "--at", "+5.15", "--json").stdout)
    assert (shown["header"]["status"], shown["header"]["counts"]["history"]) == ("running", 6)
    assert shown["now"]["handlers"][0]["routine_id"] == "price"
    assert shown["outlook"]["silent"] == pytest.approx(0.05, abs=0.001)
    done = tui("show", path, "--at", "errors >= 1", "--now")
    assert "as it was at 2026-11-2" in done.stderr
    assert "price fails, will be tried again: LookupError: 404" in done.stderr
    assert len(tui("history", path, "--at", f"#{RETRIED}").stdout.splitlines()) == RETRIED + 1
    assert len(tui("history", path, "--at", "4", "--tail", "1").stdout.splitlines()) == 1
    assert "1 error in `price`" in tui("why", path, "--at", f"+{RETRIED + 0.25}").stdout
    late = tui("show", path, "--at", "-5s").stderr
    assert late == tui("show", path, "--at=-5s").stderr
    assert "as it was at" in late
    assert tui("timeline", path, "--from", "-5s", "--to", "-1s").stdout
    assert tui("graph", path, "--at", "+1", "--as", "json").stdout
    assert len(tui("history", path).stdout.splitlines()) == ORDERS + 1


def test_no_moment_is_an_error_that_says_what_would_be_one(path: str, world: Path) -> None:
    assert "no moment" in tui("show", path, "--at", "next tuesday", code=2).stderr
    assert "its value is empty" in tui("show", path, "--at", "", code=2).stderr
    assert "its value is empty" in tui("timeline", path, "--from", "", code=2).stderr
    for command in ("show", "history", "why", "graph"):
        told = tui(command, path, "--at", "+99999999h", code=2).stderr
        assert "calendar" in told
        assert "to come" in tui(command, path, "--at", "+999999h", code=1).stderr
    assert "stauts" in tui("show", path, "--at", 'stauts == "paused"', code=2).stderr
    assert "never held" in tui("show", path, "--at", "errors > 1000", code=1).stderr
    assert "a flow has no past" in tui("graph", "x.py", "--at", "3", code=2).stderr
    assert "not kept" in tui("show", path, "--now", "--stacks", "--at", "3", code=2).stderr


def test_a_file_without_changes_tells_by_its_records_and_says_so(world: Path) -> None:
    done = tui("show", str(JOBS / "0.11.0/big-1k.json"), "--at", "#40", "--json")
    assert "by its records' times" in done.stderr
    assert json.loads(done.stdout)["header"]["counts"]["history"] == 41
    assert (
        "changes are not kept"
        in tui("history", str(JOBS / "0.11.0/big-1k.json"), "--at", "errors > 3", code=1).stderr
    )


def test_the_timelines_ends_are_moments_of_the_same_kind(path: str) -> None:
    words = ["--from", f"#{RETRIED}", "--to", "routines.price.errors >= 2", "--json"]
    told = json.loads(tui("timeline", path, *words).stdout)
    assert (told["begin"] - NOON, round(told["end"] - NOON, 3)) == (RETRIED, GIVEN_UP + 0.4)


def test_a_lane_is_expanded_by_those_that_ran_at_once(path: str) -> None:
    told = json.loads(tui("timeline", path, "--expand", "price", "--json").stdout)
    assert [lane["part"] for lane in told["lanes"] if lane["routine_id"] == "price"] == [1]
    assert "no routine 'prise'" in tui("timeline", path, "--expand", "prise", code=2).stderr
