"""Which jobs of the list a key means: the selected ones, or the one that the cursor is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.status import has_ended
from routilux_tui.tui.screens.steering_screen import SteeringScreen
from routilux_tui.views.control_kinds import OF_THE_STATUS, forbids, why_silent
from routilux_tui.views.formatting import counted
from routilux_tui.views.shapes import ABANDONED, SILENT
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from routilux_tui.sources.base import Handle, Source
    from routilux_tui.tui.widgets.job_rows import JobRows
    from routilux_tui.views.shapes import JobEntry


class JobSelection(SteeringScreen):
    """A screen with a list of jobs, of which several can be selected.

    A selection means those of it that are shown: nothing is done to a job out of sight.
    """

    rows: JobRows
    source: Source

    def action_select(self) -> None:
        """Select the job, or not."""
        one = self.rows.current
        if one is not None:
            self.rows.selected ^= {one.key}
            self.rows.move_to(self.rows.cursor + 1)
            self.rows.refresh()

    def action_select_matching(self) -> None:
        """Select the shown jobs for which a condition holds, instead of those that are."""
        from routilux_tui.tui.screens.dialogs import LineDialog

        def answered(text: str | None) -> None:
            if text is not None:
                self.run_worker(self._select(text.strip()), exclusive=True, group="select")

        hint = 'A condition: status == "failed" && errors > 3. None selects nothing.'
        self.app.push_screen(LineDialog("Select the jobs with …", hint, yes="select"), answered)

    async def _select(self, condition: str) -> None:
        from routilux_tui.tui.screens.job_figures import judged_jobs
        from routilux_tui.views.list_condition import ListCondition

        found: dict[str, bool] = {}
        try:
            if condition:
                judged = judged_jobs(self.source, ListCondition(condition), self.rows.shown)
                async for some in judged:
                    found |= some
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), severity="warning", markup=False)
            return
        self.rows.selected = {key for key, holds in found.items() if holds}
        self.rows.refresh()
        self.notify(f"{counted(len(self.rows.selected), 'job')} selected.", timeout=3)

    def chosen(self) -> list[JobEntry]:
        """The selected jobs that are shown, or the one that the cursor is on."""
        rows = self.rows
        if rows.selected:
            return [one for one in rows.shown if one.key in rows.selected]
        return [rows.current] if rows.current is not None else []

    def steered(self) -> list[str]:
        """The selected jobs, or the one that the cursor is on, by flow and short id."""
        return [f"{one.flow_id} {one.job_id[:8]}" for one in self.chosen() if not one.error]

    def are_cancelled(self) -> bool:
        """Whether each of them waits for nothing but handlers to return."""
        chosen = [one for one in self.chosen() if not one.error]
        return all(has_ended(one.status) and one.still_running for one in chosen)

    def is_refused(self, action: str) -> bool:
        """Say why an action can't be done, or why none of the chosen jobs takes it."""
        if super().is_refused(action):
            return True
        chosen = [one for one in self.chosen() if not one.error]
        if action == "cancel" and any(one.still_running for one in chosen):
            return False
        if not chosen or not all(_is_out_of_reach(one, action) for one in chosen):
            return False
        if all(forbids(one.status, action) for one in chosen):
            are = "the job is" if len(chosen) == 1 else "the jobs are"
            states = " and ".join(sorted({one.status for one in chosen}))
            self.say_refused(action, f"{are} {states}")
        else:
            self.run_worker(self._say_why_not(action, chosen))
        return True

    async def _say_why_not(self, action: str, chosen: list[JobEntry]) -> None:
        """Say of the first job that could take an action if it were run why it can't."""
        one = next(one for one in chosen if not forbids(one.status, action))
        others = len(chosen) - 1
        more = f" (nor do {others} others)" if others > 1 else " (nor does the other)" * others

        async def ask(handle: Handle) -> None:
            why = handle.cannot.get(action, "somebody runs it by now; press the key again")
            self.say_refused(action, f"{why}{more}")

        if one.badge == SILENT:
            self.say_refused(action, f"{silent_entry(one)}{more}")
        else:
            await self.with_job(one, ask)

    async def with_job(self, one: JobEntry, do: Callable[[Handle], Awaitable[None]]) -> None:
        """Do something with a job, which is opened for it; what goes wrong is shown."""
        handle = self.source.handle(one.key)
        try:
            await handle.set_read_only(self.app.read_only)  # type: ignore[attr-defined] # our own app
            await handle.open()
            await do(handle)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="warning", markup=False)
        finally:
            await handle.close()


def silent_entry(one: JobEntry) -> str:
    """Why a job of the list can't be asked whose runner does not answer."""
    return why_silent("" if one.host else one.job_id[:8])


def _is_out_of_reach(one: JobEntry, action: str) -> bool:
    """Whether nobody can be asked for a control of a job's status: it is not run, or is silent."""
    is_run = one.badge not in {SILENT, ABANDONED} and (
        one.place == "live"
        or one.status == "running"  # that of a file before it is told who runs it
    )
    return (action in OF_THE_STATUS and not is_run) or forbids(one.status, action)
