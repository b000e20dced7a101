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

#: Seconds that a runner is waited for; with --force no longer than the grace, if it may be.
_LEAST, _MOST = 0.5, 5.0


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
    if not args.force:
        return _request(args, socket, {"cancelled"})
    until = time.monotonic() + args.grace
    while True:
        left = until - time.monotonic()
        try:
            return _request(args, socket, {"cancelled", "failed"}, max(_LEAST, min(_MOST, left)))
        except (Unreachable, NotConfirmed):
            if not socket.exists() or is_stale(socket):
                raise
        if left <= 0:
            break
        time.sleep(min(left, 0.2))
    from routilux_tui.runner.force_cancel import end_by_force

    return control.print_outcome(end_by_force(socket, args.reason), as_json=args.json)


def _request(
    args: argparse.Namespace, socket: Path, until: set[str], patience: float = _MOST
) -> int:
    return control.request_at(
        socket,
        args,
        "cancel",
        until,
        patience=patience,
        reason=args.reason,
        force=args.force,
        grace=args.grace,
    )
