"""A job as one HTML page that can be handed on.

Say: routilux-tui report JOB > job.html. The page needs no network and runs no script: how the job
is and why, its flow with counts, its problems with inputs and tracebacks, the runs before it,
shared data and log. --redact takes out the values of a key in all data, and the same values
wherever else they stand.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.cli.find_job import SavedJob, readable
from routilux_tui.cli.redacting import add_redact_argument, say_what_may_stay
from routilux_tui.cli.rows import all_rows
from routilux_tui.cli.target_file import target_file
from routilux_tui.cli.why import facts_of_job
from routilux_tui.errors import UsageError
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import preview
from routilux_tui.sources.flow_runs import saved_runs
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.views.insight import PARTS
from routilux_tui.views.naming import command
from routilux_tui.views.redaction import Redaction
from routilux_tui.views.report import Failing, Report, report_page
from routilux_tui.views.rows import log_row
from routilux_tui.views.shapes import DATA, HISTORY, LOG, Filter
from routilux_tui.views.trends import EARLIER, trend
from routilux_tui.views.why import why

if TYPE_CHECKING:
    import argparse

    from routilux_tui.cli.find_job import Readable
    from routilux_tui.views.insight import Insight
    from routilux_tui.views.shapes import Header, Row
    from routilux_tui.views.trends import RunEntry

#: What a page shows at most: kinds of error, inputs of each, lines of the log, shared values.
MOST_KINDS, MOST_INPUTS, MOST_LOG, MOST_DATA = 50, 10, 500, 500
#: Cells of the timeline.
COLUMNS = 110


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("-o", "--output", default="", metavar="FILE", help="instead of stdout")
    add_redact_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    if not args.output and sys.stdout.isatty():
        way = f"{command('report', args.job)} > job.html"
        raise UsageError("A page of HTML is nothing for a terminal.", f"Say: {way}")
    job, place = readable(args.job)
    target = target_file(args.output, place) if args.output else None
    redaction = Redaction(args.redact)
    if args.redact:
        if place:  # of one that is kept in no file, what the page shows is known alone
            saved = job if isinstance(job, SavedJob) else SavedJob(Path(place))
            redaction.learn(saved.state)
        say_what_may_stay(redaction)
    page = report_page(report_of(job, place, redaction))
    if target is not None:
        try:
            target.write_text(page, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{target}: {error.strerror or error}.") from error
    else:
        sys.stdout.buffer.write(page.encode())
    return 0


def report_of(job: Readable, place: str, redaction: Redaction) -> Report:
    """All that the page of a job is made of, without what is taken out."""
    header = job.header()
    start = job.item(HISTORY, 0) if header.counts.get(HISTORY) else None
    is_start = isinstance(start, dict) and start.get("event_name") == "start"
    params = redaction.data(start.get("data")) if is_start and start else None
    data = [
        (row.name, redaction.data({row.name: job.item(DATA, row.n)})[row.name])
        for row in all_rows(job, DATA, MOST_DATA)
    ]
    log_total = job.window(LOG, 0, 0, Filter()).total
    log = _log(job, log_total, redaction)
    insight = _insight(job, redaction)
    problems = _problems(job, insight, redaction)
    clean, replace = redaction.texts_in, msgspec.structs.replace  # all data has been seen
    report = Report(
        header=header,
        flow=job.flow(),
        routines=insight.figures,
        timeline=job.timeline(0.0, 0.0, COLUMNS),
        reasons=why(facts_of_job(job, insight)),
        params=clean(params),
        place=place,
        made=timestamps.now_iso()[:19],
        problems=[
            replace(
                one,
                inputs=[(task, clean(given)) for task, given in one.inputs],
                common=clean(one.common),
            )
            for one in problems
        ],
        runs=_runs(header, place),
        data=[(redaction.name(key), clean(value)) for key, value in data],
        log=log,
        log_total=log_total,
    )
    shown: Report = redaction.shown(report) if redaction.keys else report
    return shown


def _insight(job: Readable, redaction: Redaction) -> Insight:
    """What is measured of it; sentences about it are made of data, which is taken out before."""
    insight, replace = job.insight(*PARTS), msgspec.structs.replace
    problems = [replace(one, common=redaction.data(one.common)) for one in insight.problems]
    if insight.now is None:
        return replace(insight, problems=problems)
    handlers = [
        replace(one, text=preview(redaction.data(one.input))) for one in insight.now.handlers
    ]
    return replace(insight, problems=problems, now=replace(insight.now, handlers=handlers))


def _problems(job: Readable, insight: Insight, redaction: Redaction) -> list[Failing]:
    """The kinds of error, each with some inputs, what they have in common, and a traceback."""
    found = []
    for one in insight.problems[:MOST_KINDS]:
        failing = job.failing(one.number, 0, MOST_INPUTS)
        found.append(
            Failing(
                routine_id=one.routine_id,
                error=one.error,
                count=one.count,
                first=one.first,
                last=one.last,
                inputs=[(each.task, redaction.data(each.input)) for each in failing],
                errors=[each.error for each in failing] if one.form else [],
                in_inputs=one.inputs,
                common=one.common if one.inputs > 1 else None,
                traceback=one.traceback,
            )
        )
    return found


def _runs(header: Header, place: str) -> list[RunEntry]:
    """The job beside those of its flow that began before it."""
    began = timestamps.to_epoch(header.created_at)
    entries = saved_runs(header.flow_id, EARLIER, math.inf if began is None else began)
    if place and all(one.job_id != header.job_id for one in entries):
        entries.append(read_entry(Path(place)))
    return trend(entries, EARLIER).runs


def _log(job: Readable, total: int, redaction: Redaction) -> list[Row]:
    rows = job.window(LOG, max(0, total - MOST_LOG), total, Filter()).rows
    if not redaction.keys:
        return rows
    return [log_row(row.n, redaction.data(job.item(LOG, row.n))) for row in rows]
