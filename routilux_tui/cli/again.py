"""Run a job again: a new job with the flow and the parameters that the earlier one began with.

With --only-failed, the inputs that failed for good are sent again, each to the routine that failed
on it, and nothing else is run. The earlier job stays as it is; the new one says whose run it is.
The flow is run as its source is now: what was mended since is mended.

With --from ROUTINE, every input that had entered that routine is sent into the new job; routines
that nothing of that reaches are kept as done, and the shared data begin as they were then. A
script of routilux runs again, and the same job of it begins with what that routine had not done.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.cli import output
from routilux_tui.cli.arguments import at_least_one
from routilux_tui.cli.config import effective_settings
from routilux_tui.cli.find_job import find
from routilux_tui.cli.run import add_following_arguments, show_started
from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.job import status as statuses
from routilux_tui.job.model import Job
from routilux_tui.store.reading import load_job
from routilux_tui.views.formatting import counted
from routilux_tui.views.naming import command

if TYPE_CHECKING:
    import argparse

    from routilux_tui.runner.again import Repetition
    from routilux_tui.runner.again_script import ScriptRepetition


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument(
        "-p", dest="params", action="append", default=[], metavar="KEY=VALUE",
        help="a parameter that is another this time",
    )  # fmt: skip
    parser.add_argument("--only-failed", action="store_true", help="the failed inputs alone")
    parser.add_argument(
        "--from", dest="routines", action="append", default=[], metavar="ROUTINE",
        help="every input of this routine; of a routilux script, what it had not done",
    )  # fmt: skip
    parser.add_argument("--flow", default="", metavar="FLOW", help="the flow, where it is another")
    parser.add_argument(
        "--workers", type=at_least_one, default=0, metavar="N", help="handlers at once"
    )
    add_following_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Say what will run, and start it."""
    from routilux_tui.runner.again import Repetition

    params = output.parse_params(args.params)
    found = find(args.job)
    path = found if isinstance(found, Path) else Path(found.path)
    job = load_job(path, into=Job, strict=True)
    if job.library:
        return _run_script(job, str(path), params, args)
    if len(args.routines) > 1:
        raise NotPossible(f"{path}: --from takes one routine of such a job.")
    again = Repetition(
        path,
        params,
        flow=args.flow,
        only_failed=args.only_failed,
        routine="".join(args.routines),
    )
    print(output.safe(_plan(again)), file=sys.stderr)
    chosen = effective_settings(args)
    started = again.start(
        workers=args.workers,
        read_only=bool(args.read_only) and not output.opens_screen(args),
        keep=chosen["keep"].value,
        log_size=chosen["log_size"].value,
    )
    args.flow = again.flow
    earlier = found if isinstance(found, Path) else again.job_id[:8]
    compare = command("diff", earlier, started.job_id[:8])
    print(output.safe(f"Compare them: {compare}"), file=sys.stderr)
    return show_started(started, args)


def _run_script(job: Job, path: str, params: dict[str, Any], args: argparse.Namespace) -> int:
    """The same for a job of a script of routilux."""
    from routilux_tui.cli.run_script import is_followed, show_script
    from routilux_tui.runner.again_script import ScriptRepetition

    if args.flow:
        raise UsageError(f"{path} was run by a script: --flow means nothing for it.")
    again = ScriptRepetition(
        job, path, params, routines=args.routines, only_failed=args.only_failed
    )
    for line in _script_plan(again, job):
        print(output.safe(line), file=sys.stderr)
    chosen = effective_settings(args)
    started = again.start(
        workers=args.workers,
        read_only=bool(args.read_only) and not output.opens_screen(args),
        keep=chosen["keep"].value,
        log_size=chosen["log_size"].value,
        is_followed=is_followed(args),
    )
    return show_script(started, again.script.place, args)


def _script_plan(again: ScriptRepetition, job: Job) -> list[str]:
    earlier = f"job {again.job_id[:8]} stays as it is"
    words = " ".join([again.place, *again.args, *(f"{k}={v}" for k, v in again.params.items())])
    if not again.tasks:
        return [f"Runs {words} from its beginning; {earlier}."]
    which = "" if again.number == 1 and again.script.name else f", in its job {again.number},"
    lines = [f"Runs {words}{which} with {_inputs(again.tasks)} in place of the entry; {earlier}."]
    if not again.script.name:
        lines.append("All else that the script does, it does again.")
    if again.left_out:
        left = ", ".join(f"{counted(n, 'input')} of {name}" for name, n in again.left_out.items())
        lines.append(f"Left out: {left}; --from takes more than one routine.")
    if not statuses.has_ended(job.status):
        lines.append("What it did after its runner was gone, if anything, is not known.")
    return lines


def _inputs(tasks: list[dict[str, Any]]) -> str:
    """How many inputs, by routine."""
    count = Counter(str(task["slot_routine_id"]) for task in tasks)
    return ", ".join(f"{counted(number, 'input')} of {name}" for name, number in count.items())


def _plan(again: Repetition) -> str:
    """What will run, and what of the earlier job is kept."""
    earlier = f"job {again.job_id[:8]} stays as it is"
    given = " ".join(f"{key}={value}" for key, value in again.params.items())
    if not again.tasks:
        return f"Runs {again.flow} {given}".rstrip() + f"; {earlier}."
    kept = f"; kept as done: {', '.join(again.kept)}" if again.kept else ""
    sends = f"Sends again {_inputs(again.tasks)}, and runs what follows from them{kept}"
    return f"{sends}; {earlier}."
