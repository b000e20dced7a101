"""Run a command for each job of which a condition comes to hold, on this machine and on others.

CONDITION is CEL, on all that a job says of itself and on its line of the list: status == "failed"
&& labels.team == "data", routines.load.queue > 100; or a name: failed, waits for you, slower than
usual, silent for 10m, ended. COMMAND is a program and its arguments, and no line of a shell; it is
given the job as JSON on its standard input, and ROUTILUX_TUI_JOB, and has 30 s. Without one, the
job is printed. What holds already when the watch begins counts as known, unless --all is given. It
goes on until it is interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

from routilux_tui.cli import output
from routilux_tui.cli.arguments import seconds
from routilux_tui.cli.browse import with_hosts
from routilux_tui.cli.config import add_remote_command, effective_settings
from routilux_tui.errors import ConditionError, RoutiluxTuiError, TooCostly

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from routilux_tui.sources.base import Source
    from routilux_tui.views.alerts import Holding
    from routilux_tui.views.conditions import Condition, Judge
    from routilux_tui.views.shapes import JobEntry

Key = tuple[str, str]
"""A job: its machine, and its id."""

_AT_ONCE = 4
_ANSWERS_WITHIN = 10.0
_TICK = 0.5
_JUDGE_EVERY = 5.0
"""Seconds after which every job is judged anew: its age alone may have made the condition hold."""
_SIGNAL = 128
"""What a shell adds to the number of the signal that has ended a command."""


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

    from routilux_tui.runner.blocking_judge import BlockingJudge
    from routilux_tui.views.alerts import check_names, condition_of
    from routilux_tui.views.condition_context import context_of_entry
    from routilux_tui.views.conditions import Condition
    from routilux_tui.views.shapes import JobEntry

    condition = Condition(condition_of(args.where))
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    with contextlib.closing(BlockingJudge()) as judge:
        rule = Rule(condition, judge, args.held, known=not args.all)
        of_any = context_of_entry(JobEntry(key=""))
        if rule.asks_for_figures:
            check_names(condition, of_any)
        else:
            judge.check(condition, of_any)
        return asyncio.run(_watch(_source(args), rule, command, as_json=args.json, once=args.once))


def _names_of_entries() -> set[str]:
    """What a condition can ask of a job's line in a list alone."""
    from routilux_tui.views.condition_context import context_of_entry
    from routilux_tui.views.shapes import JobEntry

    return set(context_of_entry(JobEntry(key="")))


def _source(args: argparse.Namespace) -> Source:
    from routilux_tui.sources.local import local_source

    return with_hosts(local_source(), effective_settings(args))


class Rule:
    """A condition, and of which jobs it holds.

    Args:
        condition: what is asked of each job.
        judge: judges it.
        held: seconds for which it has to hold.
        known: whether what holds at the beginning counts as known.
        clock: a clock that nobody sets.
    """

    def __init__(
        self,
        condition: Condition,
        judge: Judge,
        held: float = 0.0,
        *,
        known: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from routilux_tui.views.shapes import AlertRule

        self._condition = condition
        self._judges = judge
        self._rule = AlertRule(name=condition.text, when=condition.text, held=held)
        self._known = known
        self._clock = clock
        self._jobs: dict[Key, JobEntry] = {}
        self._holding: dict[Key, Holding] = {}
        #: What each job says of itself, where the condition asks for more than a list has.
        self._figures: dict[Key, dict[str, Any]] = {}
        self.asks_for_figures = bool(condition.names - _names_of_entries())
        self._needing_figures: set[Key] = set()
        self._were_there: set[Key] = set()

    def begin(self) -> None:
        """What comes from now on is new."""
        self._known = False

    def take(self, changed: list[JobEntry]) -> None:
        """Judge jobs that came or changed."""
        for entry in changed:
            if entry.job_id and not entry.error:
                # a job that ends is listed anew by another key; it is the same all the while
                key = (entry.host, entry.job_id)
                if self._known:
                    self._were_there.add(key)
                self._jobs[key] = entry
                if self.asks_for_figures:
                    self._needing_figures.add(key)
                else:
                    self._judge(key)

    def judge_all(self) -> None:
        """Judge every job anew: some time has gone by."""
        for key, entry in self._jobs.items():
            if not self.asks_for_figures:
                self._judge(key)
            elif entry.place == "live" or "age" in self._condition.names:
                self._needing_figures.add(key)

    def take_needing_figures(self) -> list[JobEntry]:
        """The jobs whose figures are to be asked for, each once."""
        found = [self._jobs[key] for key in self._needing_figures]
        self._needing_figures.clear()
        return found

    def give(self, entry: JobEntry, figures: dict[str, Any]) -> None:
        """Judge a job by its figures."""
        key = (entry.host, entry.job_id)
        self._figures[key] = figures
        self._judge(key)

    def due(self) -> list[JobEntry]:
        """The jobs of which it has held for long enough, each once for as long as it holds."""
        now = self._clock()
        return [self._jobs[key] for key, one in self._holding.items() if one.is_due(now)]

    def _judge(self, key: Key) -> None:
        from routilux_tui.views.alerts import Holding
        from routilux_tui.views.condition_context import context_of_entry

        context = {**self._figures.get(key, {}), **context_of_entry(self._jobs[key])}
        try:
            holds = self._judges.holds(self._condition, context)
        except TooCostly:
            raise
        except ConditionError:
            if not self.asks_for_figures:
                raise
            holds = False  # it has no such routine, or no such key yet
        holding = self._holding.get(key)
        if holding is None:
            is_known = holds and key in self._were_there
            holding = self._holding[key] = Holding(self._rule, int(is_known))
        if holds and not holding.holds:  # they are acted on in the order in which they came to hold
            self._holding[key] = self._holding.pop(key)
        holding.note(holds, self._clock())


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
    judged_at = time.monotonic()
    try:
        while not following.done():
            await asyncio.wait({following}, timeout=_TICK)
            if time.monotonic() - judged_at >= _JUDGE_EVERY:
                rule.judge_all()
                judged_at = time.monotonic()
            await _ask_for_figures(source, rule)
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


async def _ask_for_figures(source: Source, rule: Rule) -> None:
    """Have the jobs judged that have to be asked themselves, a few at once."""
    import asyncio

    at_once = asyncio.Semaphore(_AT_ONCE)

    async def ask(entry: JobEntry) -> None:
        handle = source.handle(entry.key)
        async with at_once:
            try:
                await asyncio.wait_for(handle.open(), _ANSWERS_WITHIN)
                figures = await asyncio.wait_for(handle.context(), _ANSWERS_WITHIN)
            except (RoutiluxTuiError, asyncio.TimeoutError, TimeoutError):
                return  # it has gone meanwhile, or is asked again when it changes
            finally:
                await handle.close()
        rule.give(entry, figures)

    await asyncio.gather(*map(ask, rule.take_needing_figures()))


async def _act(
    entry: JobEntry, command: list[str], at_once: asyncio.Semaphore, *, as_json: bool
) -> int:
    """Run the command for a job, or print the job; the command's exit code."""
    if not command:
        from routilux_tui.views.list_line import status_of

        if as_json:
            output.print_json(output.entry_object(entry))
        else:
            status = output.status_word(status_of(entry), entry.still_running)
            cells = [status, entry.flow_id, entry.job_id]
            print("  ".join([cells[0], *map(output.safe, cells[1:])]))
        sys.stdout.flush()
        return 0
    import asyncio

    from routilux_tui.runner.alert_command import run_command

    async with at_once:
        job = (output.json_line(output.entry_object(entry)) + "\n").encode()
        code, printed = await asyncio.to_thread(run_command, command, job, entry.job_id)
    if printed:
        print(output.safe(printed), file=sys.stderr)
    outcome = "took too long and was ended" if code is None else f"ended with {code}"
    what = f"{entry.job_id[:8]} ({entry.flow_id}): {command[0]} {outcome}"
    print(output.safe(what), file=sys.stderr, flush=True)
    return 1 if code is None else code if code >= 0 else _SIGNAL - code
