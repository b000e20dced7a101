"""The chain of waits and runs that an end waited for, and that led to a record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from routilux_tui.store.large_file import open_job
from routilux_tui.views.critical_path import busiest, chain_back, summary
from routilux_tui.views.replay import Replay
from routilux_tui.views.timeline import Activity, timeline
from tests.cli.program import tui
from tests.replayed import RETRIED, write_job
from tests.staged import ETL

if TYPE_CHECKING:
    from pathlib import Path

#: a starts b and c; c, which waits long, starts d, which is tried twice and ends last.
CHANGES = [
    [1, "emit", "a", "start", {}, 0.0, None, [[1, "a", "trigger"]]],
    [2, "run", 1, "a", 1.0],
    [3, "emit", "a", "out", {}, 2.0, 1, [[2, "b", "in"], [3, "c", "in"]]],
    [4, "ran", 1, "a", "completed", 2.5, None],
    [5, "run", 2, "b", 2.5],
    [6, "ran", 2, "b", "completed", 3.0, None],
    [7, "run", 3, "c", 10.0],
    [8, "emit", "c", "out", {}, 11.0, 3, [[4, "d", "in"]]],
    [9, "run", 4, "d", 11.0],
    [10, "ran", 3, "c", "completed", 11.5, None],
    [11, "retry", 4, "d", 12.0, {"error": "x"}, 3, 14.0],
    [12, "run", 4, "d", 14.0],
    [13, "ran", 4, "d", "completed", 17.0, None],
    [14, "status", "completed", 17.0],
]


def test_the_end_is_led_back_to_the_start_with_what_each_task_waited_and_ran() -> None:
    path = chain_back(reversed(CHANGES), None, 0.0, lambda: False)
    assert path.is_whole
    told = [(one.routine_id, one.event, one.waited, one.ran, one.tries) for one in path.links]
    assert told == [
        ("a", "start", 1.0, 1.0, 1),
        ("c", "out", 8.0, 1.0, 1),
        ("d", "out", 2.0, 4.0, 2),
    ]
    said = summary(path)
    assert said.startswith("3 tasks: ran 6.0s, 4.0s of it d; waited 11s, 8.0s of it for c")
    stopped = chain_back(reversed(CHANGES), None, 0.0, lambda: True)
    assert (stopped.links, stopped.is_whole) == ([], False)
    assert "nothing has ended" in summary(stopped)


def test_a_record_is_led_back_too(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    write_job(path)
    replay = Replay(path, lambda: open_job(path))
    (link,) = replay.chain().links  # the last order of all
    assert (link.routine_id, round(link.waited, 3), round(link.ran, 3)) == ("price", 0.1, 0.3)
    failed = replay.chain(21).links  # the record of the order that was given up
    assert [(one.routine_id, one.event, round(one.waited, 3)) for one in failed] == [
        ("price", "order", 0.1)
    ]
    assert replay.chain(RETRIED).links == []  # the source's own emits have no cause


def test_the_busiest_stretch_is_where_most_handlers_ran() -> None:
    busy = Activity(begin=0.0, width=1.0, busy=[1, 1, 1, 4, 4, 1, 1, 1, 1, 1])
    begin, end, handlers = busiest(timeline({"r": busy}, 0.0, 10.0, 40, fold=False))
    assert 3.0 <= begin < end <= 5.0
    assert handlers == pytest.approx(4.0)


def test_commands_tell_both_and_a_trace_tells_waits_from_runs(world: Path) -> None:
    path = str(world / "etl.json")
    tui("run", str(ETL), "-p", "rows=30", "-p", "quick=0.02", "-p", "slow=0.1", "--save", path)
    words = ["--busiest", "--critical"]
    told = json.loads(tui("timeline", path, *words, "--json").stdout)
    names = [one["routine_id"] for one in told["critical_path"]["links"]]
    assert names[:3] == ["extract", "clean", "enrich"]
    assert told["busiest"]["handlers"] > 1
    printed = tui("timeline", path, *words).stdout
    assert "critical path: 4 tasks: ran" in printed
    assert "busiest from" in printed
    assert "enrich  rich  waited " in tui("trace", path, "-1").stdout
    steps = json.loads(tui("trace", path, "-1", "--json").stdout)["chain"]
    assert steps[0]["waited"] is None
    assert steps[-1]["waited"] + steps[-1]["ran"] == pytest.approx(steps[-1]["after"], abs=0.002)


def test_what_was_sent_again_and_what_was_killed_is_led_back_as_well() -> None:
    changes = [
        *CHANGES[:12],
        [13, "ran", 4, "d", "failed", 17.0, {"error": "x"}],
        [14, "record", "d", "sent again", {}, 60.0, 4],
        [15, "again", 4, 5, None, 60.0],
        [16, "run", 5, "d", 61.0],
        [17, "set", "x", 1, 63.0],
        [18, "emit", "d", "out", {}, 63.0, 5, []],
        [19, "take_up", 90.0],
        [20, "run", 5, "d", 91.0],
        [21, "ran", 5, "d", "completed", 92.0, None],
    ]
    path = chain_back(reversed(changes), None, 0.0, lambda: False)
    told = [(one.routine_id, one.waited, one.ran, one.tries) for one in path.links]
    # 1 s and 3 s at first, 2 s until it was killed, 1 s at last; of 81 s since it was queued
    assert told == [("a", 1.0, 1.0, 1), ("c", 8.0, 1.0, 1), ("d", 74.0, 7.0, 4)]
