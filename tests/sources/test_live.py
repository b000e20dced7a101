"""A handle on a live job: frames, windows, controls, and a link that breaks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from routilux_tui.errors import NotPossible, Unreachable
from routilux_tui.runner.launch import resume_job, start_job
from routilux_tui.sources.live import socket_handle
from routilux_tui.sources.live_source import LiveSource
from routilux_tui.sources.local import local_source
from routilux_tui.views.shapes import HISTORY, Filter
from tests.flows import write_flows


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


async def test_frames_tell_the_end_of_a_job(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 100, "pace": 0.002})
    handle = socket_handle(Path(started.socket))
    await handle.open()
    assert handle.header.status == "running"
    async for frame in handle.changes():
        last = frame
    assert last.header.status == "completed"
    assert handle.routines["sink"].runs == 100
    window = await handle.window(HISTORY, -1, 1 << 52, Filter())
    assert window.total == handle.header.counts[HISTORY] == 202
    with pytest.raises(NotPossible, match="completed"):
        await handle.pause()
    await handle.close()


async def test_controls_are_asked_and_confirmed_by_the_state(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 5000, "pace": 0.01})
    handle = socket_handle(Path(started.socket))
    await handle.open()
    follow = asyncio.ensure_future(_until(handle, "paused"))
    header = await handle.pause("why")
    assert header.status == "paused" or header.control is not None
    await asyncio.wait_for(follow, 5)
    assert handle.header.note == "why"
    assert set(handle.cannot) == {"pause", "answer"}  # it asks nothing
    await handle.resume()
    result = await handle.wait("records > 10", 5)
    assert result.outcome == "met"
    await handle.cancel()
    assert (await handle.wait("", 5)).status == "cancelled"
    await handle.close()


async def test_a_pause_that_is_awaited_can_be_called_off(flows: str) -> None:
    started = start_job(f"{flows}:stuck")
    handle = socket_handle(Path(started.socket))
    await handle.open()
    await handle.wait('routines.stuck.status == "running"', 30)  # or it is paused at once
    await handle.pause("why")
    async for frame in handle.changes():
        if frame.header.control is not None:
            break
    assert "resume" not in handle.cannot
    assert (await handle.resume()).control is None
    await handle.cancel(force=True, grace=0.0)
    await handle.close()


async def _until(handle: object, status: str) -> None:
    async for frame in handle.changes():  # type: ignore[attr-defined]
        if frame.header.status == status:
            return


async def test_a_broken_link_is_made_anew_and_nothing_is_missed_or_told_twice(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 300, "pace": 0.005})
    writers: list[asyncio.StreamWriter] = []
    handle = socket_handle(Path(started.socket))
    real = handle._open_stream

    async def opened() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await real()
        writers.append(writer)
        return reader, writer

    handle._open_stream = opened
    await handle.open()
    seen: list[int] = []
    stale = 0

    async def follow() -> None:
        nonlocal stale
        async for _ in handle.changes():
            stale += handle.stale_since is not None
            with contextlib.suppress(Unreachable):
                window = await handle.window(HISTORY, len(seen), 1 << 52, Filter())
                seen.extend(row.n for row in window.rows)

    following = asyncio.ensure_future(follow())
    waiting = asyncio.ensure_future(handle.wait("", 30))
    for _ in range(3):
        await asyncio.sleep(0.3)
        writers[-1].transport.abort()
    await asyncio.wait_for(following, 30)
    assert len(writers) >= 3
    assert stale >= 1
    assert seen == list(range(602))
    assert handle.header.status == "completed"
    waiting.cancel()
    await handle.close()


async def test_a_killed_runner_leaves_the_last_state_marked_stale(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 5000, "pace": 0.01})
    handle = socket_handle(Path(started.socket))
    await handle.open()
    os.kill(started.pid, signal.SIGKILL)
    async for _ in handle.changes():
        if handle.stale_since is not None:
            break
    assert handle.header.status == "running"
    assert handle.cannot["pause"] == "nobody answers"
    with pytest.raises(Unreachable):
        await handle.window(HISTORY, 0, 1, Filter())
    await handle.close()


async def test_a_killed_runner_is_gone_its_file_speaks_until_somebody_takes_the_job_up(
    flows: str,
) -> None:
    started = start_job(f"{flows}:counting", {"n": 5000, "pace": 0.01})
    handle = socket_handle(Path(started.socket))
    await handle.open()
    assert not handle.is_gone
    await handle.wait("records > 10", 10)
    os.kill(started.pid, signal.SIGKILL)
    async for _ in handle.changes():
        if handle.is_gone:
            break
    assert handle.stale_since is None
    assert not handle.is_live
    assert "R on its screen takes it up" in handle.cannot["pause"]
    total = handle.header.counts[HISTORY]
    assert (await handle.window(HISTORY, 0, 1, Filter())).total == total > 10
    resume_job(str(started.path), f"{flows}:counting")
    async for _ in handle.changes():
        if handle.header.counts.get(HISTORY, 0) > total:
            break
    assert (handle.is_gone, handle.is_live) == (False, True)
    await handle.cancel()
    await handle.close()


async def test_the_list_of_live_jobs_follows_them(flows: str) -> None:
    source = LiveSource(every=0.05)
    batches = source.entries()
    assert (await anext(batches)).changed == []
    started = start_job(f"{flows}:counting", {"n": 30, "pace": 0.005})
    statuses = []
    async for batch in batches:
        statuses.extend(one.status for one in batch.changed)
        if batch.gone:
            break
    assert statuses[-1] == "completed"
    assert batch.gone == [started.socket]
    await batches.aclose()


async def test_a_job_that_ends_before_it_is_opened_is_opened_in_its_file(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 300, "pace": 0.005})
    source = LiveSource()
    batches = source.entries()
    [entry] = (await anext(batches)).changed
    while Path(started.socket).exists():
        await asyncio.sleep(0.01)
    handle = source.handle(entry.key)
    await handle.open()
    assert (handle.header.status, handle.is_live, handle.is_gone) == ("completed", False, False)
    assert (await handle.window(HISTORY, -1, 1 << 52, Filter())).total == 602
    await handle.close()
    await batches.aclose()


async def test_a_job_that_runs_is_steered_at_its_runner_though_its_file_was_listed(
    flows: str,
) -> None:
    started = start_job(f"{flows}:counting", {"n": 5000, "pace": 0.01})
    handle = local_source().handle(str(started.path))
    await handle.open()
    assert handle.is_live
    assert "pause" not in handle.cannot
    await handle.cancel()
    await handle.close()
