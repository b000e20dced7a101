"""A source is given to the list, and its handles answer all that is asked of a job."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from routilux_tui.runner.requests import _CHANGING, _READING
from routilux_tui.sources.base import Handle, Source
from routilux_tui.sources.relay import Relay
from tests.extension_points.places import ROOT, arguments_of, assert_named, classes_of

#: What a viewer says before anything else, and what is answered when it comes about.
OF_THE_LINK = {"hello", "wait"}
#: Asked of whoever speaks for a file: its runner is gone, or its past is looked at.
OF_A_FILE = {"take_up", "seek", "stop", "marks", "detail", "chain"}


def _members(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


def _is_whole(one: type) -> bool:
    return not getattr(one, "__abstractmethods__", None) and not getattr(one, "_is_protocol", False)


SOURCES = [one for one in classes_of("sources", object) if {"entries", "handle"} <= {*dir(one)}]
HANDLES = [one for one in classes_of("sources", object) if {"changes", "window"} <= {*dir(one)}]


def _place(one: type) -> str:
    return f"{one.__module__.removeprefix('routilux_tui.')}.{one.__name__}"


@pytest.mark.parametrize("one", filter(_is_whole, SOURCES), ids=_place)
def test_a_source_is_one_and_somebody_makes_it(one: type) -> None:
    assert_named(_place(one), _members(Source), dir(one), "sources.base.Source has it")
    makers = [*(ROOT / "cli").glob("*.py"), *(ROOT / "sources").glob("*.py")]
    made = {
        node.func.id
        for file in makers
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    where = "sources.local.local_source, cli.browse.with_hosts or a command"
    assert_named(where, [one.__name__], made, "nobody makes the source")


@pytest.mark.parametrize("one", filter(_is_whole, HANDLES), ids=_place)
def test_a_handle_answers_all_that_is_asked_of_a_job(one: type) -> None:
    attributes = _members(Handle)
    assert_named(_place(one), attributes, dir(one), "sources.base.Handle has it")


def test_what_a_handle_asks_of_a_stream_is_answered_by_runners_and_for_far_files() -> None:
    asked = {
        *arguments_of("_request", "sources"),
        *arguments_of("_control", "sources"),
        *arguments_of("_ask", "sources"),
        *arguments_of("_steer", "sources", at=1),
    }
    assert asked > OF_A_FILE
    answered: set[str] = {*_READING, *_CHANGING}
    where = "runner.requests (_READING, _CHANGING)"
    assert_named(where, asked - OF_A_FILE - OF_THE_LINK, answered, "no runner answers it")
    nobody: Any = None
    what = "nobody answers it for a file of another machine"
    relay = Relay(nobody, nobody, nobody)
    assert_named("sources.relay.Relay._methods", asked, relay._methods, what)
