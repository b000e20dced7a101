"""Looking closer at a job of the list: why it is as it is, its flow's runs, what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.screens.job_selection import JobSelection, silent_entry
from routilux_tui.views.shapes import SILENT
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle
    from routilux_tui.views.shapes import JobEntry


class ListLooking(JobSelection):
    """A list of jobs of which the one under the cursor is looked at closer."""

    def _readable(self) -> JobEntry | None:
        """The job under the cursor, if there is one that can be read; says why there is not."""
        one = self.rows.current
        if one is not None and not one.error:
            return one
        why = f"{one.path or one.host}: {one.error}" if one else "No job is under the cursor."
        self.notify(printable(why), severity="warning", markup=False)
        return None

    def action_why(self) -> None:
        """Why the job under the cursor is as it is."""
        one = self._readable()
        if one is not None and one.badge == SILENT:
            self.say_refused("tell", silent_entry(one))
        elif one is not None:
            self.run_worker(self._why(one))

    async def _why(self, one: JobEntry) -> None:
        from routilux_tui.tui.screens.detail import LEADS_ON, TextScreen
        from routilux_tui.tui.screens.job_answers import why_lines

        def lead(key: str) -> None:
            self.run_worker(self._lead_on(one, key))

        async def show(handle: Handle) -> None:
            lines = await why_lines(handle)
            title = printable(f"Why? {one.flow_id} {one.job_id[:8]}")
            self.app.push_screen(TextScreen(title, lines, LEADS_ON, lead))

        await self.with_job(one, show)

    async def _lead_on(self, one: JobEntry, key: str) -> None:
        """Open a job, and press a key there."""
        app: Any = self.app
        await app.show_job(self.source.handle(one.key))
        if app.screen is not self:
            app.simulate_key(key)

    def action_runs(self) -> None:
        """The last runs of the flow of the job under the cursor."""
        one = self._readable()
        if one is not None:
            from routilux_tui.tui.screens.flow_runs import show_runs

            self.run_worker(show_runs(self, one.flow_id, f"ssh://{one.host}" if one.host else ""))

    def action_compare(self) -> None:
        """Compare two selected jobs, the older one first, or one with the run before."""
        chosen = [one for one in self.chosen() if not one.error]
        if len(chosen) > 2:
            self.notify("Two jobs are compared: select two with Space.", timeout=4)
            return
        if not chosen:
            self._readable()
            return
        self.run_worker(self._compare(sorted(chosen, key=lambda one: one.created_at)))

    async def _compare(self, chosen: list[JobEntry]) -> None:
        from routilux_tui.tui.screens.compare import show_comparison
        from routilux_tui.tui.screens.flow_runs import FlowRuns, run_before

        if len(chosen) == 1:
            one = chosen[0]
            try:
                of_flow = await FlowRuns(self.app).of(
                    one.flow_id, f"ssh://{one.host}" if one.host else ""
                )
                chosen = [run_before(one.job_id, one.created_at, of_flow), one]
            except RoutiluxTuiError as error:
                self.notify(printable(str(error)), severity="warning", markup=False)
                return
        await show_comparison(self, *(self.source.handle(one.key) for one in chosen))
