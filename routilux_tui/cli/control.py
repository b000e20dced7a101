"""Asking a job for something, and waiting for its own word that it is so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.cli import output
from routilux_tui.cli.arguments import seconds
from routilux_tui.cli.find_job import (
    answering,
    find,
    find_running,
    live_entries,
    resume_hint,
    running_from,
)
from routilux_tui.errors import NotPossible
from routilux_tui.job.status import has_ended, how_left
from routilux_tui.store.locks import is_locked

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


class Steered(NamedTuple):
    """A job that is to be steered: where it answers, or its file where nobody runs it."""

    socket: Path | None
    path: Path


def steered(name: str) -> Steered:
    """The job that a name means, whether it runs or not.

    Raises:
        NoSuchJob: when no job is called so, or more than one is.
        NotConfirmed: when its runner does not answer.
    """
    found = find(name)
    if isinstance(found, Path):
        running = running_from(str(found), live_entries(str(found))) if is_locked(found) else []
        return Steered(Path(answering(name, running[0]).key) if running else None, found)
    socket = Path(answering(name, found).key) if found.place == "live" else None
    return Steered(socket, Path(found.path))


def not_run(path: Path) -> NotPossible:
    """The error that nobody runs the job of a file, so that it can't be asked."""
    from routilux_tui.store.large_file import open_job

    status = open_job(path).status
    if has_ended(status):
        return NotPossible(f"{path}: its job is {status}: nothing of it waits, or is tried again.")
    return NotPossible(f"{path}: {how_left(status)}.", resume_hint(str(path)))


def request(args: argparse.Namespace, method: str, until: set[str], **params: Any) -> int:
    """Ask for a control and wait until the job's status is one of ``until``.

    Raises:
        NoSuchJob: when no job is called so, or more than one is.
        Unreachable: when it does not answer.
        NotConfirmed: when it is not, in time.
    """
    return request_at(Path(find_running(args.job).key), args, method, until, **params)


def request_at(
    socket: Path,
    args: argparse.Namespace,
    method: str,
    until: set[str],
    patience: float = 5.0,
    **params: Any,
) -> int:
    """Ask the runner behind a socket, as `request` does; ``patience`` is in seconds.

    Raises:
        Unreachable: when it does not answer.
        NotConfirmed: when the job's status is none of ``until`` in time.
    """
    from routilux_tui.runner.client import Client

    with Client(socket, patience) as client:
        # what goes on may be paused again, by a breakpoint or a question, before it is looked at
        paused = client.header().counts.get("pauses", 0) if method == "resume" else None
        header = client.header_of(client.call(method, **params))
        if header.status not in until:  # a forced cancel may have ended the runner by now
            header = client.wait_for_status(until, args.within, paused)
    return print_outcome(header, as_json=args.json)


def print_outcome(header: Header, *, as_json: bool) -> int:
    """Print what has become of a job."""
    if as_json:
        output.print_json(header)
    else:
        note = f"  by {output.safe(header.by)}" if header.by else ""
        note += f": {output.safe(header.note)}" if header.note else ""
        status = output.status_word(header.status, header.still_running)
        print(f"{status}  {output.safe(header.flow_id)}  "
              f"{output.safe(header.job_id[:8])}{note}")  # fmt: skip
    return 0
