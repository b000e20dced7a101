"""``routilux-tui export``: every run of a handler and every emit, from the changes that are kept."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.cli.test_commands import JOBS, tui
from tests.flows import write_flows
from tests.staged import ETL

if TYPE_CHECKING:
    from pathlib import Path


def _slices(events: list[dict[str, Any]]) -> dict[str, int]:
    names = [one["name"] for one in events if one["ph"] == "X"]
    return {name: names.count(name) for name in sorted(set(names))}


def test_a_job_that_has_ended_is_exported_with_every_run(world: Path) -> None:
    path = str(world / "etl.json")
    tui("run", str(ETL), "-p", "rows=12", "-p", "quick=0", "-p", "slow=0", "--save", path)
    target = world / "trace.json"
    tui("export", path, "--perfetto", str(target))
    events = json.loads(target.read_text())["traceEvents"]
    assert _slices(events) == {"clean": 12, "enrich": 12, "extract": 1, "load": 12, "report": 12}
    assert sum(one["ph"] == "s" for one in events) == sum(one["ph"] == "f" for one in events) == 48
    packed = world / "trace.json.gz"
    tui("export", path, "--perfetto", str(packed))
    assert json.loads(gzip.decompress(packed.read_bytes()))["traceEvents"] == events
    assert json.loads(tui("export", path, "--perfetto", "-").stdout)["traceEvents"] == events


def test_a_job_that_runs_is_exported_so_far(world: Path) -> None:
    flows = write_flows(world)
    job = tui("run", f"{flows}:stuck", "-p", "seconds=60", "--detach").stdout.strip()
    tui("wait", job, "--until", 'status == "running"', "--timeout", "30")
    events = json.loads(tui("export", job, "--perfetto", "-").stdout)["traceEvents"]
    assert [one["name"] for one in events if one["ph"] == "i"] == ["job running"]
    tui("cancel", job, "--force", "--grace", "0")


def test_what_can_not_be_exported_says_why(world: Path) -> None:
    path = str(JOBS / "0.11.0/big-1k.json")
    assert "its changes are not kept" in tui("export", path, "--perfetto", "-", code=3).stderr
    tui("run", f"{write_flows(world)}:counting", "--save", str(world / "c.json"))
    nowhere = str(world / "no" / "trace.json")
    assert (
        "No such file" in tui("export", str(world / "c.json"), "--perfetto", nowhere, code=2).stderr
    )


def test_no_name_of_a_flow_reaches_the_terminal_as_it_is(world: Path) -> None:
    attack = "f\x1b]52;c;x\x07\x9b31m\u202e\ud800"
    (world / "odd.py").write_text(f"""
from routilux_tui import Flow, Routine
flow, start = Flow({attack!r}), Routine()
start.define_slot("trigger", handler=lambda: None)
flow.add_routine(start, "start")
""")
    tui("run", str(world / "odd.py"), "--save", str(world / "c.json"))
    printed = tui("export", str(world / "c.json"), "--perfetto", "-").stdout
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(printed)
    names = [one["args"]["name"] for one in json.loads(printed)["traceEvents"] if one["ph"] == "M"]
    assert attack.replace("\ud800", "\ufffd") in names
