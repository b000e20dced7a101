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
    """The words of the command."""
    control.add_control_arguments(parser)
    parser.add_argument("--reason", default="", help="noted in the job")
    parser.add_argument("--force", action="store_true", help="end its process if it must be")
    parser.add_argument("--grace", type=float, default=10.0, metavar="S", help="seconds (10)")


def run(words: argparse.Namespace) -> int:
    """Ask, and wait for the job's word."""
    try:
        return _ask(words)
    except (Unreachable, NotConfirmed):
        if not words.force:
            raise
        silent = _silent(words.job)
        if silent is None:
            raise
    return _end(words, silent)


def _ask(words: argparse.Namespace) -> int:
    until = {"cancelled", "failed"} if words.force else {"cancelled"}
    return control.ask(
        words, "cancel", until, reason=words.reason, force=words.force, grace=words.grace
    )


def _silent(name: str) -> Path | None:
    """The socket of the runner of that name that does not answer, if there is one."""
    from routilux_tui.runner.force_cancel import silent_runner

    try:
        return silent_runner(name)
    except NoSuchJob:
        return None


def _end(words: argparse.Namespace, socket: Path) -> int:
    """Ask until the grace is over; then end the process."""
    from routilux_tui.runner.force_cancel import end_by_force

    until = time.monotonic() + words.grace
    while (left := until - time.monotonic()) > 0:
        try:
            return _ask(words)
        except (Unreachable, NotConfirmed):
            time.sleep(min(left, 0.2))
    return control.tell(end_by_force(socket, words.reason), as_json=words.json)
