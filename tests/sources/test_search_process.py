"""A condition that costs more than there is, asked of a job's past: whoever looks goes on."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import ConditionError, NotPossible, TooCostly
from routilux_tui.sources import search_process
from routilux_tui.sources.past_handle import PastHandle
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.views.replay_shapes import Seek
from routilux_tui.views.shapes import HISTORY
from tests.replayed import write_job
from tests.runner.test_judging import DEEP, WIDE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def past(tmp_path: Path) -> AsyncIterator[PastHandle]:
    path = tmp_path / "j.json"
    write_job(path)
    handle = PastHandle(path)
    await handle.open()
    yield handle
    await handle.close()


@contextlib.asynccontextmanager
async def goes_on() -> AsyncIterator[None]:
    """Whoever runs this loop is there meanwhile, all the time."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    turning = asyncio.ensure_future(turn())
    yield
    turning.cancel()
    assert turns > 10


@pytest.mark.parametrize("text", [DEEP, WIDE])
async def test_a_search_that_takes_too_much_is_refused_and_nobody_waits(
    past: PastHandle, text: str
) -> None:
    before = past.header
    async with goes_on():
        with pytest.raises(TooCostly):
            await past.seek(Seek(to=text))
    assert past.header == before
    assert (await past.seek(Seek(origin=9, steps=1))).seq == 10


async def test_what_is_found_apart_is_what_is_found_here(past: PastHandle) -> None:
    plain, costly = "records >= 20", "[records].all(one, one >= 20)"
    assert not search_process.is_costly(Seek(to=plain))
    assert search_process.is_costly(Seek(to=costly))
    here = await past.seek(Seek(origin=0, to=plain))
    apart = await past.seek(Seek(origin=0, to=costly))
    assert (apart.seq, apart.at, past.header.counts[HISTORY]) == (here.seq, here.at, 20)
    assert apart.what == here.what.replace(plain, costly)
    with pytest.raises(NotPossible, match="does not change its value after"):
        await past.seek(Seek(origin=apart.seq, marks=1, condition=costly))
    with pytest.raises(ConditionError, match="nothing_such"):
        await past.seek(Seek(to="[nothing_such].all(one, one > 1)"))


async def test_a_search_that_is_ended_ends_though_nothing_answers(past: PastHandle) -> None:
    searching = asyncio.ensure_future(past.seek(Seek(to=DEEP)))
    while past._search._process is None:
        await asyncio.sleep(0.001)
    await past.stop()
    with pytest.raises(NotPossible, match="ended"):
        await searching


async def test_a_saved_job_is_not_waited_for_by_a_condition_that_takes_too_much(
    tmp_path: Path,
) -> None:
    path = tmp_path / "j.json"
    write_job(path)
    handle = SavedHandle(path)
    await handle.open()
    async with goes_on():
        with pytest.raises(TooCostly):
            await handle.check(DEEP)
    with pytest.raises(TooCostly):
        await handle.wait(DEEP, 60)
    assert (await handle.wait("[records].all(one, one > 0)", 60)).outcome == "met"
    await handle.close()
