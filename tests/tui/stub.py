"""The edge of the screens, made of nothing: a job and a list that stand still."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.state.job_state import JobState
from routilux_tui.views.alerts import alert_states
from routilux_tui.views.breakpoints import breakpoints
from routilux_tui.views.choosing import Sent
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.conditions import Condition
from routilux_tui.views.projection import Projection
from routilux_tui.views.questions import questions
from routilux_tui.views.shapes import (
    SECTIONS,
    Control,
    EntryBatch,
    Frame,
    Header,
    JobEntry,
    WaitResult,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOON = 1_795_435_200.0  # 2026-11-23 12:00:00 UTC


def audit(status: str = "running") -> JobState:
    """A job like the sample's, in the middle of its work."""
    state = JobState("source_audit")
    state._job_id = "a1b2c3d4-0000-4000-8000-000000000000"
    state._created = NOON - 72.0
    state.flow_routines = ["find", "read", "parse", "count", "skip", "rank"]
    state.flow_shape = {
        "workers": 4,
        "connections": [
            ["find", "file", "read", "path"],
            ["find", "file", "find", "trigger"],
            ["read", "source", "parse", "source"],
            ["read", "source", "skip", "source"],
            ["parse", "facts", "count", "facts"],
            ["count", "complete", "rank", "totals"],
        ],
    }
    state.make("status", "running", NOON - 72.0)
    at = NOON - 70.0
    for number, name in enumerate(
        ("abc", "argparse", "ast", "asyncio/events", "base64", "bisect") * 40
    ):
        path = f"{name}.py"
        at += 0.29
        state.make("emit", "find", "file", {"path": path}, at, None, [])
        state.make(
            "emit", "read", "source", {"path": path, "lines": 40 * number}, at + 0.01, None, []
        )
        facts = {"path": path, "lines": 40 * number, "functions": number, "classes": 2}
        state.make("emit", "parse", "facts", facts, at + 0.02, None, [])
        if number % 30 == 29:
            state.make("log", {"message": f"{number + 1} files", "timestamp": _iso(at)}, at)
    busy = {"find": 0.4, "read": 3.15, "parse": 41.7, "count": 0.56}
    for name, seconds in busy.items():
        state.make(
            "routine",
            name,
            {
                "status": "running" if name in {"find", "parse"} else "completed",
                "runs": 1 if name == "find" else 240,
                "errors": 3 if name == "parse" else 0,
                "retries": 0,
                "active": int(name in {"find", "parse"}),
                "started_at": _iso(NOON - 70.0),
                "ended_at": _iso(at),
                "execution_time": seconds,
                "error": "SyntaxError: invalid syntax (bad_coding.py, line 1)"
                if name == "parse"
                else None,
            },
            at,
        )
    state.make("shared", "folder", "/usr/lib/python3.11", at)
    state.make("shared", "totals", {"files": 237, "lines": 130_211, "skipped": 3}, at)
    state.make(
        "log",
        {"message": "[bold]markup[/] and \x1b[31mescapes\x1b[0m are text", "timestamp": _iso(at)},
        at,
    )
    state.make("output", "count", "progress", {"done": 240}, at)
    if status == "paused":
        state.make(
            "pause_point",
            {"timestamp": _iso(NOON), "reason": "lunch", "current_routine_id": "parse",
             "checkpoint": {"at": 240}, "pending_tasks_count": 2},
            NOON,
        )  # fmt: skip
        state.make("deferred", "rank", "complete", {"totals": {}}, NOON)
        state.pending_tasks = [
            {"slot_routine_id": "parse", "slot_name": "source", "data": {"path": f"{n}.py"},
             "created_at": _iso(NOON)} for n in range(2)
        ]  # fmt: skip
    state.make("status", status, NOON)
    return state


def _iso(at: float) -> str:
    from datetime import datetime, timezone

    return datetime.fromtimestamp(at, timezone.utc).isoformat()


class StubHandle:
    """A job that stands still until a test changes it."""

    file = "/state/a.json"
    place = "stub"

    def __init__(self, state: JobState, control: Control | None = None) -> None:
        self.state = state
        self.views = Projection(state)
        self.control = control
        self.stale_since: float | None = None
        self.is_live = True
        self.is_gone = False
        self.cannot: dict[str, str] = {"resume": "the job is running"}
        self.asked: list[tuple[str, str]] = []
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.waits: asyncio.Queue[WaitResult] = asyncio.Queue()

    @property
    def header(self) -> Header:
        return self.views.header(self.control)

    @property
    def routines(self) -> dict:
        return {row.routine_id: row for row in self.views.routines()}

    def changed(self) -> None:
        self.frames.put_nowait(Frame(seq=0, header=self.header, stale=list(SECTIONS)))

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def changes(self) -> AsyncIterator[Frame]:
        while True:
            yield await self.frames.get()

    async def window(self, section, start, stop, where):
        return self.views.window(section, start, stop, where)

    async def item(self, section, n):
        return self.views.item(section, n)

    async def flow(self):
        return self.views.flow()

    async def timeline(self, begin, end, columns, *, fold=True):
        return self.views.timeline(begin, end, columns, fold=fold)

    async def insight(self, *parts):
        return self.views.insight(parts, self.control)

    async def failing(self, number, start, stop):
        return self.views.failing(number, start, stop)

    async def stack(self, task):
        return ""

    async def find(self, section, text, start, *, back, where):
        return self.views.find(section, text, start, back=back, where=where)

    async def questions(self):
        return questions(self.state)

    async def answer(self, question, choice, data=None):
        self.asked.append(("answer", f"{question} {choice}"))
        return ""

    async def alerts(self):
        return alert_states(self.state)

    async def breakpoints(self):
        return breakpoints(self.state)

    async def pause(self, reason: str = "") -> Header:
        self.asked.append(("pause", reason))
        return self.header

    async def resume(self) -> Header:
        self.asked.append(("resume", ""))
        return self.header

    async def cancel(self, reason: str = "", *, force: bool = False, grace: float = 10.0) -> Header:
        self.asked.append(("cancel", reason))
        return self.header

    async def retry(self, wanted, edit=None, reason=""):
        self.asked.append(("retry", wanted, edit, reason))
        return Sent(header=self.header, told="1 input of price")

    async def give_up(self, wanted, reason=""):
        self.asked.append(("giveup", wanted, reason))
        return Sent(header=self.header, told="1 input of price")

    async def change_queue(self, action, task, edit=None):
        self.asked.append(("queue", action, task, edit))
        return Sent(header=self.header, told="1 task")

    async def set_workers(self, workers):
        self.asked.append(("workers", workers))

    async def goes_on(self) -> bool:
        return False

    async def wait(self, until: str = "", timeout: float | None = None) -> WaitResult:
        return await self.waits.get()

    async def set_read_only(self, on: bool) -> None:
        pass

    async def check_breakpoint(self, condition: str) -> None:
        Condition(condition)

    async def check(self, condition: str) -> None:
        Condition(condition).check(context_of(self.state))


class StubSource:
    """A list that says what a test tells it to."""

    def __init__(self, entries: list[JobEntry], handle: StubHandle | None = None) -> None:
        self.batches: asyncio.Queue[EntryBatch] = asyncio.Queue()
        self.first = EntryBatch(entries)
        self._handle = handle

    async def entries(self) -> AsyncIterator[EntryBatch]:
        yield self.first
        while True:
            yield await self.batches.get()

    def handle(self, key: str) -> StubHandle:
        assert self._handle is not None
        return self._handle

    async def close(self) -> None:
        pass


def listed() -> list[JobEntry]:
    """Jobs of every kind, as a list shows them."""
    one = JobEntry(
        key="/run/1.sock", place="live", status="running", flow_id="source_audit",
        job_id="a1b2c3d4-0000", routines_done=2, routines_total=6, records=6345, errors=3,
        created_at=_iso(NOON - 72), updated_at=_iso(NOON - 1), size=1_203_000,
        path="/state/source_audit-a1b2c3d4.json", badge="live",
    )  # fmt: skip
    rest = [
        ("completed", "nightly_import", 4, 4, 1_203_441, 0, 3600, ""),
        ("failed", "flaky_service", 2, 4, 42, 17, 7200, ""),
        ("paused", "approval", 2, 3, 2, 0, 86_400, ""),
        ("running", "crawler", 1, 5, 88_120, 4, 200_000, "abandoned"),
        ("cancelled", "endless", 2, 2, 512, 0, 400_000, ""),
        ("pending", "日本語の流れ", 0, 2, 0, 0, 900_000, ""),
    ]
    jobs = [one]
    for number, (status, flow, done, total, records, errors, ago, badge) in enumerate(rest):
        jobs.append(
            msgspec.structs.replace(
                one,
                key=f"/s/{number}.json",
                place="saved",
                status=status,
                flow_id=flow,
                job_id=f"{number}f00ba12-0000",
                routines_done=done,
                routines_total=total,
                records=records,
                errors=errors,
                created_at=_iso(NOON - ago - 600),
                updated_at=_iso(NOON - ago),
                size=records * 180 + 900,
                path=f"/s/{flow}-{number}f00ba12.json",
                badge=badge,
            )  # fmt: skip
        )
    jobs.append(
        JobEntry(
            key="/s/torn.json",
            path="/s/torn.json",
            badge="torn",
            error="it is cut short.",
            size=170,
        )
    )
    return jobs
