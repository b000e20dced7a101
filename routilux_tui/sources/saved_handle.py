"""One saved job as a handle that is only read, and followed as its file changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from routilux_tui.errors import JobFileError, JobFileMissing, NotPossible
from routilux_tui.job import status as statuses
from routilux_tui.runner.answering import Answer, answer_saved
from routilux_tui.runner.earlier import compare_with_earlier
from routilux_tui.runner.judge import Judge
from routilux_tui.runner.launch_record import user_name
from routilux_tui.sources.refusals import Refusals
from routilux_tui.sources.saved_entry import file_note
from routilux_tui.sources.scanning import Stamp, stamp
from routilux_tui.sources.watching import watch
from routilux_tui.store.files import journal_path
from routilux_tui.store.large_file import is_counted, open_job, wait_counted
from routilux_tui.store.locks import is_locked
from routilux_tui.views.breakpoints import breakpoints
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.control_kinds import CONTROLS, NOTHING_ASKED, why_left_behind
from routilux_tui.views.formatting import limit
from routilux_tui.views.insight import OUTLOOK, USUAL
from routilux_tui.views.naming import command
from routilux_tui.views.projection import Projection
from routilux_tui.views.questions import questions
from routilux_tui.views.shapes import (
    SECTIONS,
    Filter,
    Frame,
    Header,
    RoutineRow,
    WaitResult,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from routilux_tui.job.jsonable import Plain
    from routilux_tui.views.breakpoints import Breakpoint
    from routilux_tui.views.choosing import Sent, TaskSelection
    from routilux_tui.views.editing import Edited
    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.insight import FailingInput, Insight
    from routilux_tui.views.questions import AskedQuestion
    from routilux_tui.views.shapes import AlertState
    from routilux_tui.views.timeline import Timeline

#: The parts that are judged by earlier runs.
_JUDGED = {OUTLOOK, USUAL}


class SavedHandle(Refusals):
    """A job in a file, followed as the file changes: it is read, and its questions are answered.

    Args:
        path: the file.
        poll: look instead of waiting for events.
    """

    def __init__(self, path: Path, *, poll: bool = False) -> None:
        self.path = path
        self._poll = poll
        self._header = Header(job_id="", flow_id="", status="")
        self._routines: dict[str, RoutineRow] = {}
        self._projection: Projection | None = None
        self._polling = ""
        self._read_only = False
        #: Who looks at it from another machine, as ``user@host``.
        self.via = ""
        self._stamp = self._current_stamp()
        self._changed = asyncio.Condition()
        self._judge = Judge()

    @property
    def header(self) -> Header:
        """The job in a line."""
        return self._header

    @property
    def routines(self) -> Mapping[str, RoutineRow]:
        """Every routine, by its id."""
        return self._routines

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self.path)

    @property
    def file(self) -> str:
        """The file's path."""
        return str(self.path)

    @property
    def cannot(self) -> Mapping[str, str]:
        """A file takes no controls; the reason tells the way out."""
        if is_locked(self.path):
            there = command("attach", self._header.job_id[:8] or self.path)
            why = f"this is the job's file; the job itself is steered by {there}"
            return dict.fromkeys(CONTROLS, why)
        header = self._header
        library = "" if self._projection is None else self._projection.job.library
        left = why_left_behind(header.status, library)
        ended = f"the job is {header.status}" if statuses.has_ended(header.status) else ""
        reasons = dict.fromkeys(CONTROLS, ended or left)
        for name, control in CONTROLS.items():
            if control.in_file:
                reasons.pop(name)
                if library:
                    reasons[name] = left
        if header.status == "paused":
            reasons["pause"] = "the job is paused"
        if not header.questions:
            reasons["answer"] = NOTHING_ASKED
        return reasons

    @property
    def is_gone(self) -> bool:
        """Whether the file says that the job runs, and nobody runs it."""
        return self._header.status == "running" and not is_locked(self.path)

    @property
    def is_live(self) -> bool:
        """A file is not."""
        return False

    @property
    def stale_since(self) -> float | None:
        """A file is never stale: what it says is what there is."""
        return None

    async def open(self) -> None:
        """Read the file."""
        await self._read()

    async def close(self) -> None:
        """Let go."""
        self._projection = None
        self._judge.close()

    async def _read(self) -> None:
        self._stamp = self._current_stamp()

        def read() -> Projection:
            return Projection(open_job(self.path), self.path)

        projection = await asyncio.to_thread(read)
        self._show(projection)

    def _show(self, projection: Projection) -> None:
        self._projection = projection
        self._header = projection.header(note=self._note_of(projection) or self._polling)
        self._routines = {row.routine_id: row for row in projection.routines()}

    def _note_of(self, projection: Projection) -> str:
        """What is not as its status says."""
        if not is_counted(projection.job):
            return "its records are being counted"
        return file_note(projection, self.path)

    async def changes(self) -> AsyncIterator[Frame]:
        """A frame whenever the file has a new state; a half-written one keeps the last."""
        import msgspec

        if await self._count():
            yield self._frame()
        changes = watch([self.path.parent], poll=self._poll, on_polling=self._note_polling)
        async for _ in changes:
            if self._stamp == self._current_stamp():
                continue
            for pause in (0.0, 0.05, 0.2):
                await asyncio.sleep(pause)
                try:
                    await self._read()
                    break
                except JobFileMissing:
                    self._header = msgspec.structs.replace(self._header, note="the file is gone")
                    break
                except JobFileError:
                    self._header = msgspec.structs.replace(
                        self._header, note="the file is being written; this is its last good state"
                    )
            async with self._changed:
                self._changed.notify_all()
            yield self._frame()
            if await self._count():
                yield self._frame()

    def _note_polling(self, why: str) -> None:
        self._polling = f"followed by polling: {why}"
        if not self._header.note:
            import msgspec

            self._header = msgspec.structs.replace(self._header, note=self._polling)

    def _current_stamp(self) -> tuple[Stamp, Stamp]:
        """What tells this state of the file, and of its journal, from the next."""
        return stamp(self.path), stamp(journal_path(self.path))

    async def _count(self) -> bool:
        """Wait until the records of a large file are counted; whether that changed anything."""
        projection = self._projection
        if projection is None or is_counted(projection.job):
            return False
        await asyncio.to_thread(wait_counted, projection.job)
        self._show(projection)
        return True

    def _frame(self) -> Frame:
        return Frame(
            seq=0,
            header=self._header,
            routines=list(self._routines.values()),
            stale=list(SECTIONS),
        )

    def _opened(self) -> Projection:
        if self._projection is None:
            raise NotPossible(f"{self.path}: it is not open.")
        return self._projection

    async def window(self, section: str, start: int, stop: int, where: Filter) -> Window:
        """Rows ``start`` to ``stop`` of those that ``where`` leaves."""
        views = self._opened()
        if where:
            return await asyncio.to_thread(views.window, section, start, stop, where)
        return views.window(section, start, stop, where)

    async def item(self, section: str, n: int | str) -> Plain:
        """The whole value behind a row."""
        return self._opened().item(section, n)

    async def flow(self) -> FlowShape:
        """What the job's flow is made of."""
        return self._opened().flow()

    async def timeline(
        self, begin: float, end: float, columns: int, *, fold: bool = True
    ) -> Timeline:
        """A stretch of the job's time, drawn on so many columns; 0 is its first or last moment."""
        views = self._opened()
        return await asyncio.to_thread(views.timeline, begin, end, columns, fold=fold)

    async def insight(self, *parts: str) -> Insight:
        """What is measured of the job: the parts that are asked for."""
        views = await self._compared(whatever=USUAL in parts) if _JUDGED & {*parts} else None
        return (views or self._opened()).insight(parts, gone=self.is_gone)

    async def _compared(self, *, whatever: bool = False) -> Projection:
        """The job's views, judged by earlier runs: ``whatever`` it is, or unless it has ended."""
        views = self._opened()
        if views.usual is None and (whatever or not statuses.has_ended(views.job.status)):
            await asyncio.to_thread(compare_with_earlier, views)
        return views

    async def failing(self, number: int, start: int, stop: int) -> list[FailingInput]:
        """Some of the inputs that have one kind of error."""
        return self._opened().failing(number, start, stop)

    async def stack(self, task: int) -> str:  # noqa: ARG002 - as every handle
        """Nothing runs here."""
        return ""

    async def find(
        self, section: str, text: str, start: int, *, back: bool, where: Filter
    ) -> int | None:
        """Position of the next row that holds ``text``."""
        views = self._opened()

        def search() -> int | None:
            return views.find(section, text, start, back=back, where=where)

        return await asyncio.to_thread(search)

    async def questions(self) -> list[AskedQuestion]:
        """What the job asks people and nobody has answered, the oldest first."""
        return questions(self._opened().job)

    async def answer(self, question: str, choice: str, data: Plain = None) -> str:
        """Answer a question in the file, and have the job taken up again."""
        if "answer" in self.cannot or self._read_only:
            raise self._refusal("answer")
        given = Answer(question, choice, data)
        done = await asyncio.to_thread(answer_saved, self.path, given, {"name": user_name()})
        if done.taken_up is not None:
            return f"Answered; job {done.taken_up.job_id[:8]} goes on."
        return f"Answered, and nobody runs it: {done.why_not} {done.hint}"

    async def context(self) -> dict[str, Plain]:
        """What a condition sees of the job."""
        await self._compared()
        return self._context()

    def _context(self) -> dict[str, Plain]:
        views = self._opened()
        return context_of(views.job, views.earlier, gone=self.is_gone)

    async def alerts(self) -> list[AlertState]:
        """The rules by which people are told of the job, when it is taken up."""
        from routilux_tui.views.alerts import alert_states

        return alert_states(self._opened().job)

    async def breakpoints(self) -> list[Breakpoint]:
        """The breakpoints that are set on the job; they count when it is taken up."""
        return breakpoints(self._opened().job)

    async def retry(
        self, wanted: TaskSelection, edit: Edited | None = None, reason: str = ""
    ) -> Sent:
        """Have a new runner take the job up, for inputs that failed."""
        from routilux_tui.runner.launch import retry_job
        from routilux_tui.runner.launch_spec import RetrySpec

        self._check_retry()
        retry = RetrySpec(wanted=wanted, edit=edit, reason=reason, via=self.via)
        return await asyncio.to_thread(retry_job, str(self.path), retry)

    async def take_up(self) -> Sent:
        """Have a new runner go on with the job."""
        from routilux_tui.runner.launch import resume_job
        from routilux_tui.views.choosing import Sent

        self._check_retry()
        started = await asyncio.to_thread(resume_job, str(self.path))
        return Sent(header=self._header, told="the job", socket=started.socket)

    def _check_retry(self) -> None:
        if "retry" in self.cannot or self._read_only:
            raise self._refusal("retry")

    async def goes_on(self) -> bool:
        """A file does not change its mind; `changes` tells of all that becomes of it."""
        return False

    def _refusal(self, action: str) -> NotPossible:
        why = self.cannot.get(action, "this dashboard is read-only")
        return NotPossible(f"{self.path}: it can't be asked to {CONTROLS[action].label}: {why}.")

    async def set_read_only(self, on: bool) -> None:
        """Take no answers, or take them again."""
        self._read_only = on

    async def wait(self, until: str = "", timeout: float | None = None) -> WaitResult:
        """Wait until the file says so."""

        async def judge() -> WaitResult:
            while True:
                state = self._opened().job
                ended = statuses.has_ended(state.status)
                await self._compared()
                if until and await self._judge.holds(until, self._context):
                    return WaitResult("met", state.status)
                if ended:
                    return WaitResult("ended" if until else "met", state.status)
                async with self._changed:
                    await self._changed.wait()

        try:
            return await asyncio.wait_for(judge(), timeout)
        except (asyncio.TimeoutError, TimeoutError):
            return WaitResult("timeout", self._header.status, f"not within {limit(timeout or 0.0)}")

    async def check(self, condition: str) -> None:
        """Raise ConditionError if this job can't judge the condition."""
        await self._judge.check(condition, self._context)
