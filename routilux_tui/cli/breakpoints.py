"""The breakpoints of a job: conditions before whose tasks it pauses.

`pause JOB --when CONDITION` sets one, --off takes one off, or all. They stay with the job over a
kill and a resume. Which of them has paused it, and before which task, its pause point says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.find_job import find_running, readable
from routilux_tui.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.breakpoints import Breakpoint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("--off", metavar="N|all", default="", help="take it off, or all of them")
    parser.add_argument("--json", action="store_true", help="a JSON object a breakpoint")


def run(args: argparse.Namespace) -> int:
    """Take one off if that is asked, and print those that are set."""
    if args.off:
        from routilux_tui.runner.client import Client

        number = _number(args.off)
        with Client(Path(find_running(args.job).key)) as client:
            client.call("breakpoint_off", number=number)
            found = client.breakpoints()
    else:
        found = readable(args.job)[0].breakpoints()
    for one in found:
        _print(one, as_json=args.json)
    return 0


def _print(one: Breakpoint, *, as_json: bool) -> None:
    if as_json:
        output.print_json(one)
    else:
        by = f"  (by {one.by})" if one.by else ""
        print(output.safe(f"{one.number}  {one.condition}{by}"))


def _number(text: str) -> int:
    if text == "all":
        return 0
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1 << 31:
        raise UsageError(f"{text[:20]!r} is no number of a breakpoint.", "Or say: --off all")
    return int(text)
