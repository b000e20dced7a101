"""Why a job is as it is: sentences, worst first.

JOB is a job that runs, or a saved one: its id, a beginning of it, its flow, its file. With --json,
each sentence has a code that stays, the key that leads on in the dashboard, and its figures.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.at_moment import PastJob, add_at_argument, readable_at
from routilux_tui.cli.find_job import SavedJob
from routilux_tui.job import timestamps
from routilux_tui.runner.earlier import earlier_runs
from routilux_tui.views.earlier import usual_of
from routilux_tui.views.facts import facts_of
from routilux_tui.views.insight import PARTS
from routilux_tui.views.naming import command
from routilux_tui.views.reason import BAD, GOOD
from routilux_tui.views.shapes import PAUSES, Filter
from routilux_tui.views.why import why

if TYPE_CHECKING:
    import argparse

    from routilux_tui.cli.find_job import Readable
    from routilux_tui.views.facts import Facts
    from routilux_tui.views.insight import Insight

_MARKS = {BAD: ("✗", "x"), GOOD: ("✓", "+")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    add_at_argument(parser)
    parser.add_argument("--json", action="store_true", help="a JSON object a sentence")


def run(args: argparse.Namespace) -> int:
    """Print the sentences."""
    job, _ = readable_at(args.job, args.at)
    for reason in why(facts_of_job(job)):
        if args.json:
            output.print_json(reason)
        else:
            glyph, in_ascii = _MARKS.get(reason.weight, ("!", "!"))
            print(f"{in_ascii if output.is_ascii() else glyph} {output.safe(reason.text)}")
    return 0


def _can_end(job: Readable) -> bool:
    """Whether the process that runs a job can be ended by force."""
    from routilux_tui.runner.client import Client

    return isinstance(job, Client) and "force" not in job.hello.cannot


def facts_of_job(job: Readable, insight: Insight | None = None) -> Facts:
    """What is known of a job at its moment, by all that is measured of it, unless that is given."""
    header = job.header()
    began = timestamps.to_epoch(header.created_at)
    usual = usual_of(earlier_runs(header.flow_id, header.job_id, began))
    pauses = job.window(PAUSES, -1, 1 << 52, Filter()).rows
    gone, resume, is_silent = False, "", isinstance(job, SavedJob) and job.is_silent
    if isinstance(job, SavedJob) and job.is_abandoned():
        gone = True
        resume = "" if job.state.library else command("resume", job.path)
    return facts_of(
        header,
        insight or job.insight(*PARTS),
        job.point.at if isinstance(job, PastJob) else time.time(),
        pause=pauses[-1] if pauses else None,
        gone=gone,
        resume=resume,
        is_silent=is_silent,
        usual=usual,
        can_end=_can_end(job),
    )
