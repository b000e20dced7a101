"""Pause a job: no task starts any more, running handlers finish, the rest is held.

Returns when the job says that it is paused: 0; or 4 when it has not said so in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import control

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_control_arguments(parser)
    parser.add_argument("--reason", default="", help="noted in the job's pause point")


def run(args: argparse.Namespace) -> int:
    """Ask, and wait for the job's word."""
    return control.request(args, "pause", {"paused"}, reason=args.reason)
