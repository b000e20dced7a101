"""A job as one page for people who have no dashboard: what it was, what it did, what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job.jsonable import preview, shortened
from routilux_tui.job.status import KILLED, appearance_of
from routilux_tui.views import html
from routilux_tui.views.formatting import count, counted, date_time, duration, span
from routilux_tui.views.graph import Graph
from routilux_tui.views.list_line import status_of
from routilux_tui.views.reason import BAD, GOOD
from routilux_tui.views.shapes import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.insight import RoutineFigures
    from routilux_tui.views.reason import Reason
    from routilux_tui.views.shapes import Header, Row
    from routilux_tui.views.timeline import Timeline
    from routilux_tui.views.trends import RunEntry

#: Characters of one value that are shown.
_WIDEST = 2000


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of error: how often, in which inputs (some of them), with one traceback.

    ``inputs`` are some of the tasks and what they were given, ``in_inputs`` counts all that had it;
    ``common`` is what these have in common. Where the messages differ, ``errors`` has those of
    ``inputs``.
    """

    routine_id: str
    error: str
    count: int
    first: str = ""
    last: str = ""
    inputs: list[tuple[int, Any]] = []
    in_inputs: int = 0
    common: Any = None
    traceback: str = ""
    errors: list[str] = []


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page is made of. ``note`` says what it does not have, and why."""

    header: Header
    flow: FlowShape
    routines: Sequence[RoutineFigures]
    reasons: Sequence[Reason]
    params: Any = None
    place: str = ""
    made: str = ""
    timeline: Timeline | None = None
    problems: Sequence[Failing] = ()
    runs: Sequence[RunEntry] = ()
    data: Sequence[tuple[str, Any]] = ()
    log: Sequence[Row] = ()
    log_total: int = 0
    note: str = ""


def report_page(report: Report) -> str:
    """The page: HTML that loads nothing and runs nothing."""
    header = report.header
    parts = [_head(report), _why(report), _flow(report)]
    if report.timeline is not None:
        parts.append(html.section("Timeline", html.timeline_svg(report.timeline)))
    if report.problems:
        parts.append(html.section(f"Problems {len(report.problems)}", _problems(report)))
    if len(report.runs) > 1:
        parts.append(html.section("Beside earlier runs", _runs(report)))
    if report.data:
        rows = [(key, preview(value, _WIDEST)) for key, value in report.data]
        parts.append(html.section("Shared data", html.table(("key", "value"), rows)))
    if report.log:
        parts.append(html.section("Log", _log(report)))
    made = f"routilux-tui, {report.made}" if report.made else "routilux-tui"
    note = f"{report.note} " if report.note else ""
    parts.append(f'<p class="dim">{html.text(note + made)}</p>\n')
    return html.page(f"{header.flow_id} {header.job_id[:8]}", "".join(parts))


def _head(report: Report) -> str:
    header = report.header
    seen = appearance_of(KILLED if header.gone else header.status)
    kinds = {"failed": "bad", "completed": "good", "running": "run"}
    kind = "bad" if header.gone else kinds.get(header.status, "look")
    facts = [
        ("job", header.job_id),
        ("began", date_time(header.created_at)),
        ("last change", date_time(header.updated_at)),
        ("kept in", report.place),
        ("parameters", "" if report.params is None else preview(report.params, _WIDEST)),
        ("has", ", ".join(_counts(report))),
    ]
    rows = "".join(
        f"<tr><th>{html.text(name)}</th><td>{html.text(value)}</td></tr>\n"
        for name, value in facts
        if value
    )
    return (
        f'<h1><span class="{kind}">{html.text(f"{seen.glyph} {seen.word}")}</span> '
        f"{html.text(header.flow_id)}</h1>\n<table>\n{rows}</table>\n"
    )


def _counts(report: Report) -> list[str]:
    counts = report.header.counts
    return [f"{count(counts[one])} {one}" for one in SECTIONS[1:] if counts.get(one)]


def _why(report: Report) -> str:
    looks = {BAD: "bad", GOOD: "good"}
    items = "".join(
        f'<li class="{looks.get(one.weight, "look")}">{html.text(one.text)}</li>\n'
        for one in report.reasons
    )
    return f"<ul>\n{items}</ul>\n"


def _flow(report: Report) -> str:
    flow = report.flow
    rails = Graph(flow.routines, [(one.source, one.target) for one in flow.links]).draw()
    known = {one.routine_id: one for one in report.routines}
    rows = []
    for routine_id, drawn, mark in zip(rails.order, rails.texts, rails.marks, strict=True):
        one = known.get(routine_id)
        figures = [""] * 9 if one is None else _figures(one)
        rows.append([f"{drawn}{routine_id} {mark}".rstrip(), *figures])
    times = ("p50", "p95", "max")
    heads = ("routine", "state", "queue", "done", *times, "errors", "retries", "last error")
    body = html.table(
        heads, rows, numbers=frozenset(range(2, 9)), fixed=frozenset({0}), name="rails"
    )
    if not flow.is_whole:
        body += '<p class="dim">The job does not tell how its routines are connected.</p>\n'
    return html.section(f"Flow {len(flow.routines)}", body)


def _figures(one: RoutineFigures) -> list[str]:
    done = count(one.done, is_estimate=one.done_is_estimate)
    counts = [count(one.queued) if one.queued else "·", done if one.done else "·"]
    times = ["·" if took is None else duration(took) for took in (one.p50, one.p95, one.longest)]
    errors = [count(number) if number else "·" for number in (one.errors, one.retries)]
    return [one.state, *counts, *times, *errors, shortened(one.last_error, 200)]


def _problems(report: Report) -> str:
    parts = []
    for one in report.problems:
        times = counted(one.count, "time")
        if one.in_inputs:
            times += f" in {counted(one.in_inputs, 'input')}"
        last = f", last {date_time(one.last)}" if one.last else ""
        parts.append(
            f'<p><strong class="bad">{html.text(one.routine_id)}</strong> '
            f'{html.text(one.error)} <span class="dim">{html.text(times + last)}</span></p>\n'
        )
        if one.inputs:
            rows = [[f"#{n}", preview(value, _WIDEST)] for n, value in one.inputs]
            heads = ["task", "input"]
            if one.errors:
                own = zip(rows, one.errors, strict=True)
                rows = [[*row, error[:_WIDEST]] for row, error in own]
                heads.append("error")
            parts.append(html.table(heads, rows))
            if (left := one.in_inputs - len(one.inputs)) > 0:
                more = f"{counted(left, 'more input')} had it."
                parts.append(f'<p class="dim">{html.text(more)}</p>\n')
        if one.common:
            shared = f"all have in common: {preview(one.common, _WIDEST)}"
            parts.append(f"<p>{html.text(shared)}</p>\n")
        if one.traceback:
            parts.append(f"<pre>{html.lines(one.traceback)}</pre>\n")
    return "".join(parts)


def _runs(report: Report) -> str:
    own = report.header.job_id
    rows = [
        [
            f"{one.entry.job_id[:8]}{', this' if one.entry.job_id == own else ''}",
            appearance_of(status_of(one.entry)).word,
            date_time(one.entry.created_at),
            "" if one.seconds is None else span(one.seconds),
            count(one.entry.records),
            count(one.entry.errors),
            "; ".join(one.odd),
        ]
        for one in report.runs
    ]
    heads = ("job", "status", "began", "took", "records", "errors", "odd")
    return html.table(heads, rows, numbers=frozenset({3, 4, 5}))


def _log(report: Report) -> str:
    rows = [(one.at[:26], one.routine, one.name, one.text) for one in report.log]
    names = ("time", "routine", "level", "message")
    said = [n for n, _ in enumerate(names) if any(row[n] for row in rows)]
    body = html.table(tuple(names[n] for n in said), [tuple(row[n] for n in said) for row in rows])
    if report.log_total > len(report.log):
        left = report.log_total - len(report.log)
        body = f'<p class="dim">{count(left)} earlier entries are not shown.</p>\n{body}'
    return body
