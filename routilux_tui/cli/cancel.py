"""Cancel a job: what has not started never will, and running handlers are told to stop.

With --force, a handler that has not stopped after the grace is ended with its process, and the
job is recorded as cancelled by force, with what was running.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import control

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    control.add_control_arguments(parser)
    parser.add_argument("--reason", default="", help="noted in the job")
    parser.add_argument("--force", action="store_true", help="end its process if it must be")
    parser.add_argument("--grace", type=float, default=10.0, metavar="S", help="seconds (10)")


def run(words: argparse.Namespace) -> int:
    """Ask, and wait for the job's word."""
    return control.ask(
        words, "cancel", {"cancelled"}, reason=words.reason, force=words.force, grace=words.grace
    )
