"""The one face of every place that jobs come from.

A *source* lists jobs; a *handle* is one of them, opened. What a handle can do is in
`Handle.cannot`, never in its type: an action that can't be done has its reason there.
Every method may raise the errors of `routilux_tui.errors`, and no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from routilux_tui.views.control_kinds import CONTROLS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from routilux_tui.job.jsonable import Plain
    from routilux_tui.views.breakpoints import Breakpoint
    from routilux_tui.views.choosing import Sent, TaskSelection
    from routilux_tui.views.editing import Edited
    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.insight import FailingInput, Insight
    from routilux_tui.views.questions import AskedQuestion
    from routilux_tui.views.shapes import (
        AlertRule,
        AlertState,
        EntryBatch,
        Filter,
        Frame,
        Header,
        RoutineRow,
        WaitResult,
        Window,
    )
    from routilux_tui.views.timeline import Timeline

#: The actions whose absence a handle explains in `Handle.cannot`.
ACTIONS = (*CONTROLS, "wait")


class Handle(Protocol):
    """One job, opened.

    ``header`` and ``routines`` are the last known state, and stay there when the link breaks.
    """

    @property
    def header(self) -> Header:
        """The job in a line, as of the last frame."""

    @property
    def routines(self) -> Mapping[str, RoutineRow]:
        """Every routine that has a state, by its id, in the order in which they started."""

    @property
    def place(self) -> str:
        """Where the job is, for people: a socket's machine, or a file's path."""

    @property
    def file(self) -> str:
        """The job's file, on the machine that the job is on; empty where that is not known."""

    @property
    def cannot(self) -> Mapping[str, str]:
        """Action -> why it can't be done now. What is not in it can be asked for."""

    @property
    def is_gone(self) -> bool:
        """Whether the job says that it runs, and the process that ran it was killed."""

    @property
    def is_live(self) -> bool:
        """Whether a process holds the job, which is there when the dashboard is left."""

    @property
    def stale_since(self) -> float | None:
        """Since when (``time.time()``) nobody answers, or None while the link is good."""

    async def open(self) -> None:
        """Reach the job and fill ``header`` and ``routines``."""

    async def close(self) -> None:
        """Let go. The job is not touched."""

    def changes(self) -> AsyncIterator[Frame]:
        """Frames, merged while nobody takes them; ends when nothing can change any more.

        A broken link is not an end: a frame is given (with ``stale_since`` set), the link is
        made anew with growing pauses, and the frame after that stands for all that was missed.
        """

    async def window(self, section: str, start: int, stop: int, where: Filter) -> Window:
        """Rows ``start`` to ``stop`` of those that ``where`` leaves; negative: from the end."""

    async def item(self, section: str, n: int | str) -> Plain:
        """The whole value behind a row, by its position, or by its id for a routine."""

    async def flow(self) -> FlowShape:
        """What the job's flow is made of: routines in their order, connections, workers."""

    async def timeline(
        self, begin: float, end: float, columns: int, *, fold: bool = True
    ) -> Timeline:
        """A stretch of the job's time, drawn on so many columns; 0 is its first or last moment."""

    async def insight(self, *parts: str) -> Insight:
        """What is measured of the job: the parts that are asked for, of `insight.PARTS`.

        It changes with the job, and with time while handlers run: ask once a second, and only
        for what is shown.
        """

    async def failing(self, number: int, start: int, stop: int) -> list[FailingInput]:
        """Some of the inputs that have one kind of error, by its number in the insight."""

    async def stack(self, task: int) -> str:
        """Where the handler of a task is at this moment; empty when it runs no more."""

    async def find(
        self, section: str, text: str, start: int, *, back: bool, where: Filter
    ) -> int | None:
        """Position among the rows that ``where`` leaves of the next match at or after ``start``.

        At or before it with ``back``. None when there is no match: the search does not wrap.
        """

    async def pause(self, reason: str = "") -> Header:
        """Ask for a pause. The answer's ``control`` tells how many handlers still run."""

    async def resume(self) -> Header:
        """Ask to go on."""

    async def cancel(self, reason: str = "", *, force: bool = False, grace: float = 10.0) -> Header:
        """Ask to cancel; with ``force`` the process group is ended after ``grace`` seconds."""

    async def questions(self) -> list[AskedQuestion]:
        """What the job asks people and nobody has answered, the oldest first."""

    async def answer(self, question: str, choice: str, data: Plain = None) -> str:
        """Answer a question, by its id; what is to be said of it, or nothing.

        Args:
            question: its id.
            choice: the name of a choice; or ``yes`` or ``drop`` for a deferred event.
            data: the answer's data in its place, or beside a deferred event's own.

        Raises:
            NotPossible: when it is answered already; says by whom.
            UsageError: when it is no answer to the question.
        """

    async def context(self) -> dict[str, Plain]:
        """What a condition sees of the job: all of its figures; see `views.conditions`."""

    async def alerts(self) -> list[AlertState]:
        """The rules by which people are told of the job."""

    async def set_alert(self, rule: AlertRule) -> None:
        """Have people told of the job by a rule; one of the same name is replaced."""

    async def take_off_alert(self, name: str) -> None:
        """Take a rule off."""

    async def breakpoints(self) -> list[Breakpoint]:
        """The breakpoints that are set on the job."""

    async def set_breakpoint(self, condition: str) -> int:
        """Have the job paused before the next task that a condition holds for; its number."""

    async def check_breakpoint(self, condition: str) -> None:
        """Raise ConditionError if this job and its tasks can't judge a condition."""

    async def take_off_breakpoint(self, number: int) -> None:
        """Take a breakpoint off, or with 0 all of them."""

    async def retry(
        self, wanted: TaskSelection, edit: Edited | None = None, reason: str = ""
    ) -> Sent:
        """Send failed inputs again; a job that has ended goes on for them, here or elsewhere."""

    async def give_up(self, wanted: TaskSelection, reason: str = "") -> Sent:
        """Have failed inputs not tried again."""

    async def change_queue(self, action: str, task: int, edit: Edited | None = None) -> Sent:
        """Hold, let go, drop, move first or edit a task that waits; see `QUEUE_ACTIONS`."""

    async def set_workers(self, workers: int) -> None:
        """Have so many handlers run at once, from the next task on."""

    async def take_up(self) -> Sent:
        """Have a job run on that is paused or was killed, and that nobody runs."""

    async def goes_on(self) -> bool:
        """Wait until a job that has ended goes on; false when it can't any more."""

    async def wait(self, until: str = "", timeout: float | None = None) -> WaitResult:
        """Wait where the job lives until a condition holds (empty: until the job has ended)."""

    async def set_read_only(self, on: bool) -> None:
        """Ask for no control any more, or ask again; the job's runner learns of it, too."""

    async def check(self, condition: str) -> None:
        """Raise ConditionError if this job can't judge the condition."""


class Source(Protocol):
    """A place that lists jobs."""

    def entries(self) -> AsyncIterator[EntryBatch]:
        """The jobs that are there, then what changes, for as long as it is iterated."""

    def handle(self, key: str) -> Handle:
        """A handle, not yet open, on the job of that key."""

    async def close(self) -> None:
        """Stop following."""
