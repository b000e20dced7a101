"""How far a job is, is the same wherever it is told: lists, screens, commands, conditions."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.sources.live_entries import running_entries
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.store.locks import is_locked
from routilux_tui.views.condition_context import context_of_entry
from tests.cli.program import tui
from tests.processes import until

FLOW = """
import time
from routilux_tui import Flow, Routine


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["n"])

    def go(self, said=0, fail=False):
        for n in range(40):
            self.emit("out", n=n)
        if said:
            self.progress(40, said)


class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, n):
        time.sleep(0.02)
        if n == 24:
            time.sleep(0.3)
            if FAIL:
                raise ValueError(n)


def flow(fail=False):
    global FAIL
    FAIL = fail
    made = Flow("far", execution_strategy="concurrent", max_workers=2)
    made.add_routine(Source(), "source")
    made.add_routine(Sink(), "sink")
    made.connect("source", "out", "sink", "in")
    return made


def failing():
    return flow(True)
"""


def told(path: str) -> dict[str, Any]:
    """What is told of a saved job's progress, by place."""

    async def screen() -> tuple[float | None, Any]:
        handle = SavedHandle(Path(path))
        await handle.open()
        outlook = (await handle.insight("outlook")).outlook
        assert outlook is not None
        return outlook.progress, (await handle.context())["progress"]

    entry = read_entry(path)
    shown, condition = asyncio.run(screen())
    show = json.loads(tui("show", path, "--json").stdout)
    (line,) = [
        one
        for one in map(json.loads, tui("ps", "--json").stdout.splitlines())
        if one["path"] == path
    ]
    found = {
        "list": entry.progress,
        "screen": shown,
        "show": show["outlook"]["progress"],
        "show's header": show["header"]["progress"],
        "ps": line["progress"],
    }
    known = {"screen": condition, "list": context_of_entry(entry)["progress"]}
    part = entry.progress
    assert set(known.values()) == {-1.0 if part is None else part}
    table = tui("ps").stdout
    assert part is None or f" {part:.0%} " in table
    return found


@pytest.mark.parametrize("end", ["completed", "paused", "killed", "failed", "failed, said"])
def test_a_saved_job_is_as_far_in_every_place(world: Path, end: str) -> None:
    (world / "far.py").write_text(FLOW)
    earlier = start_job(f"{world}/far.py:flow", {})
    with Client(earlier.socket) as client:
        client.wait("", 60)
    name = "failing" if end.startswith("failed") else "flow"
    job = start_job(f"{world}/far.py:{name}", {"said": 80} if end == "failed, said" else {})
    with Client(job.socket) as client:
        if end in {"paused", "killed"}:
            client.wait("routines.sink.runs > 20", 60)
            if end == "paused":
                client.call("pause", reason="lunch")
                client.wait('status == "paused"', 60)
                (live,) = [one for one in running_entries() if one.status == "paused"]
                assert live.progress is not None
        else:
            client.wait("", 60)
    if end in {"paused", "killed"}:
        os.kill(job.pid, signal.SIGTERM if end == "paused" else signal.SIGKILL)
    until(lambda: not is_locked(Path(job.path)))
    found = told(job.path)
    assert len(set(found.values())) == 1, found
    progress = found["list"]
    if end == "completed":
        assert progress == 1.0
    elif end == "failed":
        assert progress is None
    else:
        assert 0.2 < progress < 0.9
    if end == "paused":
        assert progress == pytest.approx(live.progress, abs=0.02)


def test_a_job_that_runs_is_as_far_in_every_place(world: Path) -> None:
    (world / "far.py").write_text(FLOW)
    job = start_job(f"{world}/far.py:flow", {})
    with Client(job.socket) as client:
        client.wait("routines.sink.runs > 30", 60)
        client.call("pause", reason="lunch")
        client.wait('status == "paused"', 60)
        client.wait("", 1.2)  # a line of the list is as old as a second
        (entry,) = [one for one in running_entries() if one.job_id == job.job_id]
        outlook = client.insight("outlook").outlook
        assert outlook is not None
        show = json.loads(tui("show", job.job_id, "--json").stdout)
        found = {
            entry.progress,
            outlook.progress,
            client.call("context")["progress"],
            show["outlook"]["progress"],
            show["header"]["progress"],
        }
        assert len(found) == 1, found
        assert None not in found
    os.kill(job.pid, signal.SIGTERM)
