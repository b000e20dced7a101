"""The tasks of a job that wait, in the order in which they come; hold, drop, move or edit them.

A task that is on hold (--hold) does not start until it is let go (--release); when nothing else is
left, the job is paused and says that it is held. --drop has one never run, --first has it run
next, at once where it waits for another try. --edit gives keys of its input other values (null
takes one away); the task has a new number then. Each is noted in the job with who did it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.cli import output
from routilux_tui.cli.arguments import count
from routilux_tui.cli.control import not_run, steered
from routilux_tui.cli.find_job import readable
from routilux_tui.cli.retry import print_sent
from routilux_tui.errors import UsageError
from routilux_tui.job.queue_actions import DROP, EDIT, FIRST, HOLD, RELEASE
from routilux_tui.views.editing import parse_input
from routilux_tui.views.formatting import counted, zoned

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.insight import NextTask

_SIMPLE = {
    HOLD: "does not start until it is let go",
    RELEASE: "may start again",
    DROP: "never runs",
    FIRST: "runs next",
}
_DONE = {HOLD: "on hold", RELEASE: "let go", DROP: "dropped", FIRST: "moved first", EDIT: "edited"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    what = parser.add_mutually_exclusive_group()
    for action, does in _SIMPLE.items():
        what.add_argument(
            f"--{action}", type=count, nargs="+", default=[], metavar="N", help=f"task N {does}"
        )
    what.add_argument(
        "--edit", nargs=2, default=[], metavar=("N", "JSON"), help="keys of the input of task N"
    )
    parser.add_argument("--limit", type=count, default=100, metavar="N", help="tasks shown (100)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the queue, or change it."""
    for action in _SIMPLE:
        tasks = getattr(args, action)
        if tasks:
            return _change(args, action, tasks)
    if args.edit:
        if not args.edit[0].isdecimal():
            raise UsageError(f"{args.edit[0]!r} is no number of a task.")
        return _change(args, EDIT, [int(args.edit[0])], parse_input(args.edit[1]))
    opened, _ = readable(args.job)
    tasks = opened.waiting_tasks(0, args.limit)
    total = opened.header().counts.get("pending", 0)
    opened.close()
    if args.json:
        output.print_json({"queued": total, "tasks": msgspec.to_builtins(tasks)})
        return 0
    for one in tasks:
        print(_line(one))
    if total > len(tasks):
        print(f"and {counted(total - len(tasks), 'task')} more")
    elif not tasks:
        print("No task waits.")
    return 0


def _change(args: argparse.Namespace, action: str, tasks: list[int], edit: object = None) -> int:
    from routilux_tui.runner.client import Client

    where = steered(args.job)
    if where.socket is None:
        raise not_run(where.path)
    with Client(where.socket) as client:
        sent = client.sent("change_queue", action=action, tasks=tasks, edit=edit)
    return print_sent(sent, _DONE[action], as_json=args.json)


def _line(one: NextTask) -> str:
    state = "on hold" if one.on_hold else "next" if not one.behind else f"after {one.behind:,}"
    if one.due and not one.on_hold:
        state = f"tried again {zoned(one.due)}"
    return output.safe(f"#{one.task:<8} {state:<12} {one.routine_id}  {one.text}")
