"""The past of a job: of one that runs, without its runner; of one on another machine, over ssh."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import NotPossible
from routilux_tui.sources.far_past import FarPastHandle, past_of
from routilux_tui.sources.past_handle import WHY_NOT, PastHandle
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.sources.ssh import host_of, ssh_handle
from routilux_tui.views.insight import PARTS
from routilux_tui.views.replay_shapes import Seek
from routilux_tui.views.shapes import HISTORY, Filter
from tests.flows import write_flows
from tests.replayed import GIVEN_UP, NOON, ORDERS, write_job
from tests.sources.test_ssh import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machines import Machines

pytestmark = pytest.mark.xdist_group("ssh")


async def test_a_far_job_that_runs_is_seen_at_any_moment_and_goes_on(
    machines: Machines, world: Path
) -> None:
    flows = write_flows(world)
    machine = machines.add("build1")
    job = machine.start_job(f"{flows}:counting", "n=100000", "pace=0.005")
    handle = ssh_handle(host_of("build1"), COMMAND, job[:8])
    await handle.open()
    following = asyncio.ensure_future(_drain(handle))
    assert (await handle.wait("records > 40", 20)).outcome == "met"
    past = past_of(handle)
    assert isinstance(past, FarPastHandle)
    await past.open()
    point = await past.seek(Seek(to="#9"))
    assert (past.header.status, past.header.counts[HISTORY]) == ("running", 10)
    assert point.last > point.seq
    rows = (await past.window(HISTORY, 0, 99, Filter())).rows
    assert len(rows) == 10
    assert (await past.insight(*PARTS)).figures
    before = await past.seek(Seek(origin=point.seq, steps=-1))
    assert before.seq == point.seq - 1
    found = await past.seek(Seek(origin=0, to="records >= 20"))
    assert past.header.counts[HISTORY] == 20
    assert "true from here on" in found.what
    assert len(await past.marks(50)) == 50
    # nothing can be asked of the past, by whoever speaks for it either
    assert set(past.cannot.values()) == {WHY_NOT}
    with pytest.raises(NotPossible):
        await past._request("pause")
    # a link that breaks is made anew, and stands where it stood
    past._connection.close()
    await _until(lambda: not past._connection.is_open or past.stale_since is not None)
    await _until(lambda: past.stale_since is None and past.header.counts[HISTORY] == 20)
    # the job has not noticed
    now = handle.header.counts[HISTORY]
    assert (await handle.wait(f"records > {now}", 20)).outcome == "met"
    await past.close()
    await handle.cancel()
    await handle.close()
    following.cancel()


async def test_the_past_of_a_file_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    write_job(path)
    handle = SavedHandle(path)
    await handle.open()
    past = past_of(handle)
    assert isinstance(past, PastHandle)
    await past.open()
    assert (await past.seek(Seek(origin=0, marks=1))).at < NOON + GIVEN_UP
    assert past.header.status == "running"
    assert not past.is_gone
    assert handle.header.status == "completed"
    assert handle.header.counts[HISTORY] == ORDERS + 1
    with pytest.raises(NotPossible):
        await past.pause()
    await past.close()
    await handle.close()


async def _drain(handle: object) -> None:
    async for _ in handle.changes():
        pass


async def _until(holds: object) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
