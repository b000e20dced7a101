"""Comparing two jobs on the screen: what they differ in, and what of it is more than noise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.screens.detail import TextScreen
from routilux_tui.views.comparison import JUDGED, difference_lines, run_line, run_of
from routilux_tui.views.diff import diff, first_parting
from routilux_tui.views.insight import FIGURES, PROBLEMS
from routilux_tui.views.shapes import DATA, HISTORY, JOB, Filter
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle
    from routilux_tui.views.diff import Run
    from routilux_tui.views.shapes import Row

#: Records that are compared of each; of a job on another machine they travel.
_MOST_RECORDS, _MOST_FAR_RECORDS = 50_000, 2000
_AT_ONCE = 1000


async def show_comparison(screen: Any, a: Handle, b: Handle, *opened: Handle) -> None:
    """Show what two jobs differ in over a screen, which says why it can't be done.

    Args:
        screen: the screen.
        a: the one.
        b: the other.
        opened: those of them that are open already, and stay so.
    """
    others = [one for one in (a, b) if one not in opened]
    try:
        for one in others:
            await one.open()
        screen.app.push_screen(await comparison(a, b))
    except RoutiluxTuiError as error:
        screen.notify(printable(str(error)), severity="warning", markup=False)
    finally:
        for one in others:
            await one.close()


async def comparison(a: Handle, b: Handle) -> TextScreen:
    """A screen that says what two jobs differ in; the first is A, the other B.

    Args:
        a: the one, open.
        b: the other, open.
    """
    run_a, run_b = await _run_of(a), await _run_of(b)
    is_far = any(one.place.startswith("ssh://") for one in (a, b))
    most = _MOST_FAR_RECORDS if is_far else _MOST_RECORDS
    rows_a, rows_b = await _records(a, most), await _records(b, most)
    is_cut = any(one.header.counts.get(HISTORY, 0) > most for one in (a, b))
    cut_at = most if is_cut else None
    parting = await asyncio.to_thread(first_parting, rows_a, rows_b, cut_at)
    lines = [run_line("A", run_a, a.header), run_line("B", run_b, b.header)]
    lines += difference_lines(diff(run_a, run_b), parting, cut_at)
    lines += ["", JUDGED]
    return TextScreen(f"{run_a.flow_id}: A and B", lines)


async def _run_of(handle: Handle) -> Run:
    header = handle.header
    start = await handle.item(HISTORY, 0) if header.counts.get(HISTORY) else None
    keys = (await handle.window(DATA, 0, _AT_ONCE, Filter())).rows
    data = {row.name: await handle.item(DATA, row.n) for row in keys}
    insight = await handle.insight(FIGURES, PROBLEMS)
    launch = await handle.item(JOB, "launch")
    return run_of(header, await handle.flow(), insight, start, launch, data)


async def _records(handle: Handle, most: int) -> list[Row]:
    rows: list[Row] = []
    while len(rows) < most:
        stop = min(most, len(rows) + _AT_ONCE)
        window = await handle.window(HISTORY, len(rows), stop, Filter())
        rows += window.rows
        if not window.rows:
            break
        await asyncio.sleep(0)  # the keys go on
    return rows
