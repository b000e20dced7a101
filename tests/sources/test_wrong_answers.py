"""Whoever answers with nonsense, here or far away, is a line that says so; nothing else suffers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import RoutiluxTuiError, Unreachable
from routilux_tui.runner import protocol
from routilux_tui.sources.live import LiveHandle
from routilux_tui.sources.ssh import SshSource, host_of, ssh_handle

if TYPE_CHECKING:
    from pathlib import Path

HELLO = {"protocol": 1, "version": "1", "job_id": "x"}
WRONG = [
    [protocol.answer(1, {"protocol": 1})],
    [protocol.answer(1, [])],
    [protocol.answer(1, HELLO), protocol.answer(2, {"seq": "x"})],
    [protocol.answer(1, HELLO), protocol.answer(2, None)],
    [protocol.answer(1, HELLO), protocol.notice("frame", {"header": 7})],
    [b"\0\xff\n"],
    [b"[" * 100_000 + b"\n"],
]


@pytest.mark.parametrize("answers", WRONG)
async def test_a_wrong_answer_is_an_error_of_ours(answers: list[bytes], tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    writers = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        for text in answers:
            await reader.readline()
            writer.write(text)

    server = await asyncio.start_unix_server(meet, path)

    async def open_stream() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(path)

    handle = LiveHandle(open_stream, "there")
    with pytest.raises(RoutiluxTuiError):
        await asyncio.wait_for(handle.open(), 5)
    await handle.close()
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    server.close()


@pytest.fixture
def far(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ssh that says what is in a file, whatever it is asked."""
    (world / "bin").mkdir()
    (world / "bin" / "ssh").write_text(f"#!/bin/sh\ncat {world}/said\nsleep 60\n")
    (world / "bin" / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{world / 'bin'}:/usr/bin:/bin")
    return world / "said"


@pytest.mark.parametrize("line", ['{"changed": 7}', "[]", "nonsense", '{"changed":[{"key":1}]}'])
async def test_a_far_list_that_makes_no_sense_is_a_line_that_says_so(far: Path, line: str) -> None:
    far.write_text(
        json.dumps({"routilux-tui": "1", "protocol": 1}).replace(" ", "") + f"\n{line}\n"
    )
    source = SshSource(host_of("build1"), "routilux-tui")
    entries = source.entries()
    said = [(await asyncio.wait_for(anext(entries), 20)).changed[0].error for _ in range(2)]
    assert said[0].startswith("connecting")
    assert "can't be understood" in said[1]
    await entries.aclose()  # type: ignore[attr-defined]


async def test_a_far_job_that_makes_no_sense_is_an_error_of_ours(far: Path) -> None:
    far.write_text('{"routilux-tui":"1","protocol":1}\n{"id":1,"result":{"protocol":1}}\n')
    handle = ssh_handle(host_of("build1"), "routilux-tui", "x")
    with pytest.raises(Unreachable, match="can't be understood"):
        await asyncio.wait_for(handle.open(), 20)
    await handle.close()
