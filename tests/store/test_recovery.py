"""A journal is as foreign as the file that it lies beside."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routilux_tui.errors import JobFileError
from routilux_tui.job.change_kinds import KINDS
from routilux_tui.job.changes import FOLD
from routilux_tui.job.jsonable import dumps
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.state.job_state import JobState
from routilux_tui.store.changes_reading import all_changes
from routilux_tui.store.files import journal_path
from routilux_tui.store.large_file import open_job
from routilux_tui.store.reading import load_job
from routilux_tui.store.recovery import NEWER, VERSION
from routilux_tui.views.conditions import Condition
from routilux_tui.views.insight import PARTS
from routilux_tui.views.kept_moments import KeptMoments, described, mark_of
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import Filter
from tests.store.fuzzing import sealed_job

if TYPE_CHECKING:
    from pathlib import Path

AT = 1_700_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "j.json"
    state = JobState("f")
    state._job_id = "j"
    state.record_execution("a", "e", {})
    state.save(path)
    return path


def write(path: Path, *lines: Any, **head: Any) -> None:
    header = {"journal": 1, "job_id": "j", "seq": 1, **head}
    journal_path(path).write_text("".join(json.dumps(one) + "\n" for one in (header, *lines)))


def test_every_kind_of_change_has_a_shape() -> None:
    assert KINDS.keys() == FOLD.keys()


def test_no_kind_of_journal_makes_the_reader_wait_or_fail(path: Path) -> None:
    journal = journal_path(path)
    for make in (
        lambda: os.mkfifo(journal),
        lambda: journal.symlink_to("/dev/zero"),
        lambda: journal.symlink_to(journal),
        journal.mkdir,
        lambda: (journal.touch(), os.truncate(journal, 1 << 30)),
        lambda: journal.write_bytes(b"[" * 200_000),
        lambda: journal.write_bytes(b'{"journal":1,"job_id":"j"}\n' + b"[" * 200_000 + b"\n[]"),
    ):
        make()
        assert (
            len(JobState.load(path).execution_history) == len(open_job(path).execution_history) == 1
        )
        assert not read_entry(path).error
        journal.rmdir() if journal.is_dir() else journal.unlink()


@pytest.mark.parametrize(
    "change",
    [
        [2, "status", {}, AT],
        [2, "status", "running", 1e300],
        [2, "status", "running", "now"],
        [2, "run", "x", "a", AT],
        [2, "run", 1 << 70, "a", AT],
        [2, "set", "routine_states", [], AT],
        [2, "set", "flow_id", 7, AT],
        [2, "emit", "a", "e", {}, AT, None, [[1, 2]]],
        [2, "drop", ["x"], AT],
        [2, "record", "a"],
        [True, "record", "a", "e", {}, AT],
        [2],
        "text",
    ],
    ids=str,
)
def test_a_change_that_can_not_be_carried_out_ends_the_replay_and_is_told(
    change: Any, path: Path
) -> None:
    write(path, [[2, "record", "a", "e", {}, AT]], [change], [[3, "record", "a", "e", {}, AT]])
    if isinstance(change, list) and change[0] == 2:
        change[0] = 3
        write(path, [[2, "record", "a", "e", {}, AT]], [change], [[4, "record", "a", "e", {}, AT]])
    state = JobState.load(path)
    assert len(state.execution_history) == 2
    assert "line 3" in state.unread
    assert state.unread in Projection(state).header().note
    state.save(path.with_name("again.json"))
    assert read_entry(path).records == 2
    with pytest.raises(JobFileError, match="would be lost"):
        load_job(path, into=JobState, strict=True)


def test_a_journal_of_a_newer_version_is_told_and_not_taken_up(path: Path) -> None:
    for lines, head in (
        ([[2, "leap", "a", AT]], {}),
        ([[2, "record", "a", "e", {}, AT]], {"v": 2}),
    ):
        write(path, lines, **({"journal": VERSION + 1} if head else {}))
        assert JobState.load(path).unread == NEWER
        assert read_entry(path).badge == "newer"
        with pytest.raises(JobFileError, match="newer version"):
            load_job(path, into=JobState, strict=True)


def test_a_journal_of_another_state_of_the_file_is_not_mixed_with_it(path: Path) -> None:
    write(path, [[901, "record", "a", "late", {}, AT]], seq=900)
    assert [one.event_name for one in JobState.load(path).execution_history] == ["e"]
    write(path, [[5, "record", "a", "late", {}, AT]])
    assert [one.event_name for one in JobState.load(path).execution_history] == ["e"]


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(1 << 70), 1 << 70),
        st.floats(),
        st.sampled_from(["", "a", "status", "flow_id", "routine_states", "running", "\ud800"]),
        st.just(AT),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["runs", "active", "status", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(sorted(FOLD)), st.lists(VALUES, max_size=7)), max_size=6
    ),
    sound=st.booleans(),
    data=st.data(),
)
def test_whatever_a_journal_says_the_job_can_be_shown_and_saved(
    changes: list[tuple[str, list[Any]]], sound: bool, data: st.DataObject, path: Path
) -> None:
    texts, ids = st.sampled_from(["a", "running", "status"]), st.integers(0, 3)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "*": VALUES, "s": texts, "S": st.none() | texts, "k": texts | st.integers() | st.none(),
        "d": st.dictionaries(st.sampled_from(["runs", "active", "status"]), VALUES, max_size=3),
        "D": st.none(), "i": ids, "I": st.none() | ids, "l": st.lists(ids, max_size=2),
        "q": st.lists(st.tuples(ids, texts, texts), max_size=2), "t": st.just(AT), "n": ids,
    }  # fmt: skip
    lines = []
    for n, (kind, values) in enumerate(changes, 2):
        drawn = (
            [data.draw(kinds[letter]) for letter in KINDS[kind].arguments.replace(".", "")]
            if sound
            else values
        )
        lines.append([[n, kind, *drawn]])
    write(path, *lines)
    state = JobState.load(path)
    views = Projection(state)
    views.header()
    views.insight(PARTS)
    views.failing(0, 0, 9)
    for section in views.counts():
        views.window(section, 0, 9, Filter())
    state.save(path.with_name("again.json"))
    assert not read_entry(path).error
    JobState.load(path.with_name("again.json"))


@pytest.mark.parametrize(
    "line", [[], [[2, "status", "running", AT]], [[1, "status", "running", AT]]], ids=str
)
def test_a_line_that_brings_nothing_new_ends_the_replay(path: Path, line: list[Any]) -> None:
    """A file of nothing else would be read for minutes."""
    write(path, [[2, "status", "running", AT]], line, [[3, "status", "failed", AT]])
    state = open_job(path)
    assert state.status == "running"
    assert "its line 3" in state.unread


@pytest.mark.parametrize("kind", [[1], {}, 7, None, "run"])
def test_a_change_of_no_kind_is_no_moment_of_the_past(tmp_path: Path, kind: Any) -> None:
    place = sealed_job(tmp_path)
    before = len(list(all_changes(place)))
    journal = journal_path(place)
    journal.write_bytes(
        journal.read_bytes().rstrip(b"\0") + dumps([[before + 1, kind, {}]]) + b"\n"
    )
    assert len(list(all_changes(place))) == before
    assert KeptMoments(place).next_flip(Condition("errors > 5"), 1, 1, lambda: False) is None


def test_what_was_changed_is_told_of_huge_numbers_too() -> None:
    assert described((1, "run", 10**5000, "a", AT)) == ""
    assert mark_of((1, "ran", 10**5000)) == ""
