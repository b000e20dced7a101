"""Asking a job for something, and waiting for its own word that it is so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.cli import output
from routilux_tui.cli.arguments import seconds
from routilux_tui.cli.find_job import find_running

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.shapes import Header


def add_control_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that all controls share which a job confirms."""
    add_job_arguments(parser)
    parser.add_argument(
        "--within", type=seconds, default=30.0, metavar="S", help="seconds to wait (30)"
    )


def add_job_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that all share which steer a job."""
    parser.add_argument("job", metavar="JOB")
    parser.add_argument("--json", action="store_true", help="the job's header as JSON")


def send(args: argparse.Namespace, method: str, **params: Any) -> int:
    """Ask for what is done at once.

    Raises:
        NoSuchJob: when no job is called so, or more than one is.
        Unreachable: when it does not answer.
        NotPossible: when the job can't do that now.
    """
    from routilux_tui.runner.client import Client

    with Client(Path(find_running(args.job).key)) as client:
        header = client.header_of(client.call(method, **params))
    return print_outcome(header, as_json=args.json)


def request(args: argparse.Namespace, method: str, until: set[str], **params: Any) -> int:
    """Ask for a control and wait until the job's status is one of ``until``.

    Raises:
        NoSuchJob: when no job is called so, or more than one is.
        Unreachable: when it does not answer.
        NotConfirmed: when it is not, in time.
    """
    return request_at(Path(find_running(args.job).key), args, method, until, **params)


def request_at(
    socket: Path, args: argparse.Namespace, method: str, until: set[str], **params: Any
) -> int:
    """Ask the runner behind a socket, as `request` does.

    Raises:
        Unreachable: when it does not answer.
        NotConfirmed: when the job's status is none of ``until`` in time.
    """
    from routilux_tui.runner.client import Client

    with Client(socket) as client:
        header = client.header_of(client.call(method, **params))
        if header.status not in until:  # a forced cancel may have ended the runner by now
            header = client.wait_for_status(until, args.within)
    return print_outcome(header, as_json=args.json)


def print_outcome(header: Header, *, as_json: bool) -> int:
    """Print what has become of a job."""
    if as_json:
        output.print_json(header)
    else:
        note = f"  by {output.safe(header.by)}" if header.by else ""
        note += f": {output.safe(header.note)}" if header.note else ""
        print(f"{output.status_word(header.status)}  {output.safe(header.flow_id)}  "
              f"{output.safe(header.job_id[:8])}{note}")  # fmt: skip
    return 0
