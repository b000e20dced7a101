"""Cancel a job: what has not started never will, and running handlers are told to stop.

What has not stopped a moment later is said on stderr: which handler, since when, and the way out.
With --force, a handler that has not stopped after the grace is ended with its process, and the
job is recorded as cancelled by force, with what was running. So is a runner that does not answer
at all.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import control, output
from routilux_tui.cli.arguments import seconds
from routilux_tui.errors import NotConfirmed, Unreachable
from routilux_tui.views.formatting import span

if TYPE_CHECKING:
    import argparse

    from routilux_tui.runner.client import Client
    from routilux_tui.views.shapes import Header

#: Seconds that a runner is waited for; with --force no longer than the grace, if it may be.
_LEAST, _MOST = 0.5, 5.0
_RETURN_WITHIN = 1.0
"""Seconds that handlers are given to return before it is said that they have not."""
_GONE_WITHIN = 5.0
"""Seconds after the grace within which the process is gone."""


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
    from routilux_tui.runner.client import Client

    with Client(socket, patience) as client:
        asked = {"reason": args.reason, "force": args.force, "grace": args.grace}
        header = client.header_of(client.call("cancel", **asked))
        if header.status not in until:
            header = client.wait_for_status(until, args.within)
        if header.still_running:
            header = _returned(client, args, header)
    return control.print_outcome(header, as_json=args.json)


def _returned(client: Client, args: argparse.Namespace, header: Header) -> Header:
    """The job when its handlers have returned; else it is said which have not, and the way out.

    By force it is as it is when they have been ended.

    Raises:
        NotConfirmed: when their process is there still, though it was to be ended.
    """
    is_forced = args.force and "force" not in client.hello.cannot
    try:
        is_soon = is_forced and args.grace <= _RETURN_WITHIN
        if not is_soon:
            if client.wait("", _RETURN_WITHIN).outcome != "timeout":
                return client.header()
            _tell_what_runs(client, header, args.grace if is_forced else None)
        if not is_forced:
            return client.header()
        if client.wait("", args.grace + _GONE_WITHIN).outcome != "timeout":
            return client.header()
    except Unreachable:  # it was ended, and its file says so
        from routilux_tui.cli.find_job import SavedJob

        path = Path(client.hello.path)
        return SavedJob(path).header() if path.is_file() else header
    raise NotConfirmed(f"The runner of job {header.job_id} was to be ended, and is still there.")


def _tell_what_runs(client: Client, header: Header, grace: float | None) -> None:
    """Say which handlers have not returned, and the way out; ``grace`` where they will be ended."""
    from routilux_tui.views.insight import NOW, Now
    from routilux_tui.views.naming import command
    from routilux_tui.views.still_running import still_running_now, way_out

    runs = output.safe(still_running_now(client.insight(NOW).now or Now()))
    print(f"routilux-tui: {runs}.", file=sys.stderr)
    way = f"Wait for it: {command('wait', header.job_id[:8])}; or end it with its process: "
    way += way_out(header.job_id)
    if grace is not None:
        way = f"What has not returned {span(grace)} after it was asked is ended."
    elif "force" in client.hello.cannot:
        way = f"Wait for it, or end that program: kill {client.hello.pid}"
    print(f"  {way}", file=sys.stderr)
