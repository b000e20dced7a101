"""What is measured of a job is the same through a socket and from its file."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.runner import earlier
from routilux_tui.runner.client import Client
from routilux_tui.runner.earlier import earlier_runs
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.paths import saved_runs_of
from routilux_tui.sources.live import socket_handle
from routilux_tui.sources.past_handle import PastHandle
from routilux_tui.sources.saved import SavedSource
from routilux_tui.store.locks import is_locked
from routilux_tui.store.segments import changes_folder
from routilux_tui.tui.screens.job_answers import why_lines
from routilux_tui.views.earlier import ENOUGH
from routilux_tui.views.insight import PARTS, USUAL, Insight
from tests.flows import write_flows
from tests.processes import until

if TYPE_CHECKING:
    import pytest

    from routilux_tui.runner.launch import LaunchResult


async def test_a_running_handler_with_its_input_thread_and_stack(world: Path) -> None:
    started = start_job(f"{write_flows(world)}:stuck", {"seconds": 600})
    handle = socket_handle(Path(started.socket))
    await handle.open()
    insight = await handle.insight(*PARTS)
    while insight.now is None or not insight.now.handlers:
        await asyncio.sleep(0.01)
        insight = await handle.insight(*PARTS)
    (running,) = insight.now.handlers
    assert (running.routine_id, running.input) == ("stuck", {"seconds": 600})
    assert running.thread
    stack = await handle.stack(running.task)
    assert "time.sleep(0.01)" in stack
    assert "_bootstrap" not in stack
    assert await handle.stack(running.task + 1) == ""
    assert insight.outlook is not None
    assert (insight.outlook.word, insight.outlook.busy) == ("running", 1)
    assert [one.state for one in insight.figures] == ["running"]
    assert await handle.failing(0, 0, 10) == []
    await handle.cancel(force=True, grace=0)
    await handle.close()


async def test_a_saved_job_tells_what_the_live_one_told(world: Path) -> None:
    started = start_job(f"{write_flows(world)}:counting", {"n": 50})
    handle = socket_handle(Path(started.socket))
    await handle.open()
    async for _ in handle.changes():
        pass
    await handle.close()
    source = SavedSource([started.path])
    saved = source.handle(started.path)
    await saved.open()
    insight = await saved.insight("figures", "outlook")
    by_id = {one.routine_id: one for one in insight.figures}
    assert (by_id["sink"].done, by_id["sink"].state, by_id["sink"].queued) == (50, "done", 0)
    assert by_id["sink"].p95 is not None
    assert insight.outlook is not None
    assert (insight.outlook.word, insight.outlook.progress) == ("completed", 1.0)
    assert await saved.stack(1) == ""
    await saved.close()


async def test_a_runner_and_a_paused_file_know_the_earlier_runs_of_the_flow(world: Path) -> None:
    flow = f"{write_flows(world)}:counting"
    for _ in range(3):
        with Client(start_job(flow, {"n": 20, "pace": 0.05}).socket) as client:
            client.wait("", 60)
    started = start_job(flow, {"n": 20, "pace": 0.05})
    handle = socket_handle(Path(started.socket))
    await handle.open()
    await handle.pause()  # so that it is there as long as it is asked
    outlook = (await handle.insight("outlook")).outlook
    while outlook is None or not outlook.earlier_runs or outlook.busy or outlook.word != "paused":
        await asyncio.sleep(0.01)
        outlook = (await handle.insight("outlook")).outlook
    assert outlook.earlier_runs == 3
    assert outlook.slower is not None
    await handle.close()
    os.kill(started.pid, signal.SIGTERM)  # it is paused, and so is its file
    while is_locked(Path(started.path)):
        await asyncio.sleep(0.01)
    saved = SavedSource([started.path]).handle(started.path)
    await saved.open()
    told = (await saved.insight("outlook")).outlook
    assert told is not None
    assert (told.earlier_runs, told.done, told.progress) == (3, outlook.done, outlook.progress)
    assert told.slower is not None
    await saved.close()


def test_a_run_that_is_large_is_compared_with_as_its_changes_tell_what_it_was(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Client(start_job(f"{write_flows(world)}:counting", {"n": 5}).socket) as client:
        client.wait("", 60)
    (path,) = saved_runs_of("counting")
    until(lambda: not is_locked(path))
    monkeypatch.setattr(earlier, "_LARGEST", path.stat().st_size - 1)
    (run,) = earlier_runs("counting", "another", None)
    assert (run.status, run.routines["sink"][0]) == ("completed", 5)
    shutil.rmtree(changes_folder(path))
    assert earlier_runs("counting", "another", None) == []


ERRORS = """
import time
from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine


class Picky(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.set_error_handler(ErrorHandler(ErrorStrategy.CONTINUE))

    def go(self, kind="KeyError", seconds=0.0):
        time.sleep(seconds)
        raise {"KeyError": KeyError, "OSError": OSError}[kind]("no such thing")


def picky():
    flow = Flow("picky")
    flow.add_routine(Picky(), "picky")
    return flow
"""


def run_to_its_end(started: LaunchResult) -> None:
    with Client(started.socket) as client:
        client.wait("", 60)
    until(lambda: not is_locked(Path(started.path)))


async def test_why_says_what_is_new_beside_earlier_runs_wherever_it_is_asked(world: Path) -> None:
    file = world / "picky.py"
    file.write_text(ERRORS)
    flow = f"{file}:picky"
    for _ in range(ENOUGH):
        run_to_its_end(start_job(flow, {}))
    for kind, new in (("KeyError", ""), ("OSError", f" (new: not in the last {ENOUGH} runs)")):
        started = start_job(flow, {"kind": kind})
        run_to_its_end(started)
        saved = SavedSource([started.path]).handle(started.path)
        past = PastHandle(Path(started.path))
        for handle in (saved, past):
            await handle.open()
            lines = await why_lines(handle, Insight(at=""), time.time())
            said = next(one for one in lines if "error in `picky`" in one)
            assert said.removesuffix(f"{new}.").endswith(("thing", "thing'")), said
            await handle.close()
        Path(started.path).unlink()  # the next is compared with the first of them alone
    started = start_job(flow, {"kind": "OSError", "seconds": 600})
    live = socket_handle(Path(started.socket))
    await live.open()
    usual = (await live.insight(USUAL)).usual
    assert usual is not None
    assert (usual.runs, usual.kinds) == (ENOUGH, frozenset())
    assert (await live.insight(*PARTS)).usual is None
    await live.cancel(force=True, grace=0)
    await live.close()
