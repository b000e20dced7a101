"""A pane is made, has a key, and what it shows of a job is told by a runner, a file and a command."""

from __future__ import annotations

import pytest

from routilux_tui.cli import tail
from routilux_tui.cli.main import parser_of
from routilux_tui.runner import backend
from routilux_tui.runner.protocol import section_of
from routilux_tui.state.job_state import JobState
from routilux_tui.tui.actions import JOB_ACTIONS
from routilux_tui.tui.panes.pane import Pane, SectionPane
from routilux_tui.tui.screens.job import JobScreen
from routilux_tui.views import insight, shapes
from routilux_tui.views.projection import Projection
from routilux_tui.views.rows import ROWS
from routilux_tui.views.sections import ITEMS
from tests.extension_points.places import assert_named, assert_nothing_else, classes_of
from tests.tui.orders import orders
from tests.tui.stub import StubHandle, audit

PANES = {one.__name__: one for one in classes_of("tui.panes", Pane) if one is not SectionPane}
#: What a job's rows are made of where they are no list of its own: routines, and what is printed.
NO_LIST = {shapes.ROUTINES}
OF_A_FILE_BESIDE = {shapes.PRINTED}


def test_the_screen_makes_it() -> None:
    made = {type(one).__name__ for one in JobScreen(StubHandle(audit())).panes.values()}
    assert_named("tui.screens.job_panes.PanesLayer", PANES, made, "nobody makes the pane")


def test_it_has_a_key_of_its_own() -> None:
    keys = [one.key_shown for one in PANES.values()]
    assert all(keys), "each pane has its key_shown"
    assert len(set(keys)) == len(keys), f"two panes have one key_shown: {sorted(keys)}"
    given = {one.id for one in JOB_ACTIONS}
    wanted = {f"pane({key})" for key in keys}
    assert_named("tui.actions.JOB_ACTIONS", wanted, given, "an Action whose key goes to the pane")
    shown = {one.id for one in JOB_ACTIONS if one.id.startswith("pane(")}
    assert_nothing_else("tui.actions.JOB_ACTIONS", wanted, shown, "no pane has that key_shown")


def test_the_rows_of_its_section_are_told() -> None:
    sections = {one.section for one in PANES.values() if issubclass(one, SectionPane)}
    known = {*shapes.SECTIONS, *OF_A_FILE_BESIDE}
    assert_named("views.shapes.SECTIONS", sections, known, "the pane asks for its rows by section")
    for section in sorted(known):
        assert section_of({"section": section}) == section


@pytest.mark.parametrize("section", sorted({*shapes.SECTIONS} - NO_LIST))
def test_a_section_has_items_and_a_row_for_each(section: str) -> None:
    assert_named("views.sections.ITEMS", [section], ITEMS, "what of a job the section holds")
    assert_named("views.rows.ROWS", [section], ROWS, "how an item becomes a row")
    told = {*shapes.APPENDED, *backend._IN_PLACE}
    what = "its rows only grow (APPENDED), or those that are here are stale after some changes"
    assert_named("views.shapes.APPENDED or runner.backend._IN_PLACE", [section], told, what)
    assert not {section} & set(shapes.APPENDED) & set(backend._IN_PLACE)


def test_a_command_prints_what_grows() -> None:
    action = next(one for one in parser_of("tail")[1]._actions if one.dest == "of")
    what = "tail --of prints it"
    assert_named(f"{tail.__name__} --of", shapes.APPENDED, action.choices or (), what)


def test_what_is_measured_for_it_is_asked_for_and_made() -> None:
    fields = {
        name
        for name in insight.Insight.__struct_fields__
        if name not in {"at", "problems_beyond", insight.USUAL}
    }
    assert_named("views.insight.PARTS", fields, insight.PARTS, "screens ask for these parts")
    told = Projection(orders()).insight(insight.PARTS)
    nothing = Projection(JobState("f")).insight(())
    made = {name for name in fields if getattr(told, name) != getattr(nothing, name)}
    assert_named("views.projection.Projection.insight", fields, made, "it makes the part")
