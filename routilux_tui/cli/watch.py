"""Run a command for each job of which a condition comes to hold, on this machine and on others.

CONDITION is CEL, as in ps --where: status == "failed" && labels.team == "data". COMMAND is a
program and its arguments, and no line of a shell; it is given the job as JSON on its standard
input, and ROUTILUX_TUI_JOB, and has 30 s. Without one, the job is printed. What holds already when
the watch begins counts as known, unless --all is given. It goes on until it is interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from routilux_tui.cli import output
from routilux_tui.cli.arguments import seconds
from routilux_tui.cli.config import add_remote_command, effective_settings

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from routilux_tui.sources.base import Source
    from routilux_tui.views.conditions import Condition
    from routilux_tui.views.shapes import JobEntry

COMMAND_WITHIN = 30.0
_AT_ONCE = 4
_TICK = 0.5
_SWEEP_EVERY = 5.0
"""Seconds after which every job is judged anew: its age alone may have made the condition hold."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--where", required=True, metavar="CONDITION", help="a condition in CEL")
    parser.add_argument(
        "--for",
        dest="held",
        type=seconds,
        default=0.0,
        metavar="S",
        help="once it has held so long",
    )
    parser.add_argument("--all", action="store_true", help="with those of which it holds already")
    parser.add_argument("--once", action="store_true", help="end after the first; its exit code")
    parser.add_argument(
        "--host", dest="hosts", action="append", metavar="HOST", help="a machine to reach by ssh"
    )
    add_remote_command(parser)
    parser.add_argument("--json", action="store_true", help="print the jobs as JSON")
    parser.add_argument("command", metavar="-- COMMAND", nargs=argparse.REMAINDER)


def run(args: argparse.Namespace) -> int:
    """Watch."""
    import asyncio

    from routilux_tui.views.conditions import Condition, context_of_entry
    from routilux_tui.views.shapes import JobEntry

    condition = Condition(args.where)
    condition.check(context_of_entry(JobEntry(key="")))
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    rule = Rule(condition, args.held, known=not args.all)
    return asyncio.run(_watch(_source(args), rule, command, as_json=args.json, once=args.once))


def _source(args: argparse.Namespace) -> Source:
    from routilux_tui.sources.local import local_source
    from routilux_tui.sources.merged import MergedSource
    from routilux_tui.sources.ssh import SshSource, host_of

    chosen = effective_settings(args)
    command = chosen["remote_command"].value
    far = [SshSource(host_of(name), command) for name in chosen["hosts"].value]
    return MergedSource([local_source(), *far]) if far else local_source()


class _Held(NamedTuple):
    """Since when the condition holds of a job, and whether that is known already."""

    since: float
    is_known: bool


class Rule:
    """A condition, and of which jobs it holds.

    Args:
        condition: what is asked of each job.
        held: seconds for which it has to hold.
        known: whether what holds at the beginning counts as known.
        clock: a clock that nobody sets.
    """

    def __init__(
        self,
        condition: Condition,
        held: float = 0.0,
        *,
        known: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._condition = condition
        self._for = held
        self._known = known
        self._clock = clock
        self._jobs: dict[tuple[str, str], JobEntry] = {}
        self._held: dict[tuple[str, str], _Held] = {}

    def begin(self) -> None:
        """What comes from now on is new."""
        self._known = False

    def take(self, changed: list[JobEntry]) -> None:
        """Judge jobs that came or changed."""
        for entry in changed:
            if entry.job_id and not entry.error:
                # a job that ends is listed anew by another key; it is the same all the while
                self._jobs[entry.host, entry.job_id] = entry
                self._judge((entry.host, entry.job_id))

    def sweep(self) -> None:
        """Judge every job anew: some time has gone by."""
        for job in self._jobs:
            self._judge(job)

    def due(self) -> list[JobEntry]:
        """The jobs of which it has held for long enough, each once for as long as it holds."""
        now = self._clock()
        found = [
            job
            for job, one in self._held.items()
            if not one.is_known and now - one.since >= self._for
        ]
        for job in found:
            self._held[job] = self._held[job]._replace(is_known=True)
        return [self._jobs[job] for job in found]

    def _judge(self, job: tuple[str, str]) -> None:
        from routilux_tui.views.conditions import context_of_entry

        if not self._condition.holds(context_of_entry(self._jobs[job])):
            self._held.pop(job, None)
        elif job not in self._held:
            self._held[job] = _Held(self._clock(), self._known)


async def _watch(
    source: Source, rule: Rule, command: list[str], *, as_json: bool, once: bool
) -> int:
    import asyncio

    loading = asyncio.Event()

    async def follow() -> None:
        async for batch in source.entries():
            rule.take(batch.changed)
            if not batch.loading:
                rule.begin()
                loading.set()

    following = asyncio.ensure_future(follow())
    running: set[asyncio.Task[int]] = set()
    at_once = asyncio.Semaphore(_AT_ONCE)
    swept = time.monotonic()
    try:
        while not following.done():
            await asyncio.wait({following}, timeout=_TICK)
            if time.monotonic() - swept >= _SWEEP_EVERY:
                rule.sweep()
                swept = time.monotonic()
            for entry in rule.due():
                task = asyncio.ensure_future(_act(entry, command, at_once, as_json=as_json))
                running.add(task)
                task.add_done_callback(running.discard)
                if once:
                    return await task
            output.wait_while_read(0.0)
        following.result()
        return 0
    finally:
        following.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _act(
    entry: JobEntry, command: list[str], at_once: asyncio.Semaphore, *, as_json: bool
) -> int:
    """Run the command for a job, or print the job; the command's exit code."""
    if not command:
        if as_json:
            output.print_json(entry)
        else:
            words = [output.status_word(entry.status), entry.flow_id, entry.job_id]
            print("  ".join([words[0], *map(output.safe, words[1:])]))
        sys.stdout.flush()
        return 0
    async with at_once:
        code = await _run_command(entry, command)
    outcome = "took too long and was ended" if code is None else f"ended with {code}"
    what = f"{entry.job_id[:8]} ({entry.flow_id}): {command[0]} {outcome}"
    print(output.safe(what), file=sys.stderr, flush=True)
    return 1 if code is None else code


async def _run_command(entry: JobEntry, command: list[str]) -> int | None:
    """Its exit code; 127 where it can't be started, None where it took too long."""
    import asyncio
    import signal
    from contextlib import suppress

    job = (output.json_line(entry) + "\n").encode()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, "ROUTILUX_TUI_JOB": entry.job_id},
            start_new_session=True,  # so that all that it starts can be ended with it
        )
    except (OSError, ValueError) as error:
        print(output.safe(f"{command[0]}: {error}"), file=sys.stderr)
        return 127
    try:
        await asyncio.wait_for(process.communicate(job), COMMAND_WITHIN)
    except (asyncio.TimeoutError, TimeoutError):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        return None
    return process.returncode
