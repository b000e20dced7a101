"""The list of live jobs is told what changes: it asks nobody anew, and keeps nobody alive."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING

import pytest

from routilux_tui import Flow, JobState, serve
from routilux_tui.runner import requests
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.sources import live_source
from routilux_tui.sources.live_source import LiveSource
from routilux_tui.sources.local import local_source
from routilux_tui.views.shapes import ABANDONED, SILENT
from tests.flows import write_flows
from tests.processes import is_gone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from routilux_tui.views.shapes import JobEntry


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


@contextlib.asynccontextmanager
async def listing() -> AsyncIterator[dict[str, JobEntry]]:
    """The lines of a list, by their keys, as they change."""
    source, lines = LiveSource(every=0.05), {}

    async def follow() -> None:
        async for batch in source.entries():
            lines.update({one.key: one for one in batch.changed})
            for key in batch.gone:
                del lines[key]

    following = asyncio.ensure_future(follow())
    yield lines
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await source.close()


async def until(holds: Callable[[], object]) -> None:
    deadline = asyncio.get_running_loop().time() + 60
    while not holds():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


async def test_a_job_is_asked_once_and_tells_the_rest_by_itself(
    flows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await asyncio.to_thread(start_job, f"{flows}:stuck", {"seconds": 600})
    asked: list[int] = []
    all_jobs = live_source.all_jobs

    def counted(**more: object) -> object:
        found = all_jobs(**more)
        asked.append(len(found.answering))
        return found

    monkeypatch.setattr(live_source, "all_jobs", counted)
    async with listing() as lines:
        await until(lambda: job.socket in lines)
        with Client(job.socket) as client:
            client.call("pause", reason="lunch")
            client.call("cancel", reason="enough")
        await until(lambda: lines[job.socket].status == "cancelled")
        await until(lambda: len(asked) > 5)
        assert sum(asked) == 1
        with Client(job.socket) as client:
            client.call("cancel", reason="", force=True, grace=0.0)
        await until(lambda: job.socket not in lines)


async def test_a_list_keeps_no_runner_of_a_job_that_has_ended(flows: str) -> None:
    async with listing() as lines:
        job = await asyncio.to_thread(start_job, f"{flows}:counting", {"n": 3})
        await until(lambda: is_gone(job.pid))
        await until(lambda: job.socket not in lines)


async def test_a_runner_that_falls_silent_is_said_to_and_comes_back(
    flows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_source, "_QUIET", 0.3)
    job = await asyncio.to_thread(start_job, f"{flows}:stuck", {"seconds": 600})
    async with listing() as lines:
        await until(lambda: job.socket in lines and lines[job.socket].badge == "live")
        os.kill(job.pid, signal.SIGSTOP)
        await until(lambda: lines[job.socket].badge == SILENT)
        os.kill(job.pid, signal.SIGCONT)
        await until(lambda: lines[job.socket].badge == "live")


async def test_an_older_runner_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(requests._READING, "watch")
    state = JobState("old")
    with serve(Flow("old"), state):
        async with listing() as lines:
            await until(lambda: len(lines) == 1)
            state.status = "running"
            await until(lambda: next(iter(lines.values())).status == "running")


async def test_a_runner_that_is_killed_under_an_open_list_is_seen_there(flows: str) -> None:
    job = await asyncio.to_thread(start_job, f"{flows}:stuck", {"seconds": 600})
    source, is_killed = local_source(), False
    async for batch in source.entries():
        lines = [one for one in batch.changed if one.path == str(job.path)]
        if not is_killed and any(one.place == "live" for one in lines):
            os.kill(job.pid, signal.SIGKILL)
            is_killed = True
        if any((one.place, one.badge) == ("saved", ABANDONED) for one in lines):
            break
    assert is_killed
    await source.close()
