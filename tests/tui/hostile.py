"""A job and a list in which every text is an attack on the terminal; run in a pty by a test."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from routilux_tui.views import shapes
from routilux_tui.views.insight import FailingInput, ProblemRow
from tests.tui.stub import StubHandle, StubSource, audit, listed

ATTACK = "\x1b]52;c;cHduZWQ=\x07\x1bc\x1b[2J\x9b31m\x9d52;c;cHduZWQ=\x9c\x90q\x9c\u202e\u2066\u2028\x00\x7f"


OURS = frozenset({"status", "place", "key", "counts", "section", "stale", "state", "spark"})
"""Fields whose texts are no job's."""


def poisoned(value: Any, text: str = ATTACK, kept: frozenset[str] = OURS) -> Any:
    """A view in which every text is the attack, or another, but for those of some fields."""
    if isinstance(value, str):
        return text
    if isinstance(value, dict):
        values = enumerate(value.values())
        return {f"{n}{text}": poisoned(one, text, kept) for n, one in values}
    if isinstance(value, list):
        return [poisoned(one, text, kept) for one in value]
    if isinstance(value, msgspec.Struct):
        fields = {
            name: poisoned(getattr(value, name), text, kept)
            for name in value.__struct_fields__
            if name not in kept
        }
        return msgspec.structs.replace(value, **fields)
    return value


def a_problem() -> ProblemRow:
    sample = FailingInput(1, "r", "{}", 2, 9, input={"id": "x"})
    problem = ProblemRow(
        number=0, routine_id="r", error_type="E", message="m", kind="k", count=3, inputs=9,
        place="p", line="l", common={"currency": "x"}, samples=[sample], traceback="t",
    )  # fmt: skip
    return poisoned(problem)


class HostileHandle(StubHandle):
    """A job whose every text is the attack."""

    @property
    def place(self) -> str:  # type: ignore[override]
        return f"ssh://{ATTACK}"

    @property
    def header(self) -> shapes.Header:
        header = super().header
        asked = shapes.Control("pause", ATTACK, 2)
        return msgspec.structs.replace(poisoned(header), control=poisoned(asked))

    @property
    def routines(self) -> dict:
        return {
            f"{n}{ATTACK}": msgspec.structs.replace(poisoned(row), routine_id=f"{n}{ATTACK}")
            for n, row in enumerate(super().routines.values())
        }

    async def window(self, section, start, stop, where):
        window = self.views.window(section, start, stop, shapes.Filter())
        return msgspec.structs.replace(window, rows=[poisoned(row) for row in window.rows])

    async def insight(self, *parts):
        insight = poisoned(await super().insight(*parts))
        return msgspec.structs.replace(insight, problems=[a_problem()])

    async def failing(self, number, start, stop):
        return a_problem().samples

    async def stack(self, task):
        return ATTACK

    async def item(self, section, n):
        return {ATTACK: [ATTACK]}

    async def check(self, condition: str) -> None:
        from routilux_tui.errors import ConditionError

        raise ConditionError(f"no {condition} {ATTACK}")

    async def pause(self, reason: str = "") -> shapes.Header:
        from routilux_tui.errors import NotPossible

        raise NotPossible(ATTACK)

    async def wait(self, until: str = "", timeout: float | None = None) -> shapes.WaitResult:
        return shapes.WaitResult("ended", ATTACK, ATTACK)


def main() -> None:
    """The list of such jobs, or such a job."""
    state = audit("paused")
    handle = HostileHandle(state)
    handle.cannot = {"resume": ATTACK}
    if sys.argv[1] == "job":
        Dashboard(Settings(), handle).run()
        return
    jobs = []
    for n, one in enumerate(listed()):
        same = {"key": f"{n}", "badge": "" if one.error else one.badge, "host": ATTACK}
        jobs.append(msgspec.structs.replace(poisoned(one), **same))
        if not one.error:
            jobs[-1] = msgspec.structs.replace(jobs[-1], error="")
            unknown = {"key": f"status {n}", "status": ATTACK, "badge": ATTACK}
            jobs.append(msgspec.structs.replace(jobs[-1], **unknown))
    Dashboard(Settings(times="absolute"), source=StubSource(jobs, handle)).run()


if __name__ == "__main__":
    main()
