"""Two runs beside each other, as lines for people: what differs, and is more than noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import preview
from routilux_tui.views.diff import (
    LEAST_RUNS,
    RECORDS,
    SLOWER,
    TIMES,
    Difference,
    Run,
    are_alike,
)
from routilux_tui.views.formatting import clock, count, date_time, duration, span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.insight import Insight
    from routilux_tui.views.shapes import Header, Row

#: How it is judged what is more than noise.
JUDGED = (
    f"~ is no more than chance makes of it: counts of errors and retries that differ by less than "
    f"two standard deviations. Times are told where the one is {SLOWER} times the other, over at "
    f"least {LEAST_RUNS} runs each; they alone make no two runs differ."
)
_WIDEST = 60


def run_of(
    header: Header,
    flow: FlowShape,
    insight: Insight,
    start: Any,
    launch: Any,
    data: Mapping[str, Any],
) -> Run:
    """What is compared of a job, from its views.

    Args:
        header: the job in a line.
        flow: what its flow is made of.
        insight: its figures and its problems.
        start: its first record, whole.
        launch: how it was started.
        data: its shared data.
    """
    began, ended = timestamps.to_epoch(header.created_at), timestamps.to_epoch(header.updated_at)
    params = None
    if isinstance(start, dict) and start.get("event_name") == "start":
        params = start.get("data")
    code = launch.get("sha256") if isinstance(launch, dict) else None
    return Run(
        job_id=header.job_id,
        flow_id=header.flow_id,
        status="killed" if header.gone else header.status,
        params=params if isinstance(params, dict) else None,
        code=code if isinstance(code, str) and code else None,
        seconds=None if began is None or ended is None else ended - began,
        connections=list(flow.links) if flow.is_whole else None,
        routines={one.routine_id: one for one in insight.figures},
        kinds=_kinds(insight),
        data=data,
    )


def _kinds(insight: Insight) -> dict[str, int]:
    """How many errors there were of each kind; of an older file, how many each routine had."""
    kinds = {
        ": ".join(filter(None, (one.routine_id, one.error_type, one.kind))): one.count
        for one in insight.problems
    }
    if kinds:
        return kinds
    return {
        f"{one.routine_id}: {one.last_error}": one.errors
        for one in insight.figures
        if one.errors and one.last_error
    }


def run_line(side: str, run: Run, header: Header | None = None) -> str:
    """A run in a line."""
    line = f"{side}  {run.flow_id}  {run.job_id}  {run.status}"
    if header is not None:
        word = "took" if statuses.has_ended(run.status) else "ran" if header.gone else "for"
        took = "" if run.seconds is None else f"  {word} {span(run.seconds)}"
        line += f"  {date_time(header.created_at)}{took}"
    return line


def difference_lines(
    differences: list[Difference],
    parting: tuple[Row | None, Row | None],
    cut_at: int | None = None,
) -> list[str]:
    """What two runs differ in, part by part, and the first record that each has alone.

    ``cut_at`` is how many records of each were compared, where there are more.
    """
    lines: list[str] = []
    part = ""
    for one in differences:
        if one.part != part:
            part = one.part
            lines += ["", part]
        values = " → ".join(_value(one, value) for value in (one.a, one.b))
        lines.append(f"  {'~' if one.is_noise else ' '} {one.name}: {values}")
    if parting != (None, None):
        lines += ["", RECORDS]
        for side, row in zip("AB", parting, strict=True):
            if row is not None:
                text = "  ".join(filter(None, (clock(row.at), row.routine, row.name, row.text)))
                lines.append(f"    {side} alone has #{row.n}: {text}"[:220])
    elif are_alike(differences):
        lines += ["", "They did the same." if cut_at is None else "So far they did the same."]
    if cut_at is not None:
        lines.insert(0, f"The first {count(cut_at)} records of each are compared.")
        lines.insert(0, "")
    return lines


def _value(one: Difference, value: Any) -> str:
    if value is None:
        return "nothing"
    if one.part == TIMES and isinstance(value, float):
        return duration(value)
    if one.name == "code" and isinstance(value, str):
        return value[:12]
    if type(value) is int:
        return count(value)
    return preview(value, _WIDEST)
