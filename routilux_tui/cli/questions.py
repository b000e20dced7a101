"""What jobs ask people, and nobody has answered.

Without JOB, of all jobs of this machine, running and saved. A job that asks goes on with everything
else; one that only waits for answers is paused. Each question has an id in its job, by which it is
answered: routilux-tui answer JOB [ID] CHOICE. What a plain job defers until somebody goes on with
it is a question, too, whose answers are yes, drop, and other data.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.cli import output
from routilux_tui.cli.find_job import live_entries, readable, saved_entries
from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.jsonable import preview
from routilux_tui.views.formatting import ago, clock

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from routilux_tui.cli.find_job import Readable
    from routilux_tui.views.questions import AskedQuestion

_WIDEST = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE", nargs="?")
    parser.add_argument(
        "--all", action="store_true", help="with those that are answered, or open no more"
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a question")


def run(args: argparse.Namespace) -> int:
    """Print them."""
    for job in _jobs(args.job):
        with contextlib.closing(job):
            header = job.header()
            for one in job.questions(answered=args.all):
                if args.json:
                    named = {"job_id": header.job_id, "flow_id": header.flow_id}
                    output.print_json({**named, **msgspec.to_builtins(one)})
                else:
                    _print(f"{header.flow_id} {header.job_id[:8]}", one)
    return 0


def _jobs(name: str | None) -> Iterator[Readable]:
    """The job that is named, or all that ask something."""
    if name is not None:
        yield readable(name)[0]
        return
    live = live_entries()
    for entry in (*live, *saved_entries(live)):
        if entry.questions and not entry.error:
            with contextlib.suppress(RoutiluxTuiError):  # it has gone meanwhile
                yield readable(entry.path or entry.job_id)[0]


def _print(job: str, one: AskedQuestion) -> None:
    by = f"  (asked by {one.routine} {ago(one.asked_at)}".rstrip() + ")" if one.routine else ""
    print(output.safe(f"{job}  {one.id}  {one.text}{by}"))
    for key, value in (one.data if isinstance(one.data, dict) else {}).items():
        print(output.safe(f"    {key}  {preview(value, _WIDEST)}"))
    if not one.is_open:
        given = one.choice or preview(one.answer, _WIDEST)
        answer = f"{given}, by {one.answered_by} at {clock(one.answered_at)[:5]}"
        print(output.safe(f"    {answer if one.answered_at else 'nobody answered it'}"))
        return
    to = f" to {', '.join(one.targets)}" if one.targets else ""
    print(output.safe(f"    the answer emits {one.routine}.{one.event}{to}: {_answers(one)}"))
    if one.due_at:
        print(output.safe(f"    until {clock(one.due_at, exact=False)}, then: {one.default}"))


def _answers(one: AskedQuestion) -> str:
    """What its answers may be."""
    if one.is_deferred:
        return "yes, drop, or other data"
    if one.choices:
        return ", ".join(one.choices)
    return ", ".join(f"{name} ({kind})" for name, kind in one.types.items()) or "data"
