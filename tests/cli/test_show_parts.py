"""``show --problems`` and ``show --now``: the staged faults, by their one-line twins."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.cli.program import tui
from tests.conftest import DATA
from tests.staged import ETL, ORDERS

if TYPE_CHECKING:
    from pathlib import Path


def test_problems_name_the_inputs_what_they_share_and_the_line(world: Path) -> None:
    path = str(world / "orders.json")
    words = ["-p", "pace=0", "-p", "every=3", "-p", "total=40", "-p", "tries=1", "-p", "delay=0.5"]
    tui("run", f"{ORDERS}:flow", *words, "--save", path, code=1)
    printed = tui("show", path, "--problems").stdout
    assert printed.startswith("price: LookupError: rate service answered 404\n")
    assert 'all have: currency = "EÜR"' in printed
    assert "nightly_orders.py:" in printed
    assert "in lookup: raise LookupError" in printed
    assert "  input #" in printed
    assert "    Traceback (most recent call last):" in printed
    shown = json.loads(tui("show", path, "--problems", "--json").stdout)
    assert set(shown) == {"at", "problems", "problems_beyond"}
    [problem] = shown["problems"]
    assert problem["routine_id"] == "price"
    assert problem["common"] == {"currency": "EÜR"}
    assert problem["samples"][0]["input"]["currency"] == "EÜR"
    refused = tui("resume", path, code=1).stderr
    assert "is failed: it can't be resumed" in refused
    assert "again " in refused
    assert "--only-failed" in refused


def test_a_job_without_problems_or_handlers_says_so(flows: str, world: Path) -> None:
    path = str(world / "well.json")
    tui("run", f"{flows}:counting", "--save", path)
    assert tui("show", path, "--problems", "--now").stdout == "No problems.\nNo handler runs.\n"
    assert "--now" in tui("show", path, "--stacks", code=2).stderr


def test_now_says_what_runs_since_when_where_and_what_comes_next(world: Path) -> None:
    words = ["-p", "rows=40", "-p", "quick=50", "-p", "slow=50", "--detach"]
    job = tui("run", str(ETL), *words).stdout.strip()
    tui("wait", job, "--until", "routines.enrich.active >= 1", "--timeout", "60")
    header = tui("show", job).stdout
    assert re.search(
        r"^  (\d+% done, )?(ends about \d\d:\d\d \(.*\)|no end known)$", header, re.MULTILINE
    )
    assert re.search(r"^enrich +running ", header, re.MULTILINE)
    assert re.search(r"^extract +idle ", header, re.MULTILINE)
    printed = tui("show", job, "--now", "--stacks").stdout
    assert "enrich  for " in printed
    assert "in ask_the_warehouse" in printed
    assert "time.sleep(seconds)" in printed
    shown = json.loads(tui("show", job, "--now", "--stacks", "--json").stdout)
    assert set(shown) == {"at", "now", "stacks"}
    running = [one for one in shown["now"]["handlers"] if one["routine_id"] == "enrich"]
    assert running
    assert running[0]["input"]["payload"] == {"sku": f"sku-{running[0]['input']['row_id'] % 99}"}
    assert "ask_the_warehouse" in shown["stacks"][str(running[0]["task"])]
    assert set(json.loads(tui("show", job, "--now", "--json").stdout)) == {"at", "now"}
    tui("cancel", job, "--force", "--grace", "0")


def test_the_whole_of_a_job_in_json_has_its_flow(flows: str, world: Path) -> None:
    path = str(world / "counted.json")
    tui("run", f"{flows}:counting", "--no-tui", "--save", path)
    for words in (["show", path], ["show", path, "--at", "#1"]):
        flow = json.loads(tui(*words, "--json").stdout)["flow"]
        assert flow["routines"] == ["source", "sink"]
        assert ["source", "out", "sink", "in"] in flow["links"]


def test_of_a_file_of_routilux_every_routine_with_a_record_is_shown() -> None:
    path = str(DATA / "jobs/0.10.0/ex-aggregator_demo-00.json")
    lines = [line.split()[:4] for line in tui("show", path).stdout.splitlines()]
    assert ["trigger", "done", "2", "0"] in lines
    for name in ("search1", "search2", "search3"):
        assert [name, "done", "1", "1"] in lines
    figures = json.loads(tui("show", path, "--json").stdout)["figures"]
    told = {one["routine_id"]: (one["done"], one["errors"], one["last_error"]) for one in figures}
    assert told["search2"] == (0, 1, "'SearchTask' object has no attribute 'task_name'")
