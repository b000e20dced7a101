"""The list's groups have heads where there is room; the cursor is on jobs alone."""

from __future__ import annotations

import msgspec

from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from routilux_tui.views.shapes import EntryBatch
from tests.tui.stub import StubHandle, StubSource, audit, listed


def heads(app: Dashboard) -> list[str]:
    rows = app.screen.rows
    return [
        "".join(text for text, _ in rows.parts(n, 60)).replace("─", "").strip()
        for n in range(rows.total)
        if rows.job_at(n) is None
    ]


async def test_groups_have_heads_where_there_is_room_and_the_cursor_passes_them() -> None:
    app = Dashboard(Settings(), source=StubSource(listed(), StubHandle(audit())))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        rows = app.screen.rows
        assert heads(app) == ["Needs you 3", "Running 2", "Ended 3"]
        assert rows.total == len(rows.shown) + 3
        seen = [rows.current]
        for _ in range(len(rows.shown)):
            await pilot.press("j")
            seen.append(rows.current)
        assert seen == [*rows.shown, rows.shown[-1]]
        for one in reversed(rows.shown[:-1]):
            await pilot.press("k")
            assert rows.current is one
        await pilot.press("G")
        assert rows.current is rows.shown[-1]
        await pilot.press("g")
        assert (rows.current, rows.top) == (rows.shown[0], 0)
        await pilot.press("j", "j", "j")
        running = rows.current
        assert running is not None
        await pilot.resize_terminal(80, 24)
        assert heads(app) == []
        assert (rows.current, rows.total) == (running, len(rows.shown))
        await pilot.resize_terminal(120, 40)
        assert len(heads(app)) == 3
        assert rows.current is running


async def test_the_cursor_stays_on_its_job_when_a_group_comes_or_goes() -> None:
    jobs = listed()
    source = StubSource(jobs[:1], StubHandle(audit()))
    app = Dashboard(Settings(), source=source)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        rows = app.screen.rows
        assert heads(app) == ["Running 1"]
        source.batches.put_nowait(EntryBatch(jobs[2:4]))
        await pilot.pause()
        assert heads(app) == ["Needs you 2", "Running 1"]
        assert rows.current == jobs[0]
        ended = msgspec.structs.replace(jobs[0], status="completed", place="saved", badge="")
        source.batches.put_nowait(EntryBatch([ended], [jobs[2].key]))
        await pilot.pause()
        assert heads(app) == ["Needs you 1", "Ended 1"]
        assert rows.current == ended


async def test_files_of_one_name_are_told_by_their_folder_and_labels_are_shown() -> None:
    first = msgspec.structs.replace(listed()[1], key="/a/x.json", path="/mon/x.json")
    second = msgspec.structs.replace(first, key="/b/x.json", path="/tue/x.json", name="eu-run")
    app = Dashboard(Settings(), source=StubSource([first, second]))
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        rows = app.screen.rows
        lines = ["".join(text for text, _ in rows.parts(n, 158)) for n in (1, 2)]
        assert "folder" in rows.head(158)
        assert {"mon" in lines[0], "tue" in lines[1]} == {True}
        assert "eu-run" in lines[0] + lines[1]
        await pilot.resize_terminal(80, 24)
        lines = ["".join(text for text, _ in rows.parts(n, 78)) for n in (0, 1)]
        assert {"mon" in lines[0], "tue" in lines[1]} == {True}
