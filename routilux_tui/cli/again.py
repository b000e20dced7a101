"""Run a job again: a new job with the flow and the parameters that the earlier one began with.

With --only-failed, the inputs that failed for good are sent again, each to the routine that failed
on it, and nothing else is run. The earlier job stays as it is; the new one says whose run it is.
The flow is run as its source is now: what was mended since is mended.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.arguments import workers
from routilux_tui.cli.config import effective_settings
from routilux_tui.cli.find_job import find
from routilux_tui.cli.run import add_following_arguments, show_started
from routilux_tui.views.formatting import counted

if TYPE_CHECKING:
    import argparse

    from routilux_tui.runner.again import Repetition


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument(
        "-p", dest="params", action="append", default=[], metavar="KEY=VALUE",
        help="a parameter that is another this time",
    )  # fmt: skip
    parser.add_argument("--only-failed", action="store_true", help="the failed inputs alone")
    parser.add_argument("--flow", default="", metavar="FLOW", help="the flow, where it is another")
    parser.add_argument("--workers", type=workers, default=0, metavar="N", help="handlers at once")
    add_following_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Say what will run, and start it."""
    from routilux_tui.runner.again import Repetition

    params = output.parse_params(args.params)
    found = find(args.job)
    path = found if isinstance(found, Path) else Path(found.path)
    again = Repetition(path, params, flow=args.flow, only_failed=args.only_failed)
    print(output.safe(_plan(again)), file=sys.stderr)
    chosen = effective_settings(args)
    started = again.start(
        workers=args.workers,
        read_only=bool(args.read_only) and args.detach,
        keep=chosen["keep"].value,
        log_size=chosen["log_size"].value,
    )
    args.flow = again.flow
    return show_started(started, args)


def _plan(again: Repetition) -> str:
    """What will run, and what of the earlier job is kept."""
    earlier = f"job {again.job_id[:8]} stays as it is"
    given = " ".join(f"{key}={value}" for key, value in again.params.items())
    if not again.tasks:
        return f"Runs {again.flow} {given}".rstrip() + f"; {earlier}."
    count = Counter(str(task["slot_routine_id"]) for task in again.tasks)
    inputs = ", ".join(f"{counted(number, 'input')} of {name}" for name, number in count.items())
    return f"Sends again {inputs}, and runs what follows from them; {earlier}."
