"""Give up inputs that failed: what waits for another try gets none, and the job goes on without it.

An input that failed for good, in a job that was taken up again, no longer makes that fail. What
was given up is kept in the job, and retry --task sends it again all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.control import not_run, steered
from routilux_tui.cli.retry import add_choice, add_reason, chosen_params, print_sent

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB")
    add_choice(parser)
    add_reason(parser)


def run(args: argparse.Namespace) -> int:
    """Ask for it."""
    from routilux_tui.runner.client import Client

    where = steered(args.job)
    if where.socket is None:
        raise not_run(where.path)
    with Client(where.socket) as client:
        sent = client.sent("giveup", **chosen_params(args), reason=args.reason)
    return print_sent(sent, "given up", as_json=args.json)
