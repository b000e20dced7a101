"""Other machines' jobs, through a real ssh and real sshds on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import NotPossible, ProtocolMismatch, ReadOnly, Unreachable, UsageError
from routilux_tui.sources.merged import MergedSource
from routilux_tui.sources.saved import SavedSource
from routilux_tui.sources.ssh import (
    GREETING,
    SshSource,
    host_of,
    open_bridge,
    split_address,
    ssh_handle,
)
from routilux_tui.state.job_state import JobState
from routilux_tui.views.shapes import HISTORY, EntryBatch, Filter, Row
from tests.flows import write_flows

if TYPE_CHECKING:
    from routilux_tui.sources.base import Source
    from routilux_tui.views.shapes import JobEntry
    from tests.machines import Machines

COMMAND = "routilux-tui"
pytestmark = pytest.mark.xdist_group("ssh")


class Listed:
    """A source's list, followed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.jobs: dict[str, JobEntry] = {}
        self._task = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        async for batch in self.source.entries():
            self.jobs.update((one.key, one) for one in batch.changed)
            for key in batch.gone:
                self.jobs.pop(key, None)

    async def until(self, what: str, *, seconds: float = 20) -> list[JobEntry]:
        """Wait until a Python expression over ``jobs`` holds; the list as it is then."""
        deadline = time.monotonic() + seconds
        while True:
            jobs = sorted(self.jobs.values(), key=lambda one: one.key)
            if eval(what, {"jobs": jobs}):
                return jobs
            assert time.monotonic() < deadline, f"not {what}: {jobs}"
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


async def test_the_jobs_of_many_machines_are_one_list(machines: Machines, world: Path) -> None:
    flows = write_flows(world)
    first = machines.add("build1").start_job(f"{flows}:counting", "n=100000", "pace=0.01")
    second = machines.add("build2").start_job(f"{flows}:counting", "n=3")
    listed = Listed(
        MergedSource(
            [SshSource(host_of(name), COMMAND) for name in ("build1", "build2", "no-such-machine")]
        )
    )
    jobs = await listed.until(
        "sorted(one.place + one.status for one in jobs) "
        "== ['host', 'liverunning', 'savedcompleted'] "
        "and all('connecting' not in one.error for one in jobs)"
    )
    by_host = {one.host: one for one in jobs}
    assert by_host["build1"].job_id == first
    assert by_host["build1"].place == "live"
    assert by_host["build2"].job_id == second
    assert by_host["build2"].place == "saved"
    assert by_host["no-such-machine"].place == "host"
    assert "no-such-machine" in by_host["no-such-machine"].error
    assert by_host["no-such-machine"].error.startswith("again in")
    # what changes there changes here
    third = machines.all["build2"].start_job(f"{flows}:counting", "n=2")
    await listed.until(f"any(one.job_id == {third!r} for one in jobs)")
    await listed.close()


async def test_a_far_job_is_steered_as_at_home(machines: Machines, world: Path) -> None:
    flows = write_flows(world)
    job = machines.add("build1").start_job(f"{flows}:counting", "n=100000", "pace=0.005")
    handle = ssh_handle(host_of("build1"), COMMAND, job[:8])
    await handle.open()
    assert handle.header.job_id == job
    following = asyncio.ensure_future(_drain(handle))
    assert (await handle.wait("records > 20", 10)).outcome == "met"
    await handle.pause("from afar")
    assert (await handle.wait('status == "paused"', 10)).outcome == "met"
    await _until(lambda: handle.header.status == "paused")
    assert handle.header.note == "from afar"
    held = (await handle.window(HISTORY, 0, 5, Filter())).total
    await asyncio.sleep(0.2)
    assert (await handle.window(HISTORY, 0, 5, Filter())).total == held
    await handle.resume()
    assert (await handle.wait(f"records > {held + 5}", 10)).outcome == "met"
    await handle.cancel("enough")
    assert (await handle.wait("", 10)).status == "cancelled"
    await handle.close()
    following.cancel()


async def test_what_is_told_goes_over_the_link_compressed(machines: Machines, world: Path) -> None:
    flows = write_flows(world)
    job = machines.add("build1").start_job(f"{flows}:counting", "n=2000")
    source = SshSource(host_of("build1"), COMMAND)
    listed = Listed(source)
    (entry,) = await listed.until("[one.place for one in jobs] == ['saved']")
    handle = source.handle(entry.key)
    await handle.open()
    assert handle.header.job_id == job
    before = _through_ssh()
    window = await handle.window(HISTORY, 0, 1000, Filter())
    assert len(window.rows) == 1000
    read, wrote = (after - one for after, one in zip(_through_ssh(), before, strict=True))
    assert wrote > 60_000, "what it hands on to us"
    assert read < wrote / 4, "what came over the link"
    await handle.close()
    await listed.close()


def _through_ssh() -> tuple[int, int]:
    """Bytes that the ssh of this process have read and written, of the link and of us."""
    me = os.getpid()
    of_ssh = [
        Path(f"/proc/{pid}/io").read_text().split()
        for pid in Path(f"/proc/{me}/task/{me}/children").read_text().split()
        if Path(f"/proc/{pid}/comm").read_text().strip() == "ssh"
    ]
    return sum(int(one[1]) for one in of_ssh), sum(int(one[3]) for one in of_ssh)


async def test_a_far_file_is_looked_at_in_the_same_way(machines: Machines, world: Path) -> None:
    flows = write_flows(world)
    job = machines.add("build1").start_job(f"{flows}:counting", "n=20")
    source = SshSource(host_of("build1"), COMMAND)
    listed = Listed(source)
    (entry,) = await listed.until("[one.place for one in jobs] == ['saved']")
    handle = source.handle(entry.key)
    await handle.open()
    assert (handle.header.job_id, handle.header.status) == (job, "completed")
    window = await handle.window(HISTORY, 0, 3, Filter())
    assert (window.total, window.rows[0].name) == (42, "start")
    assert await handle.item(HISTORY, 0) is not None
    assert await handle.find(HISTORY, "out", 0, back=False, where=Filter()) is not None
    with pytest.raises(NotPossible, match=r"nobody runs it|completed"):
        await handle.pause()
    assert (await handle.wait("", 5)).outcome == "met"
    await handle.close()
    await listed.close()


async def test_a_broken_link_leaves_the_last_state_and_is_made_anew(
    machines: Machines, world: Path
) -> None:
    flows = write_flows(world)
    machine = machines.add("build1")
    machine.start_job(f"{flows}:counting", "n=100000", "pace=0.005")
    handle = ssh_handle(host_of("build1"), COMMAND, "")
    await handle.open()
    following = asyncio.ensure_future(_drain(handle))
    await handle.wait("records > 20", 10)
    machine.stop()
    await _until(lambda: handle.stale_since is not None)
    last = handle.header.counts[HISTORY]
    assert last > 0
    assert "nobody answers" in handle.cannot["pause"]
    with pytest.raises(NotPossible):
        await handle.pause()
    await asyncio.sleep(0.5)
    assert handle.header.counts[HISTORY] == last
    machine.start()
    await _until(lambda: handle.stale_since is None, 30)
    await _until(lambda: handle.header.counts[HISTORY] > last)
    # the window holds every record once, those of the silence among them
    total = handle.header.counts[HISTORY]
    rows: list[Row] = []
    while len(rows) < total:
        rows.extend((await handle.window(HISTORY, len(rows), total, Filter())).rows)
    assert [row.n for row in rows] == list(range(total))
    numbers = [row.text for row in rows if row.name == "out"]
    assert len(numbers) == len(set(numbers))
    await handle.cancel()
    await handle.close()
    following.cancel()


async def test_a_machine_that_goes_down_keeps_its_lines_and_comes_back(
    machines: Machines, world: Path
) -> None:
    flows = write_flows(world)
    machine = machines.add("build1")
    machine.start_job(f"{flows}:counting", "n=100000", "pace=0.01")
    listed = Listed(SshSource(host_of("build1"), COMMAND))
    await listed.until("[one.badge for one in jobs] == ['live']")
    machine.stop()
    jobs = await listed.until("sorted(one.badge for one in jobs) == ['', 'stale']")
    assert any(one.error.startswith("again in") for one in jobs)
    machine.start()
    await listed.until("[one.badge for one in jobs] == ['live']", seconds=30)
    await listed.close()


async def test_a_slow_machine_does_not_slow_the_others(machines: Machines, world: Path) -> None:
    flows = write_flows(world)
    machines.add("build1").start_job(f"{flows}:counting", "n=100000", "pace=0.01")
    machines.add("slow")
    listed = Listed(
        MergedSource(
            [
                SshSource(host_of("slow"), f"sleep 60; {COMMAND}"),
                SshSource(host_of("build1"), COMMAND),
            ]
        )
    )
    jobs = await listed.until("any(one.place == 'live' for one in jobs)", seconds=10)
    assert {one.host: one.error for one in jobs}["slow"] == "connecting …"
    await listed.close()


async def test_what_is_missing_over_there_is_said_with_the_remedy(machines: Machines) -> None:
    machines.add("build1")
    with pytest.raises(Unreachable, match="'no-such-program' is not there") as missing:
        await open_bridge(host_of("build1"), "no-such-program")
    assert "--remote-command" in missing.value.hint
    with pytest.raises(Unreachable, match=r"No running job is called 'nothing'|No job is running"):
        await open_bridge(host_of("build1"), COMMAND, ("--", "nothing"))
    with pytest.raises(Unreachable, match=r"Nobody answers at /nowhere/x\.sock"):
        await open_bridge(host_of("build1"), COMMAND, ("--", "/nowhere/x.sock"))
    with pytest.raises(ProtocolMismatch, match=r"9\.9\.9 \(protocol 99\)"):
        await open_bridge(
            host_of("build1"), """echo '{"routilux-tui":"9.9.9","protocol":99}'; cat; true"""
        )


async def test_the_talk_of_the_far_shell_is_skipped(machines: Machines) -> None:
    machines.add("build1")
    reader, link = await open_bridge(host_of("build1"), f"echo Welcome; echo; {COMMAND}")
    assert b"loading" in await asyncio.wait_for(reader.readline(), 10)
    link.close()


async def test_the_talk_of_the_far_shell_may_lack_its_newline(machines: Machines) -> None:
    machines.add("build1")
    title = "printf '\\033]0;build1\\007'"
    reader, link = await open_bridge(host_of("build1"), f"{title}; {COMMAND}")
    assert b"loading" in await asyncio.wait_for(reader.readline(), 10)
    link.close()


@pytest.mark.parametrize(
    "talk",
    ["yes 'welcome to build1' | head -c 2000000", "head -c 2000000 /dev/zero", "printf '{talk:'"],
)
async def test_the_far_shell_may_talk_much_or_like_a_bridge(machines: Machines, talk: str) -> None:
    machines.add("build1")
    talk = talk.replace("{talk:", GREETING.decode())
    reader, link = await open_bridge(host_of("build1"), f"{talk}; {COMMAND}")
    assert b"loading" in await asyncio.wait_for(reader.readline(), 10)
    link.close()


async def test_a_far_shell_that_never_comes_to_the_program_is_told(machines: Machines) -> None:
    machines.add("build1")
    with pytest.raises(Unreachable, match="more than 16 MB before") as endless:
        await open_bridge(host_of("build1"), f"yes hello; {COMMAND}")
    assert "~/.bashrc" in endless.value.hint
    with pytest.raises(Unreachable, match="ssh ended with code 0") as left:
        await open_bridge(host_of("build1"), f"echo; echo Closed until noon; exit; {COMMAND}")
    assert left.value.hint == "Its shell said: Closed until noon"


async def test_a_machine_that_lists_nonsense_ends_no_other(machines: Machines, world: Path) -> None:
    machines.add("build1")
    greeting = '{"routilux-tui":"1","protocol":1}'
    for said in (
        '{"changed":[{"key":7}]}', '{"changed":{}}', "nonsense", "[" * 5000, '{"changed":[{"key":"\\ud800"}]}',
    ):  # fmt: skip
        command = f"printf '%s\\n' '{greeting}' '{said}'; cat; true"
        bad = SshSource(host_of("build1"), command)
        followed = Listed(MergedSource([bad, SavedSource([str(world)])]))
        lines = await followed.until('any("understood" in one.error for one in jobs)')
        assert [line.host for line in lines if line.error] == ["build1"]
        assert not followed._task.done()
        await followed.close()


async def test_a_source_that_fails_is_a_line_and_ends_no_other(tmp_path: Path) -> None:
    class Bad:
        async def entries(self):
            yield EntryBatch()
            raise Unreachable("the folder is not safe.")

        async def close(self) -> None:
            pass

    followed = Listed(MergedSource([Bad(), SavedSource([str(tmp_path)])]))
    await followed.until('any("not safe" in one.error for one in jobs)')
    JobState("etl").save(tmp_path / "x.json")
    await followed.until('any(one.flow_id == "etl" for one in jobs)')
    await followed.close()


async def test_a_key_that_ssh_does_not_know_is_refused_in_its_own_words(machines: Machines) -> None:
    machines.add("build1")
    for known in machines.folder.glob("*_known"):
        known.write_text("")
    with pytest.raises(Unreachable, match=r"build1: .*verification failed") as refused:
        await open_bridge(host_of("build1"), COMMAND)
    assert refused.value.hint == "Try by hand: ssh build1"


async def test_a_read_only_viewer_is_refused_where_the_job_lives(
    machines: Machines, world: Path
) -> None:
    flows = write_flows(world)
    machines.add("build1").start_job(f"{flows}:counting", "n=100000", "pace=0.01")
    handle = ssh_handle(host_of("build1"), COMMAND, "", read_only=True)
    await handle.open()
    for action, params in {"pause": {}, "resume": {}, "cancel": {"force": True}}.items():
        with pytest.raises(NotPossible, match="read-only"):
            await getattr(handle, action)()
        with pytest.raises(ReadOnly):  # past the screen's own politeness
            await handle._request(action, **params)
    assert handle.header.status == "running"
    await handle.close()


@pytest.mark.parametrize(
    "text", ["", "-oProxyCommand=touch /tmp/x", "a b", "ssh://", "a/b", "x\n", ":22"]
)
def test_what_is_no_machine_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no name of a machine"):
        host_of(text)


def test_addresses() -> None:
    assert host_of("build1").arguments == ("--", "build1")
    assert host_of("ssh://ops@build2:2222").arguments == ("-p", "2222", "--", "ops@build2")
    assert host_of("[::1]:22").arguments == ("-p", "22", "--", "::1")
    host, job = split_address("ssh://ops@build2/1a2b")
    assert (host.arguments, job) == (("--", "ops@build2"), "1a2b")
    assert split_address("ssh://build2")[1] == ""


async def _drain(handle: object) -> None:
    async for _ in handle.changes():  # type: ignore[attr-defined]
        pass


async def _until(holds: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_far_runner_that_is_killed_is_gone_and_its_file_speaks(
    machines: Machines, world: Path
) -> None:
    flows = write_flows(world)
    machines.add("build1").start_job(f"{flows}:counting", "n=100000", "pace=0.005")
    handle = ssh_handle(host_of("build1"), COMMAND, "")
    await handle.open()
    following = asyncio.ensure_future(_drain(handle))
    await handle.wait("records > 20", 10)
    os.kill(handle.hello.pid, signal.SIGKILL)
    await _until(lambda: handle.is_gone, 30)
    total = handle.header.counts[HISTORY]
    assert (await handle.window(HISTORY, 0, 1, Filter())).total == total > 20
    assert "R on its screen takes it up" in handle.cannot["pause"]
    await handle.close()
    following.cancel()
