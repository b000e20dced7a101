"""The history of a loaded job: a list of records like any other, made when they are asked for."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routilux_tui import ExecutionRecord, JobState
from routilux_tui.job.history import Saved, SavedHistory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT = 7


def saved(path: Path) -> Path:
    state = JobState("f")
    for n in range(COUNT):
        state.record_execution("store", "stored", {"n": n})
    state.save(path)
    return path


@pytest.fixture
def history(tmp_path: Path) -> Any:
    return JobState.load(saved(tmp_path / "j.json")).execution_history


def raw(history: Any) -> int:
    """How many records nobody has asked for yet."""
    return sum(type(one) is Saved for one in list.__iter__(history))


def record(n: int) -> ExecutionRecord:
    return ExecutionRecord("store", "stored", {"n": n})


def numbers(records: Any) -> list[Any]:
    return [one.data["n"] for one in records]


#: What can be done to a list: each must do the same to a history and to a list of its records.
DOINGS: dict[str, Callable[[Any], Any]] = {
    "index": lambda h: numbers([h[0], h[-1], h[3]]),
    "slice": lambda h: numbers(h[1:4] + h[::-2] + h[-2:]),
    "iterate": numbers,
    "iterate while it grows": lambda h: [
        h.append(record(9)) if n == 0 else one.data["n"] for n, one in enumerate(h)
    ],
    "reversed": lambda h: numbers(reversed(h)),
    "sorted": lambda h: numbers(sorted(h, key=lambda one: -one.data["n"])),
    "sort": lambda h: h.sort(key=lambda one: -one.data["n"]),
    "unpack": lambda h: numbers(max(*h, key=lambda one: one.data["n"]) for _ in range(2)),
    "list": lambda h: numbers([*h, *tuple(h), *list(h)]),
    "add": lambda h: numbers(h + [record(8)]) + numbers([record(8)] + h),  # noqa: RUF005
    "add to itself": lambda h: numbers(h + h),
    "times": lambda h: numbers(h * 2) + numbers(2 * h),
    "in": lambda h: (h[2] in h, list(h)[2] in h, record(2) in h, 5 in h),
    "find": lambda h: (h.index(list(h)[4]), h.count(list(h)[4])),
    "append": lambda h: h.append(record(9)),
    "extend": lambda h: h.extend([record(9)]),
    "extend by itself": lambda h: h.extend(h),
    "extend in place": lambda h: h.__iadd__([record(9)]) is h,
    "multiply in place": lambda h: h.__imul__(2) is h,
    "insert": lambda h: h.insert(1, record(9)),
    "assign": lambda h: h.__setitem__(-1, record(9)),
    "assign a slice": lambda h: h.__setitem__(slice(1, 5), [record(9)]),
    "delete": lambda h: h.__delitem__(0),
    "delete a slice": lambda h: h.__delitem__(slice(None, None, 2)),
    "pop": lambda h: numbers([h.pop(), h.pop(0)]),
    "remove": lambda h: h.remove(list(h)[3]),
    "reverse": lambda h: h.reverse(),
    "clear": lambda h: h.clear(),
    "copy": lambda h: (numbers(h.copy()), numbers(copy.copy(h)), numbers(copy.deepcopy(h))),
    "pickle": lambda h: numbers(pickle.loads(pickle.dumps(h))),
    "repr": repr,
    "length": lambda h: (len(h), bool(h)),
}


@pytest.mark.parametrize("doing", DOINGS)
def test_it_does_what_a_list_does(tmp_path: Path, doing: str) -> None:
    path = saved(tmp_path / "j.json")
    history = JobState.load(path).execution_history
    plain = list(JobState.load(path).execution_history)
    assert isinstance(history, list)
    assert DOINGS[doing](history) == DOINGS[doing](plain)
    assert numbers(history) == numbers(plain)
    assert all(type(one) is ExecutionRecord for one in list.__iter__(history))


def test_two_histories_are_equal_when_their_records_are(tmp_path: Path) -> None:
    path = saved(tmp_path / "j.json")
    first, other = (JobState.load(path).execution_history for _ in range(2))
    assert first == other
    assert list(other) == JobState.load(path).execution_history
    other[3].data["n"] = "other"
    assert first != other


def test_a_record_is_the_same_whenever_it_is_asked_for(history: Any) -> None:
    one = history[2]
    one.data["n"] = "changed"
    assert history[2] is one
    assert history[1:4][1] is one
    assert list(history)[2] is one
    assert history[-COUNT + 2].data == {"n": "changed"}


def test_there_is_nothing_past_its_end(history: Any) -> None:
    for n in (COUNT, -COUNT - 1):
        with pytest.raises(IndexError):
            history[n]


def test_only_what_is_asked_for_is_made(history: Any) -> None:
    assert type(history) is SavedHistory
    assert raw(history) == COUNT == len(history)
    assert history[-1].data == {"n": COUNT - 1}
    assert numbers(history[1:3]) == [1, 2]
    assert raw(history) == COUNT - 3


def test_what_is_saved_again_need_not_be_understood(tmp_path: Path) -> None:
    path = saved(tmp_path / "j.json")
    state = JobState.load(path)
    state.execution_history[1].data["n"] = "changed"
    state.record_execution("store", "stored", {"n": "new"})
    state.save(path)
    assert raw(state.execution_history) == COUNT - 1
    told = numbers(JobState.load(path).execution_history)
    assert told == [0, "changed", *range(2, COUNT), "new"]
    assert [one["data"]["n"] for one in state.serialize()["execution_history"]] == told


def test_many_threads_get_the_same_records(tmp_path: Path) -> None:
    state = JobState("f")
    for n in range(3000):
        state.record_execution("store", "stored", {"n": n})
    state.save(tmp_path / "j.json")
    history = JobState.load(tmp_path / "j.json").execution_history
    begin, got = threading.Barrier(4), []

    def ask(turn: int) -> None:
        begin.wait()
        got.append(list(history) if turn == 0 else [history[n] for n in range(3000)])

    threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one is two for other in got[1:] for one, two in zip(got[0], other, strict=True))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(doings=st.lists(st.sampled_from(sorted(DOINGS)), max_size=6))
def test_whatever_is_done_one_after_the_other(tmp_path: Path, doings: list[str]) -> None:
    path = saved(tmp_path / "j.json")
    history = JobState.load(path).execution_history
    plain = list(JobState.load(path).execution_history)
    for doing in doings:
        told: list[Any] = []
        for records in (history, plain):
            try:
                told.append(DOINGS[doing](records) if doing != "repr" else None)
            except (IndexError, TypeError, ValueError) as error:
                told.append(type(error))
        assert told[0] == told[1]
        if len(plain) > 200:
            return
    assert numbers(history) == numbers(plain)
