"""A line of a text that is wider than the screen goes on below: nothing of it is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets._toast import Toast

from routilux_tui.job import timestamps
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.panes.now import NowPane
from routilux_tui.tui.screens.detail import TextRows, TextScreen
from routilux_tui.tui.settings import Settings
from routilux_tui.tui.widgets.lines import wrapped
from routilux_tui.views.insight import NextTask, Now
from routilux_tui.views.text import printable
from tests.tui.stub import StubHandle, audit

SENTENCE = "! `enrich` holds all 4 workers: 819 wait for it, 3,420 for `clean`, `load` and `report`"


def seen(rows: TextRows) -> list[str]:
    """The rows as they are on the screen."""
    made = []
    for n in range(rows.total):
        parts = rows.parts(n, rows.size.width - 1)
        made.append("".join(text for text, _ in parts or []).strip())
    return made


def test_a_sentence_breaks_between_words_and_goes_on_further_in() -> None:
    assert wrapped("short", 10) == ["short"]
    assert wrapped("", 10) == [""]
    assert wrapped("  one two three four", 12) == ["  one two", "    three", "    four"]
    assert wrapped("x" * 25, 12) == ["x" * 12, "  " + "x" * 10, "  " + "x" * 3]
    assert wrapped("日本語日本語", 6) == ["日本語", "  日本", "  語"]


@given(st.text(max_size=200), st.integers(2, 40))
def test_no_row_is_too_wide_and_no_character_is_lost(text: str, width: int) -> None:
    rows = wrapped(text, width)
    assert all(cell_len(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == printable(text).replace(" ", "")


async def test_what_is_too_wide_is_read_whole_found_and_copied_as_it_is() -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(60, 15)) as pilot:
        screen = TextScreen("Why?", ["first", "", SENTENCE, "", "last"])
        app.push_screen(screen)
        await pilot.pause()
        rows = screen._rows
        assert seen(rows)[2:4] == [
            "! `enrich` holds all 4 workers: 819 wait for it, 3,420 for",
            "`clean`, `load` and `report`",
        ]
        assert rows.lines[2] == SENTENCE
        await pilot.press("slash", *"last", "enter")
        await pilot.pause()
        assert (rows.found, rows.cursor) == (4, 5)
        await pilot.resize_terminal(120, 15)
        await pilot.pause()
        assert seen(rows)[2] == SENTENCE
        assert rows.cursor == 4


async def test_when_a_task_is_next_is_never_cut() -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.screen.query_one(NowPane)
        due = timestamps.to_iso(pane.time_shown() + 3599)
        coming = [NextTask(n, "price", n, '{"n": 1}', due if n == 3 else "") for n in range(12)]
        pane.show(Now(coming=coming, queued=12))
        rows = ["".join(text for text, _ in pane.parts(n, 78) or []) for n in range(12)]
    assert "after 11  " in rows[11]
    assert "  in 59m5" in rows[3]
    assert {row.index("n 1") for row in rows} == {pane.head(78).index("input")}


async def test_what_is_told_covers_the_whole_of_the_footer() -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.notify("Copied.")
        await pilot.pause()
        toast = next(one for one in app.screen.walk_children() if isinstance(one, Toast))
        assert toast.region.width == 80
