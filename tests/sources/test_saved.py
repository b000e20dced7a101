"""Saved jobs as a list that follows its folder, and as a handle that is only read."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routilux_tui.errors import JobFileMissing, NotPossible
from routilux_tui.sources.merged import EntryMerger, MergedSource
from routilux_tui.sources.saved import SavedSource
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.state.job_state import JobState
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import HISTORY, EntryBatch, Filter, JobEntry
from tests.conftest import DATA
from tests.staged import nightly_etl


class Follower:
    """Keeps what a source says, and waits until it says something."""

    def __init__(self, source: SavedSource) -> None:
        self.entries: dict[str, JobEntry] = {}
        self._news = asyncio.Event()
        self._task = asyncio.ensure_future(self._follow(source))

    async def _follow(self, source: SavedSource) -> None:
        async for batch in source.entries():
            self.entries.update((Path(one.key).name, one) for one in batch.changed)
            for key in batch.gone:
                self.entries.pop(Path(key).name, None)
            self._news.set()

    async def until(self, holds: object) -> None:
        async def wait() -> None:
            while not holds(self.entries):  # type: ignore[operator]
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(wait(), 10)

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.mark.parametrize("poll", [False, True], ids=["by events", "by looking"])
async def test_the_list_follows_whatever_becomes_of_a_file(poll: bool, tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir()
    state = JobState("f")
    state.save(folder / "a.json")
    follower = Follower(SavedSource([str(folder)], poll=poll))
    await follower.until(lambda one: one.keys() == {"a.json"})
    await asyncio.sleep(0.4)
    state.record_execution("a", "e", {})
    state.save(folder / "a.json")
    await follower.until(lambda one: one["a.json"].records == 1)
    good = (folder / "a.json").read_bytes()
    (folder / "a.json").write_bytes(good[:200])
    await follower.until(lambda one: one["a.json"].badge == "writing")
    assert follower.entries["a.json"].records == 1
    (folder / "a.json").write_bytes(good)
    await follower.until(lambda one: one["a.json"].badge == "")
    JobState("g").save(tmp_path / "b.json")
    shutil.move(tmp_path / "b.json", folder / "b.json")
    await follower.until(lambda one: "b.json" in one)
    (folder / "a.json").unlink()
    await follower.until(lambda one: one.keys() == {"b.json"})
    await follower.end()


async def test_looking_misses_no_save_however_close(tmp_path: Path) -> None:
    state = JobState("f")
    path = tmp_path / "a.json"
    state.save(path)
    follower = Follower(SavedSource([str(tmp_path)], poll=True))
    await follower.until(lambda one: "a.json" in one)
    for number in range(1, 6):
        await asyncio.sleep(0.3)
        state.record_execution("a", "e", {})
        state.save(path)
        await follower.until(lambda one, number=number: one["a.json"].records == number)
    await follower.end()


async def test_broken_files_stand_among_the_good_ones(tmp_path: Path) -> None:
    shutil.copytree(DATA / "jobs/0.11.0", tmp_path / "jobs")
    (tmp_path / "jobs/folder.json").mkdir()
    (tmp_path / "jobs/deep.json").write_text('{"a":' + "[" * 100_000)
    (tmp_path / "jobs/loop.json").symlink_to(tmp_path / "jobs/loop.json")
    follower = Follower(SavedSource([str(tmp_path / "jobs")]))
    count = len(list((tmp_path / "jobs").iterdir()))
    await follower.until(lambda one: len(one) == count)
    assert all(follower.entries[name].error for name in ("folder.json", "deep.json", "loop.json"))
    assert follower.entries["nonjson-set.truncated.json"].badge == "torn"
    assert follower.entries["running-mid.json"].badge == "abandoned"
    assert follower.entries["completed.json"].status == "completed"
    await follower.end()


async def test_subfolders_globs_and_what_is_not_there(tmp_path: Path) -> None:
    JobState("f").save(tmp_path / "x/y/deep.json")
    JobState("f").save(tmp_path / "x/top.json")
    flat = Follower(SavedSource([str(tmp_path / "x")]))
    await flat.until(lambda one: one.keys() == {"top.json"})
    await flat.end()
    deep = Follower(SavedSource([str(tmp_path / "x")], recursive=True))
    await deep.until(lambda one: one.keys() == {"top.json", "deep.json"})
    await deep.end()
    globbed = Follower(SavedSource([str(tmp_path / "x/*.json")]))
    await globbed.until(lambda one: one.keys() == {"top.json"})
    await globbed.end()
    with pytest.raises(JobFileMissing, match="nowhere"):
        SavedSource([str(tmp_path / "nowhere")])


async def test_a_handle_on_a_file_follows_it_and_refuses_controls(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    state = JobState("f")
    state.status = "running"
    state.save(path)
    handle = SavedHandle(path)
    await handle.open()
    assert "nobody runs it" in handle.header.note
    assert "R on its screen takes it up" in handle.cannot["pause"]
    with pytest.raises(NotPossible):
        await handle.pause()
    frames = handle.changes()
    waiting = asyncio.ensure_future(handle.wait("records >= 1", 10))
    upcoming = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0.3)
    state.record_execution("a", "e", {"x": 1})
    state.save(path)
    frame = await asyncio.wait_for(upcoming, 10)
    assert frame.header.counts[HISTORY] == 1
    assert (await handle.window(HISTORY, 0, 9, Filter())).rows[0].name == "e"
    assert (await waiting).outcome == "met"
    good = path.read_bytes()
    upcoming = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0.1)
    path.write_bytes(good[:100])
    frame = await asyncio.wait_for(upcoming, 10)
    assert "being written" in frame.header.note
    assert frame.header.counts[HISTORY] == 1
    await frames.aclose()
    await handle.close()


class Scripted:
    """A source that says what it is told to."""

    def __init__(self, *batches: EntryBatch) -> None:
        self.batches = batches

    async def entries(self):
        for batch in self.batches:
            yield batch
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        pass


async def test_a_job_that_runs_stands_in_the_list_once() -> None:
    live = JobEntry(key="sock", place="live", path="/x/a.json", status="running")
    saved = JobEntry(key="/x/a.json", path="/x/a.json", status="completed")
    source = MergedSource(
        [
            Scripted(EntryBatch([live]), EntryBatch([], ["sock"])),
            Scripted(EntryBatch([saved])),
        ]
    )
    shown: dict[str, JobEntry] = {}
    batches = source.entries()
    for _ in range(3):
        batch = await anext(batches)
        shown.update((one.key, one) for one in batch.changed)
        for key in batch.gone:
            shown.pop(key)
        assert len(shown) <= 1
    assert list(shown) == ["/x/a.json"]
    await batches.aclose()


@settings(max_examples=200, deadline=None)
@given(
    batches=st.lists(
        st.tuples(
            st.integers(0, 1),
            st.lists(
                st.builds(
                    JobEntry,
                    key=st.sampled_from("abcd"),
                    path=st.sampled_from(["", "/x/1", "/x/2"]),
                    status=st.sampled_from(["running", "paused"]),
                ),
                max_size=3,
            ),
            st.lists(st.sampled_from("abcd"), max_size=2),
        ),
        max_size=10,
    )
)
def test_two_sources_as_one_list_show_what_they_have_and_each_file_once(
    batches: list[tuple[int, list[JobEntry], list[str]]],
) -> None:
    merger, shown = EntryMerger(), {}
    known: list[dict[str, JobEntry]] = [{}, {}]
    for number, jobs, gone in batches:
        changed = [msgspec.structs.replace(one, key=f"{number}{one.key}") for one in jobs]
        batch = EntryBatch(changed, [f"{number}{key}" for key in gone])
        for key in batch.gone:
            known[number].pop(key, None)
        known[number].update((one.key, one) for one in changed)
        for entry in (told := merger.take(number, batch))[0]:
            shown[entry.key] = entry
        for key in told[1]:
            del shown[key]
        live = {one.path for one in known[0].values() if one.path}
        second = {key: one for key, one in known[1].items() if one.path not in live}
        assert shown == {**known[0], **second}


async def test_a_pattern_is_followed_too(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    JobState("f").save(tmp_path / "a" / "run-1.json")
    follower = Follower(SavedSource([str(tmp_path / "**" / "run-?.json")]))
    await follower.until(lambda one: one.keys() == {"run-1.json"})
    await asyncio.sleep(0.3)
    JobState("f").save(tmp_path / "a" / "b" / "run-2.json")
    JobState("f").save(tmp_path / "a" / "other.json")
    await follower.until(lambda one: one.keys() == {"run-1.json", "run-2.json"})
    await follower.end()


@pytest.mark.parametrize("poll", [False, True], ids=["by events", "by looking"])
async def test_what_changes_while_the_list_is_read_is_not_missed(
    poll: bool, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{n}.json" for n in range(5)]
    for path in paths:
        JobState("f").save(path)
    source = SavedSource([str(tmp_path)], poll=poll)
    batches = source.entries()
    first = await anext(batches)
    assert {one.records for one in first.changed} == {0}
    state = JobState("f")
    state.record_execution("a", "e", {})
    state.save(paths[2])
    paths[3].unlink()
    changed, gone = [], []
    while not (changed and gone):
        batch = await anext(batches)
        changed += [(one.key, one.records) for one in batch.changed]
        gone += batch.gone
    assert changed == [(str(paths[2]), 1)]
    assert gone == [str(paths[3])]
    await batches.aclose()


async def test_a_job_of_a_script_is_not_said_to_be_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    state = JobState("f")
    state.status = "running"
    state.extra["launch"] = {"library": "routilux 0.11.0"}
    state.save(path)
    handle = SavedHandle(path)
    await handle.open()
    assert handle.cannot["answer"] == "it asks nothing"
    why = {why for name, why in handle.cannot.items() if name != "answer"}
    assert why == {
        "it was run by a script of routilux 0.11.0, which has ended; d on the list deletes it"
    }
    await handle.close()


async def test_a_pause_that_is_no_utf8_is_no_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    state = JobState("f")
    state.status = "running"
    state._set_paused("lunch é break")
    state.save(path)
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe5"))
    entry = read_entry(path)
    assert (entry.error, entry.status) == ("", "paused")
    assert entry.note.startswith("lunch")


@pytest.mark.parametrize("way", ["pause", "cancel"])
def test_a_job_that_was_stopped_is_not_said_to_have_done_all_its_routines(
    way: str, tmp_path: Path
) -> None:
    flow = nightly_etl.flow()
    job = flow.execute("extract", {"rows": 400, "quick": 0.2, "slow": 0.2})

    def at(name: str) -> tuple[int, int]:
        state = job.routine_states.get(name, {})
        return state.get("runs", 0), state.get("active", 0)

    while (at("extract"), at("clean")) != ((1, 0), (400, 0)):
        time.sleep(0.002)
    getattr(flow, way)(job, "lunch")
    assert flow.wait_for_completion(30, job)
    job.save(tmp_path / "a.json")
    entry, header = read_entry(tmp_path / "a.json"), Projection(job).header()
    assert (entry.routines_done, entry.routines_total) == (2, 5)
    assert (header.routines_done, header.routines_total) == (2, 5)
