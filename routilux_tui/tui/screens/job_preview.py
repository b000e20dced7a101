"""What the list says of the job under its cursor: why it failed, its start, its last runs."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from routilux_tui.tui.widgets.columns import Column, cells, heads, number_column
from routilux_tui.tui.widgets.lines import fit
from routilux_tui.tui.widgets.values import value_parts
from routilux_tui.views import formatting, shapes
from routilux_tui.views.facts import facts_of
from routilux_tui.views.formatting import count, counted, date_time, duration, span, sparkline
from routilux_tui.views.insight import PARTS, ROUTINE_APPEARANCES, RoutineFigures
from routilux_tui.views.list_line import STATES, state_of
from routilux_tui.views.reason import BAD, GOOD
from routilux_tui.views.shapes import ABANDONED, Filter
from routilux_tui.views.text import printable
from routilux_tui.views.trends import trend
from routilux_tui.views.why import why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routilux_tui.job.jsonable import Plain
    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.insight import FailingInput, ProblemRow
    from routilux_tui.views.shapes import JobEntry

_MOST_RUNS = 14
_MOST_REASONS = 2
_MOST_ROUTINES = 6
_STYLES = {BAD: "rows--error", GOOD: "rows--success"}


async def preview_lines(
    handle: Handle, entry: JobEntry, of_flow: Sequence[JobEntry]
) -> list[list[Part]]:
    """A few lines of a job, of parts.

    Args:
        handle: the job, opened.
        entry: its line in the list.
        of_flow: the jobs of the same flow, itself among them.
    """
    insight = await handle.insight(*PARTS)
    header = handle.header
    pause = None
    if header.counts.get(shapes.PAUSES):
        pause = (await handle.window(shapes.PAUSES, -1, 1 << 52, Filter())).rows[-1]
    facts = facts_of(header, insight, formatting.now(), pause=pause, gone=entry.badge == ABANDONED)
    lines: list[list[Part]] = [
        [(f" {printable(reason.text)}", _STYLES.get(reason.weight, "rows--warning"))]
        for reason in why(facts)[:_MOST_REASONS]
    ]
    if insight.problems:
        worst = next((one for one in insight.problems if one.gave_up), insight.problems[0])
        failing = await handle.failing(worst.number, 0, 1)
        lines += _problem_lines(worst, failing)
    lines += _launch_lines(await handle.item(shapes.JOB, "launch"), entry)
    lines += _run_lines(of_flow)
    lines += _routine_lines(insight.figures)
    return lines


def _labelled(label: str, *parts: Part) -> list[Part]:
    return [(f" {label:<12}", "rows--dim"), *parts]


def _problem_lines(problem: ProblemRow, failing: Sequence[FailingInput]) -> list[list[Part]]:
    """The input that failed, the line of code, and what all such inputs have in common."""
    lines = []
    for one in failing:
        label = "gave up on" if one.gave_up else "dropped" if one.dropped else "retries"
        lines.append(
            _labelled(label, *value_parts(one.text), (f"  tries: {one.tries}", "rows--dim"))
        )
    if problem.place:
        lines.append(
            _labelled("at", (printable(problem.place), ""),
                      (f"  {printable(problem.line.strip())}", "rows--error"))
        )  # fmt: skip
    more = problem.inputs - len(failing)
    if more > 0:
        common = ", ".join(
            f"{key} = {json.dumps(value, ensure_ascii=False)}"
            for key, value in problem.common.items()
        )
        alike = f", all with {common}" if common else ""
        lines.append(_labelled("and", (printable(f"{count(more)} more{alike}"), "")))
    return lines


def _launch_lines(launch: Plain, entry: JobEntry) -> list[list[Part]]:
    """How it was started, as one would type it."""
    if not isinstance(launch, dict) or not isinstance(launch.get("flow"), str):
        return []
    command = ["run", str(launch["flow"])]
    params = launch.get("params")
    if isinstance(params, dict):
        for key, value in params.items():
            command += ["-p", f"{key}={value}"]
    if entry.name:
        command += ["--name", entry.name]
    for key, value in entry.labels.items():
        command += ["--label", f"{key}={value}"]
    by = f"  by {launch['user']}" if launch.get("user") else ""
    at = f"  {date_time(entry.created_at)}"
    return [
        _labelled("started as", (printable(shlex.join(command)), ""),
                  (printable(f"{at}{by}"), "rows--dim"))
    ]  # fmt: skip


_COLUMNS: list[Column[RoutineFigures]] = [
    number_column("left", 8, lambda one: one.queued, style="rows--warning"),
    number_column("done", 10, lambda one: one.done),
    Column("p95", 8, lambda one: ("·" if one.p95 is None else duration(one.p95), "")),
    number_column("errors", 8, lambda one: one.errors, style="rows--error"),
    number_column("retries", 8, lambda one: one.retries, style="rows--warning"),
]


def _routine_lines(figures: Sequence[RoutineFigures]) -> list[list[Part]]:
    """What each routine has done and has left; of many, those with errors and queues."""
    if not figures:
        return []
    worst = sorted(figures, key=lambda one: (-one.errors, -one.queued))[:_MOST_ROUTINES]
    lines: list[list[Part]] = [[], [(f" {'routine':<22}{heads(_COLUMNS)}", "rows--dim")]]
    for one in figures:
        if one in worst:
            glyph = ROUTINE_APPEARANCES[one.state][0] if one.state in ROUTINE_APPEARANCES else "·"
            name: Part = (fit(one.routine_id, 20), "rows--name")
            lines.append([(f" {glyph} ", "rows--dim"), name, *cells(_COLUMNS, one)])
    if len(figures) > len(worst):
        lines.append([(f"   {count(len(figures) - len(worst))} more", "rows--dim")])
    return lines


def _run_lines(of_flow: Sequence[JobEntry]) -> list[list[Part]]:
    """The last runs of its flow, oldest first: how each ended, and how long they took."""
    found = trend(of_flow, _MOST_RUNS)
    if len(found.runs) < 2:
        return []
    parts: list[Part] = []
    for run in found.runs:
        state = state_of(run.entry)
        bad = state in {"failed", "killed"}
        good = "rows--success" if state == "completed" else "rows--dim"
        parts.append((f"{STATES[state][0]} ", "rows--error" if bad else good))
    took = [run.seconds for run in found.runs if run.seconds is not None]
    if took:
        parts += [("  took ", "rows--dim"), (sparkline(took), "rows--spark")]
    if found.usual is not None:
        parts.append((f"  usually {span(found.usual)}", "rows--dim"))
    return [_labelled(counted(len(found.runs), "run"), *parts)]
