"""What is followed though no event tells it: folders that are replaced, links, and no watches left."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routilux_tui.sources.saved import SavedSource
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.state.job_state import JobState

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.views.shapes import JobEntry

WITHIN = 60
USER = 54321


def save(path: Path, flow: str) -> None:
    JobState(flow).save(path)


class Followed:
    """What a source lists, kept up to date."""

    def __init__(self, *paths: Path, recursive: bool = False) -> None:
        self._source = SavedSource([str(path) for path in paths], recursive=recursive)
        self.jobs: dict[str, JobEntry] = {}
        self._changed = asyncio.Condition()
        self._task = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        async for batch in self._source.entries():
            async with self._changed:
                self.jobs.update((one.key, one) for one in batch.changed)
                for key in batch.gone:
                    self.jobs.pop(key, None)
                self._changed.notify_all()

    def flows(self) -> set[str]:
        return {one.flow_id for one in self.jobs.values() if one.place == "saved"}

    async def until(self, holds: Callable[[], bool]) -> None:
        async def wait() -> None:
            async with self._changed:
                await self._changed.wait_for(holds)

        await asyncio.wait_for(wait(), WITHIN)

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


async def test_a_folder_that_is_made_anew_or_replaced_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir()
    save(folder / "a.json", "first")
    followed = Followed(folder)
    await followed.until(lambda: followed.flows() == {"first"})
    save(folder / "b.json", "second")
    await followed.until(lambda: followed.flows() == {"first", "second"})
    shutil.rmtree(folder)
    await followed.until(lambda: followed.flows() == set())
    folder.mkdir()
    save(folder / "c.json", "third")
    await followed.until(lambda: followed.flows() == {"third"})
    save(folder / "d.json", "fourth")
    await followed.until(lambda: followed.flows() == {"third", "fourth"})
    other = tmp_path / "other"
    other.mkdir()
    save(other / "e.json", "fifth")
    folder.rename(tmp_path / "away")
    other.rename(folder)
    await followed.until(lambda: followed.flows() == {"fifth"})
    save(folder / "e.json", "sixth")
    await followed.until(lambda: followed.flows() == {"sixth"})
    assert not [one for one in followed.jobs.values() if one.place != "saved"]
    await followed.close()


async def test_a_folder_that_is_made_anew_at_once_is_no_longer_the_one_that_went(
    tmp_path: Path,
) -> None:
    """The system gives a new folder the inode of one that has just gone, if nobody holds it."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    save(folder / "a.json", "first")
    followed = Followed(folder)
    await followed.until(lambda: followed.flows() == {"first"})
    save(folder / "b.json", "second")  # seen: from now on it is watched
    await followed.until(lambda: followed.flows() == {"first", "second"})
    shutil.rmtree(folder)
    folder.mkdir()
    save(folder / "c.json", "third")
    await followed.until(lambda: followed.flows() == {"third"})
    save(folder / "d.json", "fourth")
    await followed.until(lambda: followed.flows() == {"third", "fourth"})
    await followed.close()


async def test_a_link_is_followed_to_where_it_leads(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "jobs", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    save(elsewhere / "x.json", "first")
    (folder / "link.json").symlink_to(elsewhere / "x.json")
    followed = Followed(folder)
    handle = SavedHandle(folder / "link.json")
    await handle.open()
    frames = handle.changes()
    await followed.until(lambda: followed.flows() == {"first"})
    upcoming = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0.5)
    save(elsewhere / "x.json", "second")
    await followed.until(lambda: followed.flows() == {"second"})
    assert (await asyncio.wait_for(upcoming, WITHIN)).header.flow_id == "second"
    save(elsewhere / "y.json", "third")
    (folder / "new.json").symlink_to(elsewhere / "y.json")
    await followed.until(lambda: followed.flows() == {"second", "third"})
    save(elsewhere / "y.json", "fourth")
    await followed.until(lambda: followed.flows() == {"second", "fourth"})
    await frames.aclose()  # type: ignore[attr-defined]
    await followed.close()


async def test_a_folder_behind_a_link_is_followed_and_said_how(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "jobs", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "sub").symlink_to(elsewhere)
    followed = Followed(folder, recursive=True)
    await followed.until(lambda: "polling" in followed.jobs)
    assert "behind a link" in followed.jobs["polling"].error
    save(elsewhere / "x.json", "first")
    await followed.until(lambda: followed.flows() == {"first"})
    await followed.close()


@pytest.mark.skipif(os.getuid() != 0, reason="ONLY ROOT can become a user who has no watches left")
def test_where_no_watch_is_left_files_are_polled_and_said_so(tmp_path: Path) -> None:
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    os.chown(place, USER, USER)
    program = [sys.executable, "-m", "tests.sources.test_following", str(place)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=100)
    shutil.rmtree(place)
    assert (done.returncode, done.stderr) == (0, "")


async def without_watches(place: Path) -> None:
    """What happens to a user whose every inotify instance is taken."""
    await asyncio.to_thread(os.getpid)  # what a thread needs is imported while it may be read
    import watchfiles  # noqa: F401 - so is this

    os.setgid(USER)
    os.setuid(USER)
    libc = ctypes.CDLL(None)
    while libc.inotify_init1(0) >= 0:
        pass
    save(place / "a.json", "first")
    followed = Followed(place)
    await followed.until(lambda: "polling" in followed.jobs)
    assert followed.jobs["polling"].error.startswith("followed by polling, every 0.25s: ")
    save(place / "a.json", "second")
    await followed.until(lambda: followed.flows() == {"second"})
    (place / "a.json").unlink()
    await followed.until(lambda: followed.flows() == set())
    save(place / "b.json", "third")
    handle = SavedHandle(place / "b.json")
    await handle.open()
    frames = handle.changes()
    upcoming = asyncio.ensure_future(anext(frames))
    while "followed by polling" not in handle.header.note:
        await asyncio.sleep(0.05)
    save(place / "b.json", "fourth")
    assert (await asyncio.wait_for(upcoming, WITHIN)).header.flow_id == "fourth"
    await frames.aclose()  # type: ignore[attr-defined]
    await followed.close()


if __name__ == "__main__":
    asyncio.run(without_watches(Path(sys.argv[1])))
