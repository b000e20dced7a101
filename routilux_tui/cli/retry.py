"""Send again what failed: a task runs again as it was, in the same job, with its input or another.

Meant is one input (--task, by the number that show --problems tells), all of a routine or of a kind
of error (its number, its type, or a part of its message), or all: then also what was dropped when
the job failed or was cancelled, unless --only-failed. What waits for another try has it now.

A job that has ended goes on for these tasks, in its runner or in a new one, with its flow as the
source is now; its record says who asked, when and why. --edit gives keys of the input other values
(null takes one away), of each input that is meant and has failed, or of one task alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.cli import output
from routilux_tui.cli.arguments import count
from routilux_tui.cli.config import effective_settings
from routilux_tui.cli.control import steered
from routilux_tui.views.editing import parse_input

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.choosing import Sent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    add_choice(parser)
    parser.add_argument(
        "--only-failed", action="store_true", help="with --all: not what was dropped"
    )
    parser.add_argument("--edit", type=str, metavar="JSON", help="keys of the input, as an object")
    parser.add_argument("--flow", default="", metavar="FLOW", help="the flow, where it is another")
    add_reason(parser)


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which failed inputs are meant."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--task", type=count, metavar="N", help="the input of one task")
    which.add_argument("--routine", default="", metavar="R", help="those of a routine")
    which.add_argument("--kind", default="", metavar="K", help="those of a kind of error")
    which.add_argument("--all", dest="every", action="store_true", help="all of them")


def add_reason(parser: argparse.ArgumentParser) -> None:
    """Add what all that leaves a mark in the job's record takes."""
    parser.add_argument("--reason", default="", help="noted in the job")
    parser.add_argument("--json", action="store_true", help="what has become of it, as JSON")


def chosen_params(args: argparse.Namespace) -> dict[str, Any]:
    """Which failed inputs are meant, as a request says it."""
    fields = ("task", "routine", "kind", "every")
    return {name: getattr(args, name) for name in fields if getattr(args, name) not in {None, ""}}


def run(args: argparse.Namespace) -> int:
    """Ask the job's runner, or take the job up in a new one."""
    edit = None if args.edit is None else parse_input(args.edit)
    wanted = {**chosen_params(args), "only_failed": args.only_failed}
    where = steered(args.job)
    if where.socket is None:
        sent = _take_up(str(where.path), args, wanted, edit)
    else:
        from routilux_tui.runner.client import Client

        with Client(where.socket) as client:
            sent = client.sent("retry", **wanted, edit=edit, reason=args.reason)
    return print_sent(sent, "sent again", as_json=args.json)


def _take_up(
    path: str, args: argparse.Namespace, wanted: dict[str, Any], edit: dict[str, Any] | None
) -> Sent:
    from routilux_tui.runner.launch import retry_job
    from routilux_tui.runner.launch_spec import RetrySpec
    from routilux_tui.views.choosing import selection_of
    from routilux_tui.views.editing import edited_of

    chosen = effective_settings()
    return retry_job(
        path,
        RetrySpec(wanted=selection_of(wanted), edit=edited_of({"edit": edit}), reason=args.reason),
        flow=args.flow,
        keep=chosen["keep"].value,
        log_size=chosen["log_size"].value,
    )


def print_sent(sent: Sent, done: str, *, as_json: bool) -> int:
    """Print what has become of tasks."""
    if as_json:
        output.print_json(sent)
        return 0
    header = sent.header
    print(f"{output.safe(sent.told)} {done}")
    status = output.status_word(header.status, header.still_running)
    print(f"{status}  {output.safe(header.flow_id)}  "
          f"{output.safe(header.job_id[:8])}")  # fmt: skip
    return 0
