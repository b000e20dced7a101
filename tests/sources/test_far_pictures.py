"""What is drawn of a far job is drawn there: its flow, its time, and what led to a record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from routilux_tui.sources.ssh import host_of, ssh_handle
from routilux_tui.views.shapes import HISTORY, Filter
from routilux_tui.views.trace import trace
from tests.flows import write_flows
from tests.sources.test_ssh import COMMAND

pytestmark = pytest.mark.xdist_group("ssh")

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.sources.base import Handle
    from routilux_tui.views.trace import Trace
    from tests.machines import Machines


async def _trace(handle: Handle, n: int) -> Trace | None:
    asking = trace(n, handle.header.counts[HISTORY])
    stretch = next(asking)
    while True:
        rows = (await handle.window(HISTORY, *stretch, Filter())).rows
        try:
            stretch = asking.send(rows)
        except StopIteration as end:
            return end.value


async def test_a_far_job_is_drawn_where_it_is_running_and_saved(
    machines: Machines, world: Path
) -> None:
    flows = write_flows(world)
    machine = machines.add("build1")
    job = machine.start_job(f"{flows}:counting", "n=100000", "pace=0.01")
    running = ssh_handle(host_of("build1"), COMMAND, job[:8])
    await running.open()
    while running.header.counts[HISTORY] < 40:
        await asyncio.sleep(0.05)
        await anext(running.changes())
    await running.pause()
    while running.header.status != "paused":
        await anext(running.changes())
    await _check(running)
    await running.cancel()
    async for _ in running.changes():
        pass
    await running.close()
    saved = ssh_handle(host_of("build1"), COMMAND, job)
    await saved.open()
    assert saved.header.status == "cancelled"
    await _check(saved)
    await saved.close()


async def _check(handle: Handle) -> None:
    flow = await handle.flow()
    assert flow.routines == ["source", "sink"]
    assert ("source", "out", "sink", "in") in [tuple(link) for link in flow.links]
    shown = await handle.timeline(0.0, 0.0, 50)
    assert [lane.routine_id for lane in shown.lanes] == flow.routines
    assert any(level for level, _ in ((one.level, one.mark) for one in shown.lanes[0].cells))
    part = await handle.timeline(shown.first, (shown.first + shown.last) / 2, 30)
    assert (part.columns, part.last) == (30, shown.last)
    found = await _trace(handle, 30)
    assert found is not None
    assert (found.chain[0].n, found.chain[0].event, found.chain[-1].n) == (0, "start", 30)
