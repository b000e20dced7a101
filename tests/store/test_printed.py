"""What handlers print, as it is written beside the job's file and found again."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.store import printed
from routilux_tui.store.printed import PrintedReader, PrintedWriter, printed_files, printed_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.json"


def test_lines_are_found_by_their_numbers_and_their_tasks(path: Path) -> None:
    writer = PrintedWriter(path)
    for n in range(2000):
        writer.write(f"r{n % 3}", n // 10, "print", f"line {n}")
    reader = PrintedReader(path)
    assert reader.extent() == (0, 2000)
    for n in (0, 1, 255, 256, 257, 1023, 1999):
        line = next(reader.lines(n))
        assert (line.n, line.routine, line.task, line.text) == (
            n,
            f"r{n % 3}",
            n // 10,
            f"line {n}",
        )
    assert [one.n for one in reader.lines(0, task=77)] == list(range(770, 780))
    assert [one.n for one in reader.lines(775, task=77)] == list(range(775, 780))
    assert list(reader.lines(2000)) == []
    writer.write("r", None, "INFO", "of no task")
    assert next(reader.lines(2000)).task is None


@pytest.mark.parametrize("lines", [0, 1, 255, 256, 700])
def test_who_opens_it_again_goes_on_where_it_ended(path: Path, lines: int) -> None:
    for start in (0, lines):
        writer = PrintedWriter(path)
        for n in range(start, start + lines):
            writer.write("r", n, "print", str(n))
        writer.close()
    assert [one.text for one in PrintedReader(path).lines()] == [str(n) for n in range(2 * lines)]
    assert [one.n for one in PrintedReader(path).lines(0, lines)] == ([lines] if lines else [])


def test_a_torn_index_costs_no_line(path: Path) -> None:
    writer = PrintedWriter(path)
    for n in range(600):
        writer.write("r", n, "print", str(n))
    writer.close()
    index = printed_files(path)[1]
    for size in (index.stat().st_size - 7, 20, 16, 3, 0):
        os.truncate(index, size)
        if size >= 16:
            assert [one.text for one in PrintedReader(path).lines()] == [str(n) for n in range(600)]
    again = PrintedWriter(path)
    again.write("r", 600, "print", "600")
    assert [one.text for one in PrintedReader(path).lines(598)] == ["598", "599", "600"]


def test_what_is_over_the_limit_is_gone_and_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printed, "LONGEST", 1000)
    writer = PrintedWriter(path, 20_000)
    for n in range(2000):
        writer.write("r", n, "print", f"{n} {'x' * 60}")
    assert sum(one.stat().st_size for one in printed_files(path)) < 25_000
    gone, total = PrintedReader(path).extent()
    assert total == 2000
    assert 1500 < gone < 2000
    numbers = [one.n for one in PrintedReader(path).lines()]
    assert numbers == list(range(gone, 2000))
    assert [one.text.split()[0] for one in PrintedReader(path).lines(1990)] == [
        str(n) for n in range(1990, 2000)
    ]
    assert [one.n for one in PrintedReader(path).lines(0, task=1700)] in ([1700], [])


class Killed(BaseException):
    """The process is no more."""


@pytest.mark.parametrize("step", range(6))
def test_a_kill_amid_a_rotation_costs_no_line_and_no_number(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(printed, "LONGEST", 1000)
    writer, n, steps = PrintedWriter(path, 20_000), 0, [0]

    def at_step(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if "j.json.log" in str(args[0]):
                steps[0] += 1
                if steps[0] > step:
                    raise Killed
            return real(*args, **named)

        return call

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        while True:
            writer.write("r", n, "print", f"{n} {'x' * 60}")
            n += 1
            if n == 150:  # after the first rotation, so that there is a former one to remove
                assert printed_files(path)[2].exists()
                patch.setattr(os, "unlink", at_step(os.unlink))
                patch.setattr(os, "replace", at_step(os.replace))
                patch.setattr(os, "open", at_step(os.open))
    assert n > 150
    left = [(one.n, one.task) for one in PrintedReader(path).lines()]
    assert left
    assert all(number == task for number, task in left)
    writer = PrintedWriter(path, 20_000)
    writer.write("r", n, "print", f"{n} again")
    lines = list(PrintedReader(path).lines())
    assert [one.n for one in lines] == list(range(lines[0].n, n + 1))
    assert all(one.text.split()[0] == str(one.n) for one in lines)


def test_text_of_any_kind_is_one_line(path: Path) -> None:
    writer = PrintedWriter(path)
    odd = ["", "\t", "a\tb", "\x1b[31m", "\ud800", "é\u2028x", "\0"]
    for text in odd:
        writer.write("a\tb\nc", 3, "print", text)
    lines = list(PrintedReader(path).lines())
    assert len(lines) == len(odd)
    assert {one.routine for one in lines} == {"a b c"}
    assert [one.text for one in lines] == [*odd[:4], "\\ud800", *odd[5:]]


def test_what_is_lost_for_want_of_room_is_told_at_once_and_how_much_at_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = os.fstatvfs

    def nearly_full(handle: int) -> Any:
        known = list(look(handle))
        known[3] = known[4] = 0  # what is free, and for whom
        return os.statvfs_result(known)

    monkeypatch.setattr(os, "fstatvfs", nearly_full)
    writer = PrintedWriter(path)
    for _ in range(3):
        writer.write("r", 1, "print", "lost")
    notice = ("lost", "the disk has too little room: lines are lost")
    assert [(one.level, one.text) for one in PrintedReader(path).lines()] == [notice]
    writer.close()
    told = [(one.level, one.text) for one in PrintedReader(path).lines()]
    assert told == [notice, ("lost", "3 lines could not be written")]


def test_a_disk_that_takes_nothing_is_nobodys_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = PrintedWriter(path)
    writer.write("r", 1, "print", "before")
    write = os.write

    def full(handle: int, data: bytes) -> int:
        return write(handle, data[:3]) if len(data) > 3 else 0

    monkeypatch.setattr(os, "write", full)
    for _ in range(5):
        writer.write("r", 2, "print", "lost")
    monkeypatch.setattr(os, "write", write)
    writer.write("r", 3, "print", "after")
    told = [(one.level, one.text) for one in PrintedReader(path).lines()]
    assert told == [
        ("print", "before"),
        ("lost", "5 lines could not be written"),
        ("print", "after"),
    ]
    assert printed_path(path).read_bytes().count(b"\n") == 3


def test_where_nothing_was_printed_there_is_nothing(path: Path) -> None:
    assert PrintedReader(path).extent() == (0, 0)
    assert list(PrintedReader(path).lines()) == []


@pytest.mark.parametrize(
    "index",
    [b"", b"no index", b"\xff" * 64, printed._HEAD.pack(printed._MAGIC, 0) + b"\xff" * 72],
    ids=["lost", "text", "garbage", "beyond its end"],
)
def test_an_index_that_is_lost_or_says_what_is_not_so_costs_no_line(
    path: Path, index: bytes
) -> None:
    writer = PrintedWriter(path)
    for n in range(900):
        writer.write("r", n, "print", str(n))
    writer.close()
    place = printed_files(path)[1]
    if index:
        place.write_bytes(index)
    else:
        place.unlink()
    assert PrintedReader(path).extent() == (0, 900)
    assert next(PrintedReader(path).lines(700)).text == "700"
    assert [one.n for one in PrintedReader(path).lines(0, 800)] == [800]
    again = PrintedWriter(path)
    again.write("r", 900, "print", "900")
    again.close()
    assert [one.text for one in PrintedReader(path).lines()] == [str(n) for n in range(901)]


def test_an_entry_of_the_index_that_is_not_so_costs_no_line(path: Path) -> None:
    writer = PrintedWriter(path)
    for n in range(900):
        writer.write("r", n, "print", str(n))
    writer.close()
    place = printed_files(path)[1]
    content = bytearray(place.read_bytes())
    at = printed._HEAD.size + printed._ENTRY.size
    content[at : at + 8] = b"\xff" * 8
    place.write_bytes(content)
    for start in (0, 300, 600, 899):
        assert [one.n for one in PrintedReader(path).lines(start)] == list(range(start, 900))


def test_without_an_index_no_line_is_read_for_each_that_is_asked_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed_path(path).write_bytes(b"at\tr\t\tprint\tx\n" * 20_000)
    read = [0]
    raw_lines = printed._raw_lines

    def counted(log: Any, end: int) -> Any:
        for raw in raw_lines(log, end):
            read[0] += 1
            yield raw

    monkeypatch.setattr(printed, "_raw_lines", counted)
    reader = PrintedReader(path)
    assert reader.extent() == (0, 20_000)
    for start in range(0, 20_000, 1000):
        assert next(reader.lines(start)).n == start
    assert read[0] < 40_000
