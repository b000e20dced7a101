"""Ours and the real routilux in one program: neither is in the other's way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CHECK = """
import serilux, routilux
from routilux_tui import ExecutionRecord, Flow, JobState, Routine
assert routilux.JobState is not JobState
assert serilux.SerializableRegistry.get_class("JobState") is routilux.JobState
assert serilux.SerializableRegistry.get_class("ExecutionRecord") is routilux.ExecutionRecord
for name in ("Flow", "Routine", "Slot", "Event", "ErrorHandler"):
    assert serilux.SerializableRegistry.get_class(name).__module__.startswith("routilux."), name

class Step(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=lambda: None)

flow = Flow("ours")
flow.add_routine(Step(), "a")
job = flow.execute("a")
assert JobState.wait_for_completion(flow, job, timeout=20)
assert JobState.load
data = job.serialize()
theirs = routilux.JobState()
theirs.deserialize(data)
assert theirs.status == "completed"
assert theirs.get_routine_state("a")["runs"] == 1
assert type(theirs.execution_history[0]) is routilux.ExecutionRecord
ours = JobState()
ours.deserialize(routilux.JobState("f").__dict__ | {"execution_history": []})
assert ours.flow_id == "f"
print("both")
"""


def site_packages(python: str) -> str:
    """Where a Python has its packages."""
    words = [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("first", ["routilux", "routilux_tui"])
@pytest.mark.parametrize("serilux", ["ours", "theirs"])
def test_both_can_be_imported_in_either_order(peer, first, serilux):
    """With the newest serilux, and with the older one that routilux 0.11 can save with."""
    paths = [str(ROOT)]
    theirs = site_packages(peer)
    paths = [theirs, *paths] if serilux == "theirs" else [*paths, *sys.path[1:], theirs]
    load = {
        "routilux": "import routilux, routilux_tui; routilux_tui.JobState\n",
        "routilux_tui": "import routilux_tui; routilux_tui.JobState; routilux_tui.Flow\n",
    }[first]
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[1:1] = {paths!r}\n{load}{CHECK}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout == "both\n", run.stderr


def test_every_name_of_routilux_is_here_or_says_what_to_do_without_it(peer):
    words = [peer, "-c", "import routilux; print(*routilux.__all__)"]
    names = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    assert len(names) > 40
    missing = {}
    for name in names:
        try:
            exec(f"from routilux_tui import {name}")
        except ImportError as error:
            missing[name] = str(error)
    assert {"Flow", "Validator", "ValidationError", "OutputHandler"}.isdisjoint(missing)
    assert all("is not part of routilux_tui: " in said for said in missing.values())
