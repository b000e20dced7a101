"""A list that saw a job's file when it was new tells that the job was killed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.paths import jobs_folder
from routilux_tui.sources.saved import SavedSource
from routilux_tui.store.locks import is_locked
from routilux_tui.views.shapes import ABANDONED, JobEntry
from tests.flows import write_flows


async def test_a_job_that_began_under_its_eyes_and_was_killed(world: Path) -> None:
    jobs_folder().mkdir(parents=True)
    source = SavedSource([str(jobs_folder())])
    seen: dict[str, JobEntry] = {}

    async def follow() -> None:
        async for batch in source.entries():
            seen.update((one.path, one) for one in batch.changed)

    following = asyncio.ensure_future(follow())
    await asyncio.sleep(0.5)  # it watches
    started = await asyncio.to_thread(
        start_job, f"{write_flows(world)}:counting", {"n": 1000, "pace": 0.05}
    )

    def run_a_while() -> None:
        with Client(started.socket) as client:
            client.wait("routines.sink.runs > 40", 60)

    await asyncio.to_thread(run_a_while)
    assert started.path in seen
    os.kill(started.pid, signal.SIGKILL)
    while is_locked(Path(started.path)):
        await asyncio.sleep(0.01)
    for _ in range(1000):
        if seen[started.path].badge == ABANDONED:
            break
        await asyncio.sleep(0.02)
    assert (seen[started.path].status, seen[started.path].badge) == ("running", ABANDONED)
    following.cancel()
    await source.close()
