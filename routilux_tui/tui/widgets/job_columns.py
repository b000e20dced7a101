"""What stands in the columns of the list of jobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from routilux_tui.tui.theme import STATUS_STYLE
from routilux_tui.tui.widgets.columns import Column, number_column
from routilux_tui.views.formatting import size
from routilux_tui.views.list_line import STATES, progress_of, state_of, summary_of
from routilux_tui.views.naming import SHORTEST_PREFIX
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.shapes import JobEntry

#: The component class that paints each state.
STYLES = {
    **STATUS_STYLE,
    "pausing": "rows--warning",
    "cancelling": "rows--warning",
    "killed": "rows--warning",
    "silent": "rows--warning",
    "down": "rows--warning",
    "unreadable": "rows--error",
}
_SHORT = SHORTEST_PREFIX
_IS_HEX = re.compile(r"[0-9a-f]{8}")
_BARS = {"running": "rows--spark", "failed": "rows--error", "paused": "rows--warning"}
_BARS["pausing"] = _BARS["paused"]
_SUMMARIES = {**STYLES, "running": "", "completed": "rows--dim", "cancelled": "rows--dim"}


def columns_of(
    width: int,
    job: Callable[[JobEntry], Part],
    age: Callable[[str], str],
    *,
    is_absolute: bool,
    longest: str = "",
) -> list[Column[JobEntry]]:
    """The columns of a list of so many cells, for those that fit to be chosen from.

    Args:
        width: its cells.
        job: what a job is called in few cells.
        age: how a time is told.
        is_absolute: whether that is the time of day.
        longest: the longest word of a state among them.
    """
    stamp = 15 if is_absolute else 8
    is_narrow, is_wide, is_widest = width < 76, width >= 100, width >= 150
    bar, number = (4, 5) if is_narrow else (10, 7)

    def short(one: JobEntry) -> Part:
        """What tells a job from others of its flow in four cells: letters of its id."""
        text, style = job(one)
        return (text[:_SHORT] if is_short_id(text) else text[-_SHORT:]), style

    def when(at: str) -> Part:
        return age(at), "rows--dim"

    columns: list[Column[JobEntry]] = [
        Column("status", max(11, len(longest) + 2), _status, 0, is_number=False)
        if is_wide
        else Column("status", 1, _glyph, 0, is_number=False),
        Column("flow", 12 if is_narrow else (20 if is_widest else 16), _flow, 1, is_number=False),
        Column("job", _SHORT, short, 2, is_number=False)
        if is_narrow
        else Column("job", 8, job, 6, is_number=False),
        Column("host", 10, _host, 8 if is_wide else 99, is_number=False),
        Column("folder", 12, _folder, 8 if is_wide else 99, is_number=False),
        Column("progress", bar + 5, lambda one: _progress(one, bar), 4, is_number=False),
        number_column("queue", number, lambda one: one.queued, 3),
        number_column("errors", max(6, number), lambda one: one.errors, 2, "rows--error"),
        Column(
            "what of it", 20 if is_wide else 12, summary_cell, 5, is_number=False, takes_rest=True
        ),
    ]
    if is_wide:
        columns.insert(6, number_column("records", 9, lambda one: one.records, 9))
        columns.insert(9, Column("updated", stamp, lambda one: when(one.updated_at), 10))
    if is_widest:
        columns += [
            Column("labels", 20, _labels, 11, is_number=False),
            Column("created", stamp, lambda one: when(one.created_at), 12),
            Column("size", 7, lambda one: (size(one.size), "rows--dim"), 13),
            Column("file", 30, _file, 14, is_number=False),
        ]
    return columns


def is_short_id(text: str) -> bool:
    """Whether a text begins with eight letters by which an id of ours is known."""
    return _IS_HEX.match(text) is not None


def _glyph(one: JobEntry) -> Part:
    state = state_of(one)
    return STATES[state][0], STYLES.get(state, "rows--dim")


def _status(one: JobEntry) -> Part:
    """The state's glyph and word; a badge that says more takes the word's place."""
    state = state_of(one)
    glyph, style = _glyph(one)
    word = STATES[state][1]
    if one.badge in {"writing", "torn", "future", "newer", "stale", "unknown"}:
        word, style = one.badge, "rows--warning"
    elif state == "unknown":
        word = printable(one.status) or word
    return f"{glyph} {word}", style


def _flow(one: JobEntry) -> Part:
    """The flow; of a machine its name, of a file that can't be read the file's."""
    if one.place == "host":
        return printable(one.host), "rows--dim"
    if one.error:
        return printable(one.path.rpartition("/")[2]), "rows--dim"
    return printable(one.flow_id), "rows--name"


def _folder(one: JobEntry) -> Part:
    return printable(one.path.rpartition("/")[0].rpartition("/")[2]), "rows--dim"


def _labels(one: JobEntry) -> Part:
    """The name that a job was given, and its labels."""
    labels = [f"{key}={value}" for key, value in one.labels.items()]
    return printable(" ".join(filter(None, (one.name, *labels)))), "rows--dim"


def _host(one: JobEntry) -> Part:
    return printable(one.host) or "here", "rows--dim"


def _progress(one: JobEntry, bar: int) -> Part:
    """A bar and the part that is done; where that is not known, how many routines are."""
    part = progress_of(one)
    if part is None:
        return _unknown_progress(one, bar), "rows--dim"
    full = round(max(0.0, min(1.0, part)) * bar)
    style = _BARS.get(state_of(one), "rows--dim")
    return f"{'█' * full}{'░' * (bar - full)}{part:>5.0%}", style


def _unknown_progress(one: JobEntry, bar: int) -> str:
    if one.place == "host":
        return ""
    if one.status == "running" and state_of(one) in {"running", "pausing"}:
        return "no end known" if bar + 5 >= 12 else "-"
    routines = f"{one.routines_done}/{one.routines_total}"
    return f"{routines} routines" if bar + 5 >= len(routines) + 9 else "-"  # of what, is not said


def summary_cell(one: JobEntry) -> Part:
    """What is to be said of it; what has ended well or was wanted is said in a low voice."""
    return printable(summary_of(one)), _SUMMARIES.get(state_of(one), "rows--dim")


def _file(one: JobEntry) -> Part:
    return printable(one.path.rpartition("/")[2]), "rows--dim"
