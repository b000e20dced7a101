"""``routilux-tui trace``: from a record back to the start of its job, live and saved."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.cli.test_commands import JOBS, tui
from tests.flows import write_flows
from tests.staged import LEDGER, ORDERS

if TYPE_CHECKING:
    from pathlib import Path


def _chain(printed: str) -> list[str]:
    """Routine and event of each line."""
    return re.findall(r"#\d+ +\S+ +(?:\+\S+ +)?(\S+ +\S+)", printed)


def test_an_error_is_followed_back_to_the_start_of_its_job(world: Path) -> None:
    path = str(world / "orders.json")
    tui("run", f"{ORDERS}:failing", "-p", "pace=0", "-p", "every=3", "--save", path, code=1)
    errors = [
        json.loads(line)
        for line in tui("history", path, "--event", "error", "--json").stdout.splitlines()
    ]
    told = json.loads(tui("trace", path, str(errors[-1]["n"]), "--json").stdout)
    kinds = [(step["routine"], step["event"]) for step in told["chain"]]
    assert kinds[0] == ("source", "start")
    assert kinds[-3:] == [("source", "order"), ("validate", "valid"), ("price", "error")]
    record = told["chain"][-2]["text"]
    assert '"currency":"EÜR"' in record
    assert [step["cause"] for step in told["chain"]] == [
        None,
        *(step["n"] for step in told["chain"][:-1]),
    ]


def test_a_job_that_is_paused_in_its_middle_is_followed_both_ways(world: Path) -> None:
    job = tui("run", str(LEDGER), "-p", "accounts=30", "-p", "big=12", "--detach").stdout.strip()
    tui("wait", job, "--until", 'status == "paused"', "--timeout", "30")
    printed = tui("trace", job, "5").stdout
    before, _, after = printed.partition("what came of it:\n")
    assert _chain(before) == ["collect  start", "collect  entry"]
    assert _chain(after) == ["book  booked"]
    assert '"account":"acc-0004"' in after
    tui("cancel", job)


def test_the_turns_of_a_loop_are_counted(world: Path) -> None:
    path = str(world / "count.json")
    tui("run", f"{write_flows(world)}:counting", "-p", "n=50", "--save", path)
    lines = tui("trace", path, "-1").stdout.splitlines()
    assert lines[2] == "         … 49 more of source.next"
    assert len(lines) == 4


def test_what_a_file_does_not_say_and_what_is_not_there_is_told() -> None:
    path = str(JOBS / "0.11.0/big-1k.json")
    assert "its records do not say what led to them" in tui("trace", path, "500").stdout
    assert "There is no record 994." in tui("trace", path, "994", code=2).stderr
