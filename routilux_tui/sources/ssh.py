"""Jobs of other machines, through ``ssh`` itself.

The user's own configuration, keys, agents and jump hosts are used; no port is opened and no
daemon is needed. The far side runs ``routilux-tui bridge``, which lists its jobs or joins us to
one of them, over the connection's own input and output.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import socket
import subprocess
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from routilux_tui.errors import RoutiluxTuiError, Unreachable, UsageError
from routilux_tui.runner import protocol
from routilux_tui.runner.launch_record import user_name
from routilux_tui.sources.live import LiveHandle
from routilux_tui.views.formatting import limit
from routilux_tui.views.shapes import EntryBatch, JobEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from routilux_tui.sources.connection import OpenStream, Writer

GREETING = b'{"routilux-tui":'
"""How the first line of a bridge begins; what comes before it is the far shell's own talk."""
_MAX_WHY = 64 << 10
_MAX_TALK = 16 << 20
_LAST_WORDS = 200
_PATIENCE = 15.0
_FIRST_BACKOFF, _LAST_BACKOFF = 1.0, 60.0
#: No question can be answered while a dashboard is on the screen; a dead link is noticed; no
#: tunnel and no command of the user's own configuration is taken along. What is told is JSON that
#: says much the same each time: compressed it is less than a tenth.
_OPTIONS = (
    "-T",
    *("-o", "BatchMode=yes"),
    *("-o", "ConnectTimeout=8"),
    *("-o", "ServerAliveInterval=5"),
    *("-o", "ServerAliveCountMax=3"),
    *("-o", "ClearAllForwardings=yes"),
    *("-o", "RemoteCommand=none"),
    *("-o", "Compression=yes"),
    *("-o", "LogLevel=ERROR"),
)


class Host(NamedTuple):
    """A machine as ``ssh`` knows it: ``name`` is the user's word, ``arguments`` are ssh's."""

    name: str
    arguments: tuple[str, ...]


class Greeting(msgspec.Struct, frozen=True, rename={"version": "routilux-tui"}):
    """A bridge's first line: which program it is, and the protocol that it speaks."""

    version: str
    protocol: int


def host_of(text: str) -> Host:
    """The machine of ``build1``, ``ops@build2`` or ``ssh://ops@build2:2222``.

    Raises:
        UsageError: when it is no name of a machine.
    """
    name = text.removeprefix("ssh://").rstrip("/")
    place, colon, port = name.rpartition(":")
    if not colon or not port.isdigit() or "]" in port:
        place, port = name, ""
    bad = not place or place.startswith("-") or "/" in place
    if bad or any(one.isspace() or not one.isprintable() for one in place):
        raise UsageError(
            f"{text!r} is no name of a machine.", "Give what you would give to ssh: ops@build2"
        )
    where = f"[{place}]" if ":" in place and "@" not in place else place
    return Host(name, (*(("-p", port) if port else ()), "--", where.strip("[]")))


def split_address(address: str) -> tuple[Host, str]:
    """The machine and the job of ``ssh://host/JOB``; the job may be empty.

    Raises:
        UsageError: when it is no such address.
    """
    host, _, job = address.removeprefix("ssh://").partition("/")
    return host_of(host), job


class _Link:
    """The way out to the far side; closing it ends the ``ssh`` that carries it."""

    def __init__(self, writer: asyncio.StreamWriter, process: subprocess.Popen[bytes]) -> None:
        self._writer = writer
        self._process = process

    def write(self, data: bytes) -> None:
        """Send, when there is room."""
        self._writer.write(data)

    async def drain(self) -> None:
        """Wait for room."""
        await self._writer.drain()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
        kill(self._process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and take its leave."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)


async def open_bridge(
    host: Host, remote_command: str, arguments: tuple[str, ...] = ()
) -> tuple[asyncio.StreamReader, Writer]:
    """Start a bridge on a machine; returns its streams, after its greeting.

    Raises:
        Unreachable: when the machine, or the program there, does not answer; in ssh's own words.
        ProtocolMismatch: when the program there speaks another protocol.
    """
    command = " ".join((remote_command, "bridge", *map(shlex.quote, arguments)))
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as stderr, theirs:
        try:
            process = subprocess.Popen(  # noqa: ASYNC220 - returns when it is started
                ["ssh", *_OPTIONS, *host.arguments, command],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=stderr.fileno(),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise Unreachable(f"ssh can't be started: {error.strerror}.") from error
        theirs.close()
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=protocol.MAX_ANSWER)
        link = _Link(writer, process)
        talk = _Talk()
        try:
            greeting = await asyncio.wait_for(_greeting(reader, talk), _PATIENCE)
            if greeting is not None and greeting.protocol == protocol.VERSION:
                return reader, link
            if greeting is not None:
                problem: RoutiluxTuiError = protocol.protocol_mismatch(
                    greeting.protocol, greeting.version
                )
            elif talk.is_too_much:
                problem = Unreachable(
                    f"{host.name}: its shell prints more than {_MAX_TALK >> 20} MB before "
                    f"{remote_command!r} starts.",
                    "Look at what its ~/.bashrc does where there is no terminal.",
                )
            else:
                code = await asyncio.to_thread(process.wait, 2.0)
                stderr.seek(0)
                text = stderr.read(_MAX_WHY).decode("utf-8", "replace")
                problem = _failure(host, remote_command, code, text, talk.last_words)
        except (asyncio.TimeoutError, TimeoutError, subprocess.TimeoutExpired):
            problem = Unreachable(
                f"{host.name}: no answer within {limit(_PATIENCE)}.", _said(talk.last_words)
            )
        except BaseException:
            link.close()
            raise
    link.close()
    raise problem


class _Talk:
    """What the far shell says by itself before the bridge speaks: its last line, and how much."""

    def __init__(self) -> None:
        self.last_words = ""
        self.is_too_much = False
        self._size = 0

    def add(self, line: bytes) -> None:
        """Take note of a line."""
        self._size += len(line)
        self.is_too_much = self._size > _MAX_TALK
        if words := line[-_LAST_WORDS:].strip():
            self.last_words = words.decode("utf-8", "replace")


async def _greeting(reader: asyncio.StreamReader, talk: _Talk) -> Greeting | None:
    """The bridge's first line, after whatever the far shell says by itself."""
    while not talk.is_too_much:
        try:
            line = await reader.readline()
        except ValueError:  # longer than any line of ours
            talk.is_too_much = True
            return None
        except OSError:
            return None
        if not line:
            return None
        at = line.rfind(GREETING)  # the far shell may have said something on the same line
        if at >= 0:
            with contextlib.suppress(msgspec.MsgspecError, ValueError):
                return msgspec.json.decode(line[at:], type=Greeting)
        talk.add(line)
    return None


def _said(last_words: str) -> str:
    return f"Its shell said: {last_words}" if last_words else ""


def _failure(
    host: Host, remote_command: str, code: int, stderr: str, last_words: str
) -> Unreachable:
    """Why there is no bridge, from what ssh or the far side said."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("routilux-tui: ")]
    why = (ours or lines or [f"ssh ended with code {code}"])[-1].removeprefix("routilux-tui: ")
    hint = "" if lines else _said(last_words)
    if ours and lines[-1] != ours[-1]:
        hint = lines[-1]
    elif code == 127:
        why = f"{remote_command!r} is not there: {why}"
        hint = "Install routilux-tui there, or tell how it is started: --remote-command"
    elif code == 255:
        hint = f"Try by hand: ssh {host.name}"
    return Unreachable(f"{host.name}: {why.rstrip('.')}.", hint)


def ssh_handle(
    host: Host, remote_command: str, job: str, *, fps: float = 10.0, read_only: bool = False
) -> LiveHandle:
    """A handle on a job of another machine: by its key there, its id, or its flow's name."""

    async def open_stream() -> tuple[asyncio.StreamReader, Writer]:
        # once known, it is asked for by its id, of which there is but one
        name = job if "/" in job and not handle.was_taken_up else handle.hello.job_id or job
        return await open_bridge(host, remote_command, ("--", name) if name else ("--only",))

    def open_past(path: str) -> OpenStream:
        return lambda: open_bridge(host, remote_command, ("--past", "--", path))

    here = f"{user_name()}@{socket.gethostname()}"
    place = f"ssh://{host.name}"
    handle = LiveHandle(open_stream, place, fps=fps, read_only=read_only, via=here)
    handle.open_past = open_past
    return handle


class SshSource:
    """The jobs of one machine, running and saved; a machine that is down is a line that says so.

    Args:
        host: the machine.
        remote_command: how ``routilux-tui`` is started there.
        fps: frames a second of a handle.
        read_only: give handles that ask for no control.
    """

    def __init__(
        self, host: Host, remote_command: str, *, fps: float = 10.0, read_only: bool = False
    ) -> None:
        self._host = host
        self._remote_command = remote_command
        self._fps = fps
        self._read_only = read_only
        self._prefix = f"ssh://{host.name}/"

    async def entries(self) -> AsyncIterator[EntryBatch]:
        """The machine's jobs, then what changes; over a broken link its last state stays."""
        known: dict[str, JobEntry] = {}
        yield EntryBatch([self._host_line("connecting …")])
        pause = _FIRST_BACKOFF
        while True:
            missing = set(known)
            try:
                async for batch in self._listed():
                    changed = [self._of_host(one) for one in batch.changed]
                    gone = [self._prefix + key for key in batch.gone]
                    known.update((one.key, one) for one in changed)
                    missing.difference_update(one.key for one in changed)
                    if not batch.loading:
                        gone.extend(missing)
                        missing.clear()
                    for key in gone:
                        known.pop(key, None)
                    pause = _FIRST_BACKOFF
                    yield EntryBatch(changed, [*gone, self._prefix], batch.loading)
                why = f"{self._host.name}: the connection broke."
            except RoutiluxTuiError as error:
                why = f"{error.message} {error.hint}".strip()
            stale = [
                msgspec.structs.replace(one, badge="stale", place="saved") for one in known.values()
            ]
            reason = why.removeprefix(f"{self._host.name}: ").removeprefix("ssh: ")
            again = f"again in {limit(pause)}: {reason}"
            yield EntryBatch([self._host_line(again), *stale])
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_BACKOFF)

    async def _listed(self) -> AsyncIterator[EntryBatch]:
        reader, link = await open_bridge(self._host, self._remote_command)
        try:
            while line := await reader.readline():
                yield msgspec.json.decode(line, type=EntryBatch)
        except msgspec.MsgspecError as error:
            raise Unreachable(
                f"{self._host.name}: its list can't be understood: {error}."
            ) from error
        except (OSError, ValueError, asyncio.LimitOverrunError):
            return
        finally:
            link.close()

    def _host_line(self, state: str) -> JobEntry:
        return JobEntry(key=self._prefix, place="host", host=self._host.name, error=state)

    def _of_host(self, one: JobEntry) -> JobEntry:
        return msgspec.structs.replace(one, key=self._prefix + one.key, host=self._host.name)

    def handle(self, key: str) -> LiveHandle:
        """A handle on a job of the machine."""
        return ssh_handle(
            self._host,
            self._remote_command,
            key.removeprefix(self._prefix),
            fps=self._fps,
            read_only=self._read_only,
        )

    async def close(self) -> None:
        """Nothing is held open but while `entries` is iterated."""
