"""Pause a job: no task starts any more, running handlers finish, the rest is held.

Returns when the job says that it is paused: 0; or 4 when it has not said so in time. With --when it
sets a breakpoint and returns at once: the job is paused before the next task for which CONDITION
holds. It sees the job, and of the task routine, slot, data, source, event and tries:

    routilux-tui pause JOB --when 'routine == "price" && data.amount > 1000'

See `breakpoints` for those that are set, and to take them off.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import control, output
from routilux_tui.cli.find_job import find_running

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_control_arguments(parser)
    parser.add_argument("--reason", default="", help="noted in the job's pause point")
    parser.add_argument("--when", metavar="CONDITION", default="", help="set a breakpoint")


def run(args: argparse.Namespace) -> int:
    """Ask, and wait for the job's word; or set a breakpoint."""
    if not args.when:
        return control.request(args, "pause", {"paused"}, reason=args.reason)
    from routilux_tui.runner.client import Client

    with Client(Path(find_running(args.job).key)) as client:
        number = client.call("breakpoint", condition=args.when)
        if args.json:
            output.print_json(next(one for one in client.breakpoints() if one.number == number))
        else:
            print(f"breakpoint {number} of {output.safe(client.hello.job_id[:8])} is set")
    return 0
