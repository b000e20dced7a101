"""What the two lines of a job's header say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from routilux_tui.job import timestamps
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from routilux_tui.views.insight import Outlook
from routilux_tui.views.shapes import Control
from tests.tui.stub import StubHandle, audit


def lines(app: Dashboard) -> tuple[str, str]:
    app.screen.head.refresh_lines()
    first, second = (app.screen.head.render_line(y).text for y in (0, 1))
    return first, second


@pytest.mark.parametrize("status", ["paused", "cancelled"])
async def test_the_reason_stands_beside_who_gave_it_where_there_is_room(status: str) -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)):
        header = msgspec.structs.replace(handle.header, status=status, by="ana", note="lunch")
        app.screen.head.job = header
        first, second = lines(app)
        assert f"{status} by ana: lunch  source_audit" in first
        assert "lunch" not in second
        app.screen.head.job = msgspec.structs.replace(header, note="lunch " * 20)
        first, second = lines(app)
        assert f"{status} by ana  source_audit" in first
        assert "lunch lunch" in second


async def test_the_bar_agrees_with_what_is_said_beside_it() -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(100, 30)):
        head = app.screen.head
        head.outlook = Outlook(word="running", done=214, total=513, progress=214 / 513)
        assert "42%  214 of 513" in lines(app)[1]
        head.outlook = Outlook(word="running", done=214, total=513, progress=0.95)
        assert "95%  214 done" in lines(app)[1]
        assert "513" not in lines(app)[1]
        head.outlook = Outlook(
            word="running", done=812, total=939, progress=0.56, said_done=240, said_total=430
        )
        assert "56%  240 of 430" in lines(app)[1]
        head.outlook = msgspec.structs.replace(head.outlook, progress=0.46)
        assert "46%  812 done" in lines(app)[1]
        head.outlook = Outlook(word="running", done=214, total=216)
        assert "214 done" in lines(app)[1]


async def test_how_long_a_job_has_run_at_a_moment_of_its_past_is_said_to_the_tenth() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)):
        head = app.screen.head
        head.job = msgspec.structs.replace(handle.header, status="running")
        began = timestamps.to_epoch(head.job.created_at)
        head.past = began + 1.94
        assert " 1.9s " in f"{lines(app)[0]} "


@pytest.mark.parametrize(
    ("seconds", "said"), [(59, "<1m"), (179, "2m"), (3600 + 179, "1h02m"), (90_000, "1d1h")]
)
async def test_how_long_ago_a_moment_was_is_said_by_the_minute_and_no_finer(
    seconds: int, said: str
) -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(100, 30)):
        head = app.screen.head
        head.past = head.now() - seconds - 0.5
        assert f", {said} ago " in lines(app)[0]


LONG = "the_nightly_import_of_all_our_ledgers"


@pytest.mark.parametrize("flow", ["source_audit", LONG])
@pytest.mark.parametrize(
    "fields",
    [
        {"status": "running"},
        {"status": "failed", "note": "routine price: LookupError: no such rate"},
        {"status": "paused", "by": "ana", "note": "four-eyes approval of the ledger"},
        {"status": "cancelled", "by": "somebody with a long name"},
        {"status": "running", "control": Control("pause", "", 12, "four-eyes approval")},
    ],
)
@pytest.mark.parametrize("width", [60, 80])
async def test_the_id_and_the_age_are_never_cut_for_a_long_name(
    width: int, fields: dict[str, Any], flow: str
) -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(width, 15)) as pilot:
        await pilot.pause()
        head = app.screen.head
        head.job = msgspec.structs.replace(handle.header, flow_id=flow, **fields)
        first, _ = lines(app)
        assert len(first) == width
        assert f"  {head.job.job_id[:8]}  {head._age(head.job)}" in first
        assert flow[:7] in first
