"""A flow's picture says the flow, whatever its shape: it is read back from the characters alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routilux_tui.views.graph import WIDEST, Graph, Rails

AUDIT = ["find", "read", "parse", "count", "rank", "skip"]
AUDIT_EDGES = [
    ("find", "read"), ("find", "find"), ("find", "count"), ("read", "parse"), ("read", "count"),
    ("read", "skip"), ("parse", "count"), ("parse", "skip"), ("count", "rank"),
]  # fmt: skip
ETL = [
    "fetch", "split", "decode", "validate", "enrich", "dedupe", "score", "route", "store",
    "notify", "report", "retry",
]  # fmt: skip
ETL_EDGES = [
    ("fetch", "split"), ("fetch", "report"), ("split", "decode"), ("decode", "validate"),
    ("validate", "enrich"), ("validate", "retry"), ("enrich", "dedupe"), ("enrich", "score"),
    ("dedupe", "route"), ("score", "route"), ("route", "store"), ("route", "notify"),
    ("store", "report"), ("notify", "report"), ("retry", "decode"),
]  # fmt: skip

#: What each glyph of a rail means: (unicode, ASCII).
TOP, JOIN, BOTTOM = ("╭┬", "."), ("├┼", "+"), ("╰┴", "'")
BACK_TOP, BACK_SOURCE = ("┏┳", "^"), ("┣╋┗┻", "*")


def read_back(rails: Rails, form: int = 0) -> set[tuple[str, str]]:
    """The connections, from the characters alone."""
    edges = {(one, one) for one, mark in zip(rails.order, rails.marks, strict=True) if mark}
    for at in range(0, max(0, rails.width - 2), 2):
        sources: list[str] = []
        back_to = ""
        for name, text in zip(rails.order, rails.texts, strict=True):
            char = text[at]
            if char in TOP[form]:
                sources = [name]
            elif char in JOIN[form]:
                sources.append(name)
            elif char in BOTTOM[form]:
                edges |= {(source, name) for source in sources}
            elif char in BACK_TOP[form]:
                back_to = name
            elif char in BACK_SOURCE[form]:
                edges.add((name, back_to))
    return edges


@st.composite
def flows(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    ids = [f"r{n}" for n in range(draw(st.integers(1, 24)))]
    ends = st.sampled_from(ids)
    return ids, draw(st.lists(st.tuples(ends, ends), max_size=60))


@given(flows(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_flow_is_read_back_from_its_picture(
    flow: tuple[list[str], list[tuple[str, str]]], ascii_only: bool
) -> None:
    ids, edges = flow
    graph = Graph(ids, edges)
    rails = graph.draw(widest=graph.width, ascii_only=ascii_only)
    assert sorted(rails.order) == sorted(ids)
    assert read_back(rails, int(ascii_only)) == set(edges)
    assert {len(text) for text in rails.texts} == {rails.width}
    arrow = ">" if ascii_only else "▸"
    fed = {target for source, target in edges if source != target}
    assert fed == {one for one, text in zip(rails.order, rails.texts, strict=True) if arrow in text}
    if ascii_only:
        assert all(text.isascii() for text in (*rails.texts, *rails.marks))


@given(flows())
@settings(max_examples=100, deadline=None)
def test_a_source_stands_above_its_target_unless_the_target_leads_to_it(
    flow: tuple[list[str], list[tuple[str, str]]],
) -> None:
    ids, edges = flow
    row = {one: n for n, one in enumerate(Graph(ids, edges).order)}
    reached = {one: {one} for one in ids}
    for _ in ids:
        for source, target in edges:
            reached[source] |= reached[target]
    for source, target in edges:
        assert row[source] <= row[target] or source in reached[target]


def test_the_two_pictures_of_the_design() -> None:
    assert drawn(Graph(AUDIT, AUDIT_EDGES).draw()) == [
        "  ╭───┬── find ↺",
        "╭─┼─┬─┴─▸ read",
        "├─┼─┴───▸ parse",
        "│ ╰───┬─▸ count",
        "│     ╰─▸ rank",
        "╰───────▸ skip",
    ]
    assert drawn(Graph(ETL, ETL_EDGES).draw()) == [
        "╭─────────┬── fetch",
        "│       ╭─┴─▸ split",
        "│ ┏─────┴─┬─▸ decode",
        "│ ┊ ╭───┬─┴─▸ validate",
        "│ ┊ │ ╭─┴─┬─▸ enrich",
        "│ ┊ │ │ ╭─┴─▸ dedupe",
        "│ ┊ │ ╰─┼───▸ score",
        "│ ┊ │ ╭─┴─┬─▸ route",
        "├─┊─│─│───┴─▸ store",
        "├─┊─│─┴─────▸ notify",
        "╰─┊─│───────▸ report",
        "  ┗─┴───────▸ retry",
    ]


def test_where_all_rails_are_too_wide_those_of_one_routine_are_drawn() -> None:
    graph = Graph(ETL, ETL_EDGES)
    rails = graph.draw(widest=graph.width - 1, selected="decode")
    assert rails.is_partial
    assert drawn(rails) == [
        "        fetch",
        "    ╭── split",
        "┏─┬─┴─▸ decode",
        "┊ ╰───▸ validate",
        "┊       enrich",
        "┊       dedupe",
        "┊       score",
        "┊       route",
        "┊       store",
        "┊       notify",
        "┊       report",
        "┗────── retry",
    ]
    assert drawn(graph.draw(widest=4)) == rails.order


@given(flows(), st.data())
@settings(max_examples=100, deadline=None)
def test_the_rails_of_one_routine_are_few_whatever_it_is_joined_to(
    flow: tuple[list[str], list[tuple[str, str]]], data: st.DataObject
) -> None:
    ids, edges = flow
    selected = data.draw(st.sampled_from(ids))
    rails = Graph(ids, edges).draw(widest=-1, selected=selected)
    assert rails.width <= 10
    fed = {target for source, target in edges if source == selected != target}
    arrows = {one for one, text in zip(rails.order, rails.texts, strict=True) if "▸" in text}
    assert arrows - {selected} == fed
    touched = {
        one
        for one, text in zip(rails.order, rails.texts, strict=True)
        if set(text) & set("╭┬├┼╰┴┏┳┣╋┗┻")
    }
    joined = {one for edge in edges if selected in edge for one in edge}
    assert touched - {selected} == joined - {selected}


@pytest.mark.parametrize("count", [200, 1000])
def test_a_large_flow_is_drawn(count: int) -> None:
    ids = [f"r{n}" for n in range(count)]
    edges = [(f"r{n}", f"r{n + 1 + n % 7}") for n in range(count - 7)]
    edges += [(f"r{n}", f"r{n // 2}") for n in range(0, count, 9)]
    graph = Graph(ids, edges)
    assert read_back(graph.draw(widest=graph.width)) == set(edges)
    assert graph.draw(widest=WIDEST, selected="r7").width <= 10


def test_ends_that_are_no_routines_are_left_out() -> None:
    rails = Graph(["a", "b", "a"], [("a", "b"), ("a", "gone"), ("gone", "b")]).draw()
    assert drawn(rails) == ["╭── a", "╰─▸ b"]
    assert Graph([], []).draw() == Rails([], [], [], 0)


def drawn(rails: Rails) -> list[str]:
    return [
        f"{text}{name} {mark}".rstrip()
        for name, text, mark in zip(rails.order, rails.texts, rails.marks, strict=True)
    ]
