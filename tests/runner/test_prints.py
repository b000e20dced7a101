"""What handlers print and log, found by routine and task: while they run, and afterwards."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import resume_job, start_job
from routilux_tui.store.printed import PrintedReader, printed_files
from routilux_tui.views.shapes import PRINTED, Filter
from tests.conftest import run
from tests.flows import write_flow_file
from tests.processes import assert_gone, until

FLOWS = """
import logging, os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from routilux_tui import Flow, Routine

HERE = Path(__file__).parent
print("while it is loaded")


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["n"])

    def go(self, count=3):
        print("begin")
        for n in range(count):
            self.emit("out", n=n)
        print("no end", end="")


class Sink(Routine):
    def __init__(self, work):
        super().__init__()
        self.work = work
        self.define_slot("in", handler=lambda n: self.work(n))


def flow_of(work):
    flow = Flow("prints")
    flow.add_routine(Source(), "source")
    flow.add_routine(Sink(work), "sink")
    flow.connect("source", "out", "sink", "in")
    return flow


def kinds():
    def work(n):
        print("printed", n)
        print("to stderr", n, file=sys.stderr)
        logging.getLogger("mine").warning("logged %d\\nsecond line", n)
        sys.stdout.buffer.write(b"bytes\\n")
        one = threading.Thread(target=lambda: print("of a thread", n))
        one.start()
        one.join()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(print, "of a pool", n).result()
        for part in range(50):
            print(f"\\r{part} %", end="")
        print()

    return flow_of(work)


def many():
    return flow_of(lambda n: [print("x" * 100, i) for i in range(50_000)])


def waits():
    def work(n):
        print("waiting", n)
        while not (HERE / "let").exists():
            time.sleep(0.01)

    return flow_of(work)
"""


@pytest.fixture
def flows(world: Path) -> str:
    return write_flow_file(world, FLOWS)


def test_all_that_a_handler_says_is_told_with_where_it_came_from(
    flows: str, command: list[str]
) -> None:
    started = start_job(f"{flows}:kinds")
    with Client(started.socket) as client:
        assert client.wait("", 30).status == "completed"
        rows = client.window(PRINTED, 0, 1000, Filter()).rows
        of_one = client.window(PRINTED, 0, 1000, Filter(task=rows[-1].task)).rows
        assert client.item(PRINTED, rows[0].n)["text"] == "begin"
        assert client.call("find", section=PRINTED, text="SECOND", start=0) is not None
    assert [(row.name, row.text) for row in of_one] == [
        ("print", "printed 2"),
        ("stderr", "to stderr 2"),
        ("WARNING", "mine: logged 2"),
        ("WARNING", "second line"),
        ("print", "bytes"),
        ("print", "of a thread 2"),
        ("print", "of a pool 2"),
        ("print", "49 %"),
    ]
    assert {row.routine for row in of_one} == {"sink"}
    assert [row.text for row in rows if row.routine == "source"] == ["begin", "no end"]
    assert all(row.at for row in rows)
    assert_gone(started.pid)
    words = ["log", started.path, "--of", "print"]
    done = run([*command, *words, "--task", str(of_one[0].task), "--json"])
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == [
        row.text for row in of_one
    ]
    done = run([*command, *words, "--routine", "source"])
    assert [line.split("  ")[-1] for line in done.stdout.splitlines()] == ["begin", "no end"]
    assert run([*command, "log", started.path]).stdout == ""
    assert run([*command, "rm", "-y", started.path]).returncode == 0
    assert not [one for one in printed_files(started.path) if one.exists()]


def test_it_can_be_followed_and_goes_on_when_the_job_is_taken_up(
    flows: str, command: list[str]
) -> None:
    started = start_job(f"{flows}:waits")
    until(lambda: PrintedReader(started.path).extent()[1] >= 2)
    words = [*command, "log", started.job_id[:8], "--of", "print", "-f"]
    following = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert following.stdout is not None
    assert "begin" in following.stdout.readline()
    os.kill(started.pid, 15)
    os.kill(started.pid, 15)
    assert_gone(started.pid)
    following.kill()
    following.communicate()
    (Path(flows).parent / "let").touch()
    again = resume_job(started.path, f"{flows}:waits")
    with Client(again.socket) as client:
        assert client.wait("", 30).status == "completed"
    assert_gone(again.pid)
    texts = [line.text for line in PrintedReader(started.path).lines()]
    assert texts[0] == "begin"
    assert {"waiting 0", "waiting 1", "waiting 2"} <= set(texts)


def test_what_is_too_much_is_gone_and_that_is_said(flows: str, command: list[str]) -> None:
    started = start_job(f"{flows}:many", {"count": 1}, log_size=1 << 20)
    with Client(started.socket) as client:
        assert client.wait("", 60).status == "completed"
    assert_gone(started.pid)
    gone, total = PrintedReader(started.path).extent()
    assert total == 50_002
    assert sum(one.stat().st_size for one in printed_files(started.path)) < 1.2 * (1 << 20)
    done = run([*command, "log", started.path, "--of", "print", "--tail", "2"])
    assert done.stdout.splitlines()[-1].endswith("x 49999")
    done = run([*command, "log", started.path, "--of", "print", "--grep", "x 49999"])
    assert len(done.stdout.splitlines()) == 1
    done = run([*command, "log", started.path, "--of", "print"])
    assert f"{gone:,} earlier lines are gone" in done.stderr
    assert len(done.stdout.splitlines()) == total - gone


@pytest.mark.skipif(os.getuid() != 0, reason="ONLY ROOT can mount a small disk")
def test_a_print_on_a_full_disk_fails_no_handler(flows: str, world: Path) -> None:
    disk = world / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(disk)]).returncode:
        pytest.skip("NO MOUNT is allowed here")
    try:
        Path(flows).write_text(FLOWS.replace("range(50_000)", "range(300_000)"))
        started = start_job(f"{flows}:many", {"count": 1}, save=str(disk / "j.json"))
        with Client(started.socket) as client:
            assert client.wait("", 60).status == "completed"
        assert_gone(started.pid)
        assert JobState.load(started.path).status == "completed"
        assert any(line.level == "lost" for line in PrintedReader(started.path).lines()) or (
            PrintedReader(started.path).extent()[1] < 300_002
        )
    finally:
        subprocess.run(["umount", "-l", str(disk)])


def test_what_is_printed_lies_beside_the_file_whatever_link_leads_to_it(
    flows: str, world: Path
) -> None:
    link, file = world / "link.json", world / "kept" / "real.json"
    file.parent.mkdir()
    link.symlink_to(file)
    started = start_job(f"{flows}:kinds", save=str(link))
    assert_gone(started.pid)
    assert not printed_files(link)[0].exists()
    texts = [line.text for line in PrintedReader(file).lines()]
    assert "begin" in texts
    assert [line.text for line in PrintedReader(link).lines()] == texts
