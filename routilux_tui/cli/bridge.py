"""Join a dashboard on another machine to this one's jobs, over ssh.

The dashboard starts it by itself: without a JOB it lists what runs and what is saved here; with
one, it speaks for that job; with --past, for what that job was. It ends when the connection does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from routilux_tui import __version__
from routilux_tui.cli.find_job import place_of
from routilux_tui.errors import NoSuchJob, Unreachable
from routilux_tui.job.jsonable import dumps
from routilux_tui.runner import protocol

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_CHUNK = 64 << 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB", nargs="?")
    parser.add_argument("--past", action="store_true", help="any moment of JOB, which is a file")
    parser.add_argument("--only", action="store_true", help="the only job that runs")


def run(args: argparse.Namespace) -> int:
    """Speak until the connection ends."""
    place = place_of(args.job) if args.job else None
    if args.only:
        from routilux_tui.runner.discover import find_job

        place = find_job().socket
    asyncio.run(_bridge(place, is_file="/" in (args.job or ""), past=args.past))
    os._exit(0)  # a thread may still be reading a large file, for nobody


async def _bridge(place: Path | None, *, is_file: bool, past: bool) -> None:
    reader, writer = await _own_streams()
    greeting = {"routilux-tui": __version__, "protocol": protocol.VERSION}
    if place is None:
        work = _list(writer, greeting)
    elif place.suffix == ".sock":
        await _join(place, reader, writer, greeting)
        return
    else:
        # a file that is named as such is meant itself, whoever runs it
        work = _relay(place, reader, writer, greeting, until_run=not is_file, past=past)
    serving = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_until_end(reader) if place is None else serving)
    with contextlib.suppress(OSError):
        await asyncio.wait({serving, gone}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    serving.cancel()


async def _own_streams() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Standard input and output as streams."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=protocol.MAX_REQUEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, flow = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), sys.stdout
    )
    return reader, asyncio.StreamWriter(transport, flow, reader, loop)


async def _until_end(reader: asyncio.StreamReader) -> None:
    while await reader.read(_CHUNK):
        pass


async def _send(writer: asyncio.StreamWriter, value: object) -> None:
    writer.write(dumps(value) + b"\n")
    await writer.drain()


async def _list(writer: asyncio.StreamWriter, greeting: object) -> None:
    """What runs and what is saved here, then what changes."""
    import msgspec

    from routilux_tui.sources.local import local_source

    await _send(writer, greeting)
    async for batch in local_source().entries():
        await _send(writer, msgspec.to_builtins(batch))


async def _join(
    place: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, greeting: object
) -> None:
    """Carry bytes between the viewer and a runner, which speaks for itself."""
    from routilux_tui.runner.client import check_peer

    try:
        theirs, ours = await asyncio.open_unix_connection(str(place))
    except OSError:
        await _relay(_left_behind(place), reader, writer, greeting, until_run=True, past=False)
        return
    check_peer(ours.get_extra_info("socket"), str(place))
    await _send(writer, greeting)

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                target.write(data)
                await target.drain()

    ways = [
        asyncio.ensure_future(carry(theirs, writer)),
        asyncio.ensure_future(carry(reader, ours)),
    ]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()


def _left_behind(place: Path) -> Path:
    """The file of the job whose runner listened at a socket, and does so no more.

    Raises:
        Unreachable: when there is none.
    """
    try:
        return place_of(place.stem)
    except NoSuchJob:
        raise Unreachable(f"Nobody answers at {place}: the job has ended.") from None


async def _relay(
    place: Path,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    greeting: object,
    *,
    until_run: bool,
    past: bool,
) -> None:
    """Speak for a saved job, or for what one was; if so wished until somebody runs it himself."""
    from routilux_tui.sources.left_behind import serve_file
    from routilux_tui.sources.past_handle import PastHandle
    from routilux_tui.sources.relay import Relay
    from routilux_tui.sources.saved_handle import SavedHandle

    handle = PastHandle(place) if past else SavedHandle(place)
    await handle.open()
    await _send(writer, greeting)
    speak = serve_file(handle, reader, writer) if until_run else Relay(handle, reader, writer).run()
    await speak
