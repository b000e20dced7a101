"""The last runs of a flow beside each other: how each ended, how long it took, what is odd."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from routilux_tui.errors import NotPossible, RoutiluxTuiError
from routilux_tui.job import timestamps
from routilux_tui.sources.flow_runs import handle_of, runs_of_flow
from routilux_tui.tui.screens.paced import PacedScreen
from routilux_tui.tui.widgets.columns import Column, cells, fitting, heads, number_column
from routilux_tui.tui.widgets.job_rows import JobRows
from routilux_tui.tui.widgets.rows import Rows
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.views.formatting import count, date_time, span, sparkline
from routilux_tui.views.list_line import STATES, state_of
from routilux_tui.views.naming import command
from routilux_tui.views.text import printable
from routilux_tui.views.trends import RunEntry, Trend, trend

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.shapes import JobEntry

MOST = 50
"""Runs that are shown."""
_STYLES = {"failed": "rows--error", "killed": "rows--error", "completed": "rows--success"}


class FlowRuns:
    """The runs of a flow, wherever the reader came from: of the list, or of this machine.

    Args:
        app: the dashboard.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def _list(self) -> Any:
        """The screen with the list of jobs, if there is one."""
        screens = self._app.screen_stack
        lists = (one for one in screens if isinstance(getattr(one, "rows", None), JobRows))
        return next(lists, None)

    async def of(self, flow_id: str, place: str) -> list[JobEntry]:
        """The runs of a flow, of the machine of a place, in no order.

        Raises:
            NotPossible: when they are those of another machine, and no list has them.
        """
        host = place.removeprefix("ssh://") if place.startswith("ssh://") else ""
        listed = self._list()
        if listed is not None:
            entries = listed.rows.listing.entries.values()
            return [one for one in entries if one.flow_id == flow_id and one.host == host]
        if host:
            raise NotPossible(
                "The runs of another machine are known to the list alone.",
                f"Open it: {command('--host', host)}",
            )
        return await asyncio.to_thread(runs_of_flow, flow_id, MOST)

    def handle(self, entry: JobEntry) -> Handle:
        """A handle on one of them, not yet open."""
        listed = self._list()
        if listed is not None:
            handle: Handle = listed.source.handle(entry.key)
            return handle
        return handle_of(entry, fps=self._app.settings.fps, read_only=self._app.read_only)


def run_before(job_id: str, created_at: str, runs: Iterable[JobEntry]) -> JobEntry:
    """The run before a job, among those of its flow.

    Raises:
        NotPossible: when there is none.
    """
    began = timestamps.to_epoch(created_at) or 0.0
    known = [
        (at, one)
        for one in runs
        if one.job_id != job_id
        and not one.error
        and (at := timestamps.to_epoch(one.created_at)) is not None
        and at < began
    ]
    if not known:
        raise NotPossible("No earlier run of its flow is known here.")
    return max(known, key=lambda one: one[0])[1]


def _columns() -> list[Column[RunEntry]]:
    return [
        Column("", 1, _glyph, 0),
        Column("job", 8, lambda one: (printable(one.entry.job_id[:8]), "rows--name"), 1, False),
        Column("started", 16, lambda one: (date_time(one.entry.created_at), ""), 4, False),
        Column("took", 6, _took, 2),
        number_column("records", 9, lambda one: one.entry.records, 5),
        number_column("errors", 7, lambda one: one.entry.errors, 2, "rows--error"),
        Column("odd", 24, lambda one: ("; ".join(one.odd), "rows--warning"), 3, False, True),
    ]


def _glyph(one: RunEntry) -> Part:
    state = state_of(one.entry)
    return STATES[state][0], _STYLES.get(state, "rows--dim")


def _took(one: RunEntry) -> Part:
    is_odd = any(said.startswith("took") for said in one.odd)
    return ("·", "rows--dim") if one.seconds is None else (span(one.seconds), _odd(is_odd))


def _odd(is_odd: bool) -> str:
    return "rows--warning" if is_odd else ""


class RunRows(Rows):
    """The runs, the newest first, below curves of all of them.

    Args:
        title: the flow.
        found: its runs.
    """

    def __init__(self, title: str, found: Trend) -> None:
        super().__init__()
        self._title = title
        self.runs = found.runs[::-1]
        self._found = found
        self._curves = _curves(found)

    def on_mount(self) -> None:
        """Show them."""
        self.set_total(len(self._curves) + 1 + len(self.runs))
        self.move_to(len(self._curves) + 1)

    def tabs(self) -> list[Tab]:
        """The flow, and how many runs there are."""
        return [Tab("", self._title, len(self.runs), True)]

    def title_parts(self) -> list[Part]:
        """What the last runs took that ended well, and the ways on."""
        usual = self._found.usual
        parts: list[Part] = []
        if usual is not None:
            parts.append((f"usually {span(usual)}  ", "rows--dim"))
        return [*parts, ("Enter", "rows--key"), (" open  ", "rows--dim"), ("Esc", "rows--key")]

    def run_at(self, n: int) -> RunEntry | None:
        """The run of a row."""
        at = n - len(self._curves) - 1
        return self.runs[at] if 0 <= at < len(self.runs) else None

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A curve, the heads of the columns, or a run."""
        run = self.run_at(n)
        if n < len(self._curves):
            return self._curves[n]
        columns = fitting(_columns(), width)
        return [(heads(columns), "rows--head")] if run is None else cells(columns, run)

    def empty_text(self) -> str:
        """There is none."""
        return "No run is known."


def _curves(found: Trend) -> list[list[Part]]:
    """How long the runs took, and what they did, the oldest at the left."""
    over = [one for one in found.runs if one.seconds is not None]
    if len(over) < 2:
        return []
    curves = {
        "took": ([one.seconds or 0.0 for one in over], span),
        "records": ([float(one.entry.records) for one in over], lambda one: count(int(one))),
        "errors": ([float(one.entry.errors) for one in over], lambda one: count(int(one))),
    }
    lines: list[list[Part]] = []
    for name, (values, said) in curves.items():
        if any(values):
            most = f"  at most {said(max(values))}"
            lines.append(
                [
                    (f" {name:<9}", "rows--dim"),
                    (sparkline(values), "rows--spark"),
                    (most, "rows--dim"),
                ]
            )
    return lines


class RunsScreen(PacedScreen[None]):
    """The last runs of a flow; Enter opens one.

    Args:
        flow_id: the flow.
        entries: its runs, in no order.
        runs: opens one of them.
    """

    BINDINGS: ClassVar = [("escape,q", "dismiss", "back"), ("enter", "open", "open")]

    def __init__(self, flow_id: str, entries: list[JobEntry], runs: FlowRuns) -> None:
        super().__init__()
        self._runs = runs
        self.rows = RunRows(printable(flow_id), trend(entries, MOST))

    def compose(self) -> ComposeResult:
        """The rows alone."""
        yield self.rows

    def action_open(self) -> None:
        """Open the run at the cursor."""
        run = self.rows.run_at(self.rows.cursor)
        if run is not None:
            handle = self._runs.handle(run.entry)
            self.app.run_worker(self.app.show_job(handle))  # type: ignore[attr-defined] # our own app

    def on_rows_opened(self, _event: Rows.Opened) -> None:
        """A run was chosen with the mouse."""
        self.action_open()


async def show_runs(screen: Any, flow_id: str, place: str) -> None:
    """Show the last runs of a flow over a screen, which says why it can't be done."""
    runs = FlowRuns(screen.app)
    try:
        entries = await runs.of(flow_id, place)
    except RoutiluxTuiError as error:
        screen.notify(printable(str(error)), severity="warning", markup=False)
        return
    screen.app.push_screen(RunsScreen(flow_id, entries, runs))
