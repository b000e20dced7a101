"""What is measured of a job is the same through a socket and from its file."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.sources.live import socket_handle
from routilux_tui.sources.saved import SavedSource
from routilux_tui.store.locks import is_locked
from routilux_tui.views.insight import PARTS
from tests.flows import write_flows


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
