"""Whatever a handler stores by the public API, its job is listed, steered, saved and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import JobState, serve
from routilux_tui.runner.client import Client
from routilux_tui.runner.discover import find_job
from routilux_tui.store.journal import Journal
from routilux_tui.views.shapes import SECTIONS, Filter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HUGE, NAN, INFINITE = 10**400, float("nan"), float("inf")
NOT_PRINTED = 10**5000
"""An integer that Python prints only when it is asked to."""


class Nothing:
    """What can't even be asked what it is."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise ZeroDivisionError


ODD: dict[str, Callable[[JobState], Any]] = {
    "numbers that are not printed": lambda s: [
        s.update_shared_data("k", {NOT_PRINTED: NOT_PRINTED}),
        s.append_to_shared_log({NOT_PRINTED: NOT_PRINTED, "timestamp": NOT_PRINTED}),  # type: ignore[dict-item]
        s.send_output("a", "b", {"x": {NOT_PRINTED: 1}}),
        s.update_routine_state("a", {"error": NOT_PRINTED, "runs": NOT_PRINTED}),
        s.record_execution("a", "b", {"x": NOT_PRINTED}),
        s.pause_points.append({NOT_PRINTED: NOT_PRINTED}),
    ],
    "what can't be asked what it is": lambda s: [
        s.update_shared_data("k", [Nothing(), {"a": Nothing(), Nothing(): 1}]),
        s.append_to_shared_log({"message": Nothing()}),
        s.send_output("a", "b", {"x": Nothing()}),
        s.record_execution("a", "b", {"x": Nothing()}),
    ],
    "a huge time": lambda s: s.update_routine_state("a", {"execution_time": HUGE}),
    "no time": lambda s: s.update_routine_state("a", {"execution_time": NAN, "runs": INFINITE}),
    "no counts": lambda s: s.update_routine_state("a", {"runs": -1, "errors": "x", "status": 5}),
    "a routine that is a number": lambda s: s.update_routine_state(7, {"runs": 1}),  # type: ignore[arg-type]
    "states of numbers": lambda s: setattr(s, "routine_states", {1: 2, "a": [3]}),
    "made in no year": lambda s: setattr(s, "created_at", 1e308),
    "made never": lambda s: setattr(s, "created_at", NAN),
    "changed in no year": lambda s: setattr(s, "updated_at", 1e308),
    "a flow that is a number": lambda s: setattr(s, "flow_id", 7),
    "a status that is a list": lambda s: setattr(s, "status", ["x"]),
    "a current routine that is a number": lambda s: setattr(s, "current_routine_id", 9),
    "odd pauses": lambda s: setattr(s, "pause_points", [1, {"reason": HUGE, "timestamp": 1e308}]),
    "odd logs": lambda s: s.append_to_shared_log({"timestamp": 1e308, "message": HUGE, 1: NAN}),
    "odd data": lambda s: s.update_shared_data(3, {1: INFINITE, "a": HUGE}),  # type: ignore[arg-type]
    "records of no names": lambda s: [s.record_execution(x, x, {}) for x in (7, 1e308, None, HUGE)],  # type: ignore[arg-type]
    "a history that is none": lambda s: setattr(
        s, "execution_history", [1, None, {"routine_id": 7}]
    ),
    "lists of anything": lambda s: [
        setattr(s, name, [1, None, {"x": 1}, [NAN]])
        for name in ("output_log", "shared_log", "deferred_events", "pending_tasks")
    ],
    "an odd output": lambda s: s.send_output("a", "b", {"x": NAN, 1: HUGE}),
    "states that are none": lambda s: [
        s.routine_states.__setitem__(f"r{n}", one) for n, one in enumerate((3, None, "x", [1]))
    ],
    "half of the counts": lambda s: s.update_routine_state("a", {"runs": 1}),
    "lists that are none": lambda s: [
        setattr(s, name, one)
        for name in ("output_log", "shared_log", "deferred_events", "pause_points")
        for one in ("y", {"a": 1}, (1, 2), {3})
    ],
    "dicts that are none": lambda s: [
        setattr(s, name, []) for name in ("shared_data", "routine_states")
    ],
    "keys that are no names": lambda s: [
        one.__setitem__(key, {})
        for one in (s.shared_data, s.routine_states)
        for key in ((1, 2), frozenset({3}), b"x", None, 1.5, NAN, HUGE, False)
    ],
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_value_cuts_no_job_off(kind: str, tmp_path: Path) -> None:
    state = JobState("f")
    state.status = "running"
    state.update_routine_state("a", {"runs": 1, "errors": 0, "execution_time": 1.0})
    journal = Journal(state, tmp_path / "j.json")
    ODD[kind](state)
    journal.flush()
    with serve(state):
        with Client(find_job(state.job_id).socket) as client:
            assert client.header().job_id == state.job_id
            client.routines()
            client.call("subscribe", fps=30)
            for section in SECTIONS:
                client.window(section, 0, 10, Filter())
            assert client.wait("records > 5", 0.01).outcome == "timeout"
        state.record_execution("a", "the last", {})
        assert journal.flush()
        recovered = JobState.load(tmp_path / "j.json")
        assert (recovered.job_id, recovered.status) == (state.job_id, state.status)
        assert (recovered.seq, recovered.unread) == (state.seq, "")
        assert len(recovered.execution_history) == len(state.execution_history)
    journal.close()
    again = JobState.load(tmp_path / "j.json")
    assert again.routine_states.keys() == state.routine_states.keys()
    assert again.flow_id == state.flow_id
