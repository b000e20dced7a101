"""Set a key of a running job's shared data; VALUE is JSON where it parses, else text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import control, output

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_job_arguments(parser)
    parser.add_argument("pair", metavar="KEY=VALUE")


def run(args: argparse.Namespace) -> int:
    """Set it."""
    [(key, value)] = output.parse_params([args.pair]).items()
    return control.send(args, "set", key=key, value=value)
