"""Lines through shared memory: all of them, in order, also when the writer is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from routilux_tui.tap import ring
from routilux_tui.tap.ring import LONGEST, Reader, Writer, make_memory

if TYPE_CHECKING:
    from pathlib import Path


def ends(tmp_path: Path) -> tuple[Writer, Reader, int]:
    memory = make_memory(str(tmp_path))
    wake, called = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(called, False)
    return Writer(memory, called), Reader(memory, wake), called


def test_more_than_the_ring_holds_comes_whole_and_in_order(tmp_path: Path) -> None:
    writer, reader, called = ends(tmp_path)
    line = b"x" * 9_999
    count = 4 * ring.SIZE // len(line)

    def write() -> None:
        for number in range(count):
            writer.write(b"%06d%b\n" % (number, line))
        os.close(called)

    thread = threading.Thread(target=write)
    thread.start()
    got = b""
    numbers = []
    while not reader.ended or got:
        got = reader.take()
        numbers += [int(one[:6]) for one in got.splitlines()]
        if not got:
            reader.wait(1.0)
    thread.join()
    assert numbers == list(range(count))


def test_a_line_that_could_never_pass_is_no_deadlock(tmp_path: Path) -> None:
    writer, reader, _ = ends(tmp_path)
    writer.write(b"y" * (ring.SIZE + 1))
    writer.write(b"z\n")
    assert reader.take() == b"z\n"
    assert LONGEST < ring.SIZE


def test_what_a_killed_writer_wrote_is_there(tmp_path: Path) -> None:
    memory = make_memory(str(tmp_path))
    wake, called = os.pipe()
    text = (
        "import os, sys\n"
        "from routilux_tui.tap.ring import Writer\n"
        f"writer = Writer({memory}, {called})\n"
        "for n in range(1000): writer.write(b'%d\\n' % n)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    process = subprocess.run([sys.executable, "-c", text], pass_fds=(memory, called), check=False)
    assert process.returncode == -signal.SIGKILL
    assert Reader(memory, wake).take().splitlines() == [b"%d" % n for n in range(1000)]
