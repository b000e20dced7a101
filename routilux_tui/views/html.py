"""Pieces of a page that stands alone: no script, no network, every text escaped.

What comes from a job is text of its author: it is made harmless for people (`printable`) and
for browsers (escaped) here, and nowhere else.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from routilux_tui.job.jsonable import shortened
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from routilux_tui.views.timeline import Cell, Timeline

_STYLE = """
:root { --ink: #1c2430; --dim: #6b7686; --line: #d8dde5; --paper: #fff; --blue: #2563c9;
  --red: #c0262d; --amber: #a86500; --green: #197a3c; }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe5ee; --dim: #8d99aa; --line: #364152;
  --paper: #141a22; --blue: #74a7ff; --red: #ff7b7b; --amber: #f0b45a; --green: #6fd394; } }
@media print { :root { --ink: #000; --dim: #555; --line: #bbb; --paper: #fff; } }
body { background: var(--paper); color: var(--ink); font: 14px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 2rem 0 .5rem;
  border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; } td, th { padding: .1rem .75rem .1rem 0; text-align: left;
  vertical-align: top; } th { color: var(--dim); font-weight: normal; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
pre, code, td.m { font: 12px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
td.m { white-space: pre; } pre { overflow-x: auto; margin: .25rem 0 1rem; padding: .5rem;
  border-left: 3px solid var(--line); }
.rails td { padding-top: 0; padding-bottom: 0; line-height: 1.18; }
.rails td.m { font-size: 14px; }
.dim { color: var(--dim); } .bad { color: var(--red); }
.look { color: var(--amber); } .good { color: var(--green); } .run { color: var(--blue); }
ul { padding-left: 1.2rem; margin: .5rem 0; } svg { max-width: 100%; height: auto; }
svg text { fill: var(--ink); font: 11px ui-monospace, monospace; } svg .dim { fill: var(--dim); }
svg .busy { fill: var(--blue); } svg .retry { fill: var(--amber); }
svg .gave_up { fill: var(--red); } svg .paused { fill: var(--dim); }
svg .idle { fill: var(--line); opacity: .5; } section { break-inside: avoid-page; }
"""

_LONGEST = 100_000
_CELL, _LANE, _NAMES = 8, 20, 150


def text(value: str) -> str:
    """Foreign text, for a page: harmless to people and to browsers; the rest of a long one goes."""
    if len(value) > _LONGEST:
        value = f"{value[:_LONGEST]}…"
    return escape(printable(value))


def lines(value: str) -> str:
    """Foreign text of several lines."""
    return "\n".join(text(line) for line in value.splitlines())


def page(title: str, body: str) -> str:
    """A whole page, which loads nothing and runs nothing."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n"
        "</html>\n"
    )


def section(title: str, body: str) -> str:
    """A part of the page under a title."""
    return f"<section>\n<h2>{text(title)}</h2>\n{body}</section>\n"


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: frozenset[int] = frozenset(),
    fixed: frozenset[int] = frozenset(),
    name: str = "",
) -> str:
    """A table of foreign texts; columns of numbers are on the right, fixed ones keep spaces."""

    def cell_class(n: int) -> str:
        return ' class="n"' if n in numbers else ' class="m"' if n in fixed else ""

    head = "".join(f"<th{cell_class(n)}>{text(one)}</th>" for n, one in enumerate(heads))
    body = "".join(
        "<tr>"
        + "".join(f"<td{cell_class(n)}>{text(one)}</td>" for n, one in enumerate(row))
        + "</tr>\n"
        for row in rows
    )
    kind = f' class="{name}"' if name else ""
    return f"<table{kind}>\n<tr>{head}</tr>\n{body}</table>\n"


def timeline_svg(shown: Timeline) -> str:
    """A job's time as a picture: a lane a routine, the queue below, times under it."""
    width = _NAMES + shown.columns * _CELL + 50
    height = _LANE * (len(shown.lanes) + 2) + 16
    place = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [f'<svg {place} role="img" aria-label="timeline">\n']
    parts += [
        _box("idle", one.column, one.cells, 0, height - 16)
        for one in shown.stretches
        if one.is_idle
    ]
    for row, lane in enumerate(shown.lanes):
        top = row * _LANE
        parts.append(f'<text x="0" y="{top + 14}">{text(shortened(lane.routine_id, 20))}</text>\n')
        for look, level, column, cells in _runs(lane.cells):
            tall = max(2, level * (_LANE - 4) // 8) if level else _LANE // 4
            parts.append(_box(look, column, cells, top + _LANE - 2 - tall, tall))
        share = f"{lane.share * 100:.0f}%"
        parts.append(f'<text class="dim" x="{width - 44}" y="{top + 14}">{share}</text>\n')
    top, most = _LANE * len(shown.lanes), max(shown.queue, default=0)
    if most:
        parts.append(f'<text class="dim" x="0" y="{top + 14}">queue, at most {most:,}</text>\n')
        for column, queue in enumerate(shown.queue):
            if queue:
                tall = max(1, queue * (_LANE - 4) // most)
                parts.append(_box("paused", column, 1, top + _LANE - 2 - tall, tall))
    parts += [
        f'<text class="dim" x="{_NAMES + column * _CELL}" y="{height - 4}">{text(label)}</text>\n'
        for column, label in shown.ticks
    ]
    return "".join([*parts, "</svg>\n"])


def _runs(cells: Sequence[Cell]) -> Iterator[tuple[str, int, int, int]]:
    """Cells of the same look, taken together: look, level, first column, how many."""
    column = 0
    while column < len(cells):
        one = cells[column]
        stop = column + 1
        while stop < len(cells) and cells[stop] == one:
            stop += 1
        level, mark = one.level, one.mark
        if level or mark:
            yield mark or "busy", level, column, stop - column
        column = stop


def _box(look: str, column: int, cells: int, top: int, tall: int) -> str:
    return (
        f'<rect class="{look}" x="{_NAMES + column * _CELL}" y="{top}" '
        f'width="{cells * _CELL - (0 if look == "idle" else 1)}" height="{tall}"/>\n'
    )
