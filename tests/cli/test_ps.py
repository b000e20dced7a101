"""The list of jobs: its order, its conditions, and its times."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from rich.cells import cell_len

from routilux_tui.runner.launch import start_job
from routilux_tui.state.job_state import JobState
from tests.cli.program import tui
from tests.processes import until

if TYPE_CHECKING:
    from pathlib import Path


def save(world: Path, job_id: str, flow: str, status: str, updated: str, records: int = 0) -> None:
    path = world / f"state/routilux-tui/jobs/{job_id}.json"
    state = JobState(flow)
    state._job_id = job_id
    state.status = status
    for n in range(records):
        state.record_execution("r", "e", {"n": n})
    state.save(path)
    plain = json.loads(path.read_text())
    plain["created_at"] = plain["updated_at"] = updated
    path.write_text(json.dumps(plain))


def ids(*words: str) -> list[str]:
    return [json.loads(line)["job_id"] for line in tui("ps", "--json", *words).stdout.splitlines()]


def test_jobs_are_sorted_by_moments_and_not_by_text(world: Path) -> None:
    save(world, "first", "b", "completed", "2025-10-26T02:30:00+02:00", records=3)
    save(world, "second", "a", "failed", "2025-10-26T02:10:00+01:00", records=1)  # clocks went back
    save(world, "third", "c", "completed", "2025-10-25T22:00:00-04:00", records=2)
    assert ids() == ["third", "second", "first"]
    assert ids("--sort", "updated") == ["third", "second", "first"]
    assert ids("--sort", "updated", "--reverse") == ["first", "second", "third"]
    assert ids("--reverse") == ["first", "second", "third"]
    assert ids("--sort", "records") == ["first", "third", "second"]
    assert ids("--sort", "flow") == ["second", "first", "third"]
    assert "invalid choice" in tui("ps", "--sort", "nonsense", code=2).stderr


def test_jobs_are_chosen_by_a_condition(world: Path) -> None:
    save(world, "first", "etl", "completed", "2025-10-26T02:30:00+02:00", records=3)
    save(world, "second", "etl", "failed", "2025-10-26T02:10:00+01:00")
    save(world, "third", "other", "running", "2025-10-26T02:10:00+01:00")
    assert ids("--where", 'status == "failed" && flow_id == "etl"') == ["second"]
    assert ids("--where", "records > 2 || badge == 'abandoned'", "--sort", "job") == [
        "first",
        "third",
    ]
    assert ids("--where", "progress >= 1.0 && queue == 0") == ["first"]
    assert ids("--where", "live") == []
    assert tui("ps", "--where", "live").stdout == "No such job.\n"
    assert "nonsense" in tui("ps", "--where", "nonsense > 1", code=2).stderr
    assert "nonsense" in tui("ps", "--where", "nonsense > 1 && eta < 60.0", code=2).stderr
    tui("ps", "--where", "records >", code=2)
    tui("ps", "--where", "records", code=2)


def test_times_are_the_readers_and_name_their_zone(world: Path) -> None:
    save(world, "first", "etl", "completed", "2025-10-26T02:30:00+02:00", records=1)
    os.environ["TZ"] = "Asia/Kolkata"
    try:
        assert "2025-10-26 06:00:00+05:30" in tui("ps").stdout
        assert "created 2025-10-26 06:00:00+05:30" in tui("show", "first").stdout
        assert "+05:30  r  e" in tui("history", "first").stdout
    finally:
        del os.environ["TZ"]


def test_a_condition_on_a_job_s_own_figures_is_judged_by_them(flows: str, world: Path) -> None:
    save(world, "first", "etl", "completed", "2025-10-26T02:30:00+02:00", records=3)
    live = start_job(f"{flows}:stuck", {"seconds": 600})
    until(lambda: ids("--where", 'routines.stuck.status == "running"') == [live.job_id])
    assert ids("--where", "oldest == 0.0 && eta == -1.0 && silent_for >= 0.0 && live") == [
        live.job_id
    ]
    assert ids("--where", "oldest == 0.0 && !live") == ["first"]
    assert ids("--where", 'routines.stuck.queue == 0 && flow_id == "etl"') == []
    tui("cancel", live.job_id, "--force")


def test_columns_stand_in_line_beside_wide_and_joined_letters(world: Path) -> None:
    for number, flow in enumerate(("etl", "夜間の取込", "cafe\u0301")):
        save(world, f"{number}-job", flow, "completed", "2025-10-26T02:30:00+02:00", records=7)
    lines = tui("ps").stdout.splitlines()
    places = {cell_len(line.partition("2025-")[0]) for line in lines[1:]}
    assert places == {cell_len(lines[0].partition("updated")[0])}


def test_the_table_says_how_far_a_job_is_and_what_there_is_to_say_of_it(world: Path) -> None:
    save(world, "first", "etl", "completed", "2025-10-26T02:30:00+02:00", records=7)
    save(world, "second", "etl", "running", "2025-10-26T02:20:00+02:00")
    save(world, "third", "etl", "failed", "2025-10-26T02:10:00+02:00")
    path = world / "state/routilux-tui/jobs/third.json"
    head, *lines = tui("ps").stdout.splitlines()
    assert head.split() == [
        *("job", "status", "flow", "progress", "routines", "records", "errors", "updated"),
        *("queue", "what", "of", "it", "file"),
    ]
    at = head.index("what of it")
    told = {line.split()[0]: line for line in lines}
    assert told["first"].split()[-2:] == ["0.0s", str(path.with_name("first.json"))]
    assert " 100% " in told["first"]
    assert told["first"][at:].startswith("took 0.0s ")
    assert told["second"][at:].startswith("runner was killed ")
    assert told["third"][at:].startswith("failed ")
    assert all(line[head.index("file") :].startswith(str(world)) for line in lines)
