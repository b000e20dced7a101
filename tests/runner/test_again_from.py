"""``again --from``: every input that had entered a routine is sent into a new job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.runner.again import Repetition
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import retry_job, start_job
from routilux_tui.runner.launch_spec import RetrySpec
from routilux_tui.state.job_state import JobState
from routilux_tui.views.choosing import TaskSelection
from routilux_tui.views.editing import Edited
from tests.again_flow import Numbers
from tests.cli.program import tui
from tests.processes import assert_gone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def numbers(world: Path) -> Numbers:
    return Numbers(world)


def ended(started: Any) -> JobState:
    with Client(started.socket) as client:
        client.wait("", 30)
        path, pid = client.hello.path, client.hello.pid
    assert_gone(pid)
    return JobState.load(path)


def test_all_that_had_entered_a_routine_runs_again_and_the_rest_is_kept(numbers: Numbers) -> None:
    numbers.bad(2, 4)
    first = start_job(
        f"{numbers.path}:going_on", {"folder": str(numbers.folder)}, labels={"team": "data"}
    )
    ended(first)
    edited = RetrySpec(wanted=TaskSelection(kind="number 2"), edit=Edited(patch={"number": 20}))
    with pytest.raises(NotPossible):
        Repetition(first.path, {}, routine="nobody")
    with pytest.raises(UsageError, match="'total' is a parameter of the entry routine"):
        Repetition(first.path, {"total": 9}, routine="work").start()
    ended(retry_job(first.path, edited))
    numbers.mend(4)
    again = Repetition(first.path, {}, routine="work")
    given = [one["data"].get("number", one["data"]["n"]) for one in again.tasks]
    assert sorted(given) == [0, 1, 3, 4, 5, 20]  # what was edited in place of what had failed
    assert list(again.kept) == ["source"]
    second = ended(again.start())
    assert second.status == "completed"
    assert second.extra["launch"]["parent"] == first.job_id
    assert second.extra["launch"]["reason"] == "from work"
    assert second.extra["launch"]["labels"] == {"team": "data"}
    assert sorted(second.shared_data.values()) == [0, 1, 3, 4, 5, 20]
    assert second.routine_states["source"]["status"] == "completed"
    assert [one.routine_id for one in second.execution_history if one.event_name == "item"] == []
    assert numbers.ran() == sorted([0, 1, 3, 5, 20, 0, 1, 3, 4, 5, 20])
    only = Repetition(first.path, {}, routine="work", only_failed=True)
    assert [one["data"]["n"] for one in only.tasks] == [4]
    sinks = Repetition(first.path, {}, routine="sink")
    assert sorted(one["data"]["n"] for one in sinks.tasks) == [0, 1, 3, 5, 20]
    assert sorted(sinks.kept) == ["source", "work"]
    done = tui("again", first.path, "--from", "sink")
    assert "Sends again 5 inputs of sink" in done.stderr
    assert "kept as done: source, work" in done.stderr
    assert f"routilux-tui diff {first.path} " in done.stderr


def test_from_the_entry_it_is_the_whole_again(numbers: Numbers) -> None:
    first = start_job(f"{numbers.path}:going_on", {"folder": str(numbers.folder)})
    ended(first)
    with pytest.raises(NotPossible, match="no input failed"):
        Repetition(first.path, {}, routine="work", only_failed=True)
    second = ended(Repetition(first.path, {}, routine="source").start())
    assert numbers.ran() == sorted([*range(6), *range(6)])
    assert second.status == "completed"
