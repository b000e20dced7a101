"""``routilux-tui why``: the staged faults, live and after the end, each by its first sentence."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from tests.cli.test_commands import tui
from tests.flows import write_flows
from tests.staged import ETL, LEDGER, ORDERS

if TYPE_CHECKING:
    from pathlib import Path


def _why(job: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in tui("why", job, "--json").stdout.splitlines()]


def test_a_job_that_waits_for_a_person_says_for_what(world: Path) -> None:
    job = tui("run", str(LEDGER), "-p", "accounts=30", "-p", "big=12", "--detach").stdout.strip()
    tui("wait", job, "--until", 'status == "paused"', "--timeout", "30")
    told = _why(job)
    assert [one["code"] for one in told] == ["waits_for_answer"]
    assert told[0]["key"] == "r"
    assert told[0]["figures"]["held"] == 29
    printed = tui("why", job).stdout
    assert "It has waited for an answer for " in printed
    assert "four-eyes approval, asked by `book`; 29 tasks are held." in printed
    tui("cancel", job)


def test_a_job_that_has_failed_names_the_routine_and_the_error(world: Path) -> None:
    path = str(world / "orders.json")
    tui("run", f"{ORDERS}:failing", "-p", "pace=0", "--save", path, code=1)
    told = _why(path)
    assert told[0]["code"] == "failed"
    assert told[0]["text"].startswith("`price` failed: LookupError: rate service answered 404.")
    assert told[0]["figures"]["routine"] == "price"


def test_a_job_whose_process_was_killed_says_how_it_is_taken_up(world: Path) -> None:
    path = str(world / "gone.json")
    tui("run", f"{write_flows(world)}:leaving", "--save", path, code=3)
    assert tui("why", path).stdout.startswith("✗ The process that ran it was killed; its last ch")
    assert f"routilux-tui resume {path}" in _why(path)[0]["command"]


def test_a_job_that_went_well_says_so(world: Path) -> None:
    path = str(world / "well.json")
    tui("run", f"{write_flows(world)}:counting", "--save", path)
    assert tui("why", path).stdout.startswith("✓ Completed in ")


def test_one_routine_that_holds_all_workers_is_named_while_the_job_runs(world: Path) -> None:
    job = tui(
        "run", str(ETL), "-p", "rows=400", "-p", "quick=5", "-p", "slow=5", "--detach"
    ).stdout.strip()
    told = _why(job)
    while told[0]["code"] != "holds_workers":  # rows are still being made and cleaned
        time.sleep(0.1)
        told = _why(job)
    assert told[0]["figures"]["routine"] == "enrich"
    assert told[0]["figures"]["workers"] == 4
    assert told[0]["figures"]["queued"] + told[0]["figures"]["behind"] >= 10
    tui("cancel", job, "--force", "--grace", "0")


def test_inputs_that_are_tried_again_say_what_they_have_in_common(world: Path) -> None:
    job = tui(
        "run", f"{ORDERS}:flow", "-p", "total=100000", "-p", "every=50", "-p", "delay=30",
        "--detach",
    ).stdout.strip()  # fmt: skip
    tui("wait", job, "--until", "retries >= 4", "--timeout", "60")
    retries = next(one for one in _why(job) if one["code"] == "retries")
    assert re.fullmatch(
        r"\d+ inputs of `price` wait for another try, the next in [\d.]+s: "
        r'LookupError: rate service answered 404; all have currency = "EÜR"\.',
        retries["text"],
    )
    tui("cancel", job, "--force", "--grace", "0")
