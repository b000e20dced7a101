"""Cancel a job: what has not started never will, and running handlers are told to stop.

With --force, a handler that has not stopped after the grace is ended with its process, and the
job is recorded as cancelled by force, with what was running. So is a runner that does not answer
at all; its job is named by its id.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from routilux_tui.cli import control
from routilux_tui.errors import NoSuchJob, NotConfirmed, Unreachable

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_control_arguments(parser)
    parser.add_argument("--reason", default="", help="noted in the job")
    parser.add_argument("--force", action="store_true", help="end its process if it must be")
    parser.add_argument("--grace", type=float, default=10.0, metavar="S", help="seconds (10)")


def run(args: argparse.Namespace) -> int:
    """Ask, and wait for the job's word."""
    try:
        return _request(args)
    except (Unreachable, NotConfirmed):
        if not args.force:
            raise
        silent = _silent_runner(args.job)
        if silent is None:
            raise
    return _end_by_force(args, silent)


def _request(args: argparse.Namespace) -> int:
    until = {"cancelled", "failed"} if args.force else {"cancelled"}
    return control.request(
        args, "cancel", until, reason=args.reason, force=args.force, grace=args.grace
    )


def _silent_runner(name: str) -> Path | None:
    """The socket of the runner of that name that does not answer, if there is one."""
    from routilux_tui.runner.force_cancel import silent_runner

    try:
        return silent_runner(name)
    except NoSuchJob:
        return None


def _end_by_force(args: argparse.Namespace, socket: Path) -> int:
    """Ask until the grace is over; then end the process."""
    from routilux_tui.runner.force_cancel import end_by_force

    until = time.monotonic() + args.grace
    while (left := until - time.monotonic()) > 0:
        try:
            return _request(args)
        except (Unreachable, NotConfirmed):
            time.sleep(min(left, 0.2))
    return control.print_outcome(end_by_force(socket, args.reason), as_json=args.json)
