"""Emit an event of a routine into a running job, as a handler of that routine would.

The event is recorded, goes where the flow's connections lead, and the job keeps who emitted it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import control
from routilux_tui.errors import UsageError
from routilux_tui.job.jsonable import parse_json

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_job_arguments(parser)
    parser.add_argument("event", metavar="ROUTINE.EVENT")
    parser.add_argument("--data", default="{}", metavar="JSON", help="its data, an object")


def run(args: argparse.Namespace) -> int:
    """Emit it."""
    routine, dot, event = args.event.rpartition(".")
    if not dot or not routine or not event:
        raise UsageError(f"{args.event!r} is no ROUTINE.EVENT.")
    try:
        data = parse_json(args.data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--data is no JSON: {error}.") from None
    return control.send(args, "emit", routine=routine, event=event, data=data)
