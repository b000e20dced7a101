"""Cancel a job: what has not started never will, and running handlers are told to stop.

With --force, a handler that has not stopped after the grace is ended with its process, and the
job is recorded as cancelled by force, with what was running. So is a runner that does not answer
at all.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import control
from routilux_tui.cli.arguments import seconds
from routilux_tui.errors import NotConfirmed, Unreachable

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_control_arguments(parser)
    parser.add_argument("--reason", default="", help="noted in the job")
    parser.add_argument("--force", action="store_true", help="end its process if it must be")
    parser.add_argument("--grace", type=seconds, default=10.0, metavar="S", help="seconds (10)")


def run(args: argparse.Namespace) -> int:
    """Ask, and wait for the job's word."""
    from routilux_tui.cli.find_job import find_running
    from routilux_tui.runner.discover import is_stale

    socket = Path(find_running(args.job, must_answer=not args.force).key)
    try:
        return _request(args, socket)
    except (Unreachable, NotConfirmed):
        if not args.force or not socket.exists() or is_stale(socket):
            raise
    return _end_by_force(args, socket)


def _request(args: argparse.Namespace, socket: Path) -> int:
    until = {"cancelled", "failed"} if args.force else {"cancelled"}
    return control.request_at(
        socket, args, "cancel", until, reason=args.reason, force=args.force, grace=args.grace
    )


def _end_by_force(args: argparse.Namespace, socket: Path) -> int:
    """Ask until the grace is over; then end the process."""
    from routilux_tui.runner.force_cancel import end_by_force

    until = time.monotonic() + args.grace
    while (left := until - time.monotonic()) > 0:
        try:
            return _request(args, socket)
        except (Unreachable, NotConfirmed):
            time.sleep(min(left, 0.2))
    return control.print_outcome(end_by_force(socket, args.reason), as_json=args.json)
