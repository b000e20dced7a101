"""``queue``: the tasks that wait are listed, held, let go, dropped, moved and edited."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import NotPossible, ReadOnly, UsageError
from routilux_tui.runner import protocol
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.state.job_state import JobState
from tests.again_flow import Numbers
from tests.cli.program import tui
from tests.processes import assert_gone, until
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def numbers(world: Path) -> Numbers:
    return Numbers(world)


def test_the_queue_is_listed_and_changed_and_the_record_says_by_whom(numbers: Numbers) -> None:
    numbers.wait(0)
    started = start_job(f"{numbers.path}:stopping", {"folder": str(numbers.folder)})
    with Client(started.socket) as client:
        until(lambda: len(client.waiting_tasks(0, 100)) == 5)
        waiting = [one.task for one in client.waiting_tasks(0, 100)]
        client.sent("change_queue", action="hold", tasks=[waiting[1]])
        for wrong in ({"action": "hold", "tasks": []}, {"action": "burn", "tasks": waiting}):
            with pytest.raises(UsageError):
                client.sent("change_queue", **wrong)
        with pytest.raises(UsageError):
            client.sent("change_queue", action="edit", tasks=waiting[:1])
        with pytest.raises(NotPossible):
            client.sent("change_queue", action="drop", tasks=[999])
        with Client(started.socket) as reader:
            reader.call("hello", protocol=protocol.VERSION, read_only=True)
            with pytest.raises(ReadOnly):
                reader.sent("change_queue", action="drop", tasks=waiting)
        said = tui("queue", started.job_id).stdout.splitlines()
        assert len(said) == 5
        assert "next" in said[0]
        assert "on hold" in said[1]
        assert "after 1" in said[2]  # what is on hold is waited for by none
        edit = ["--edit", str(waiting[0]), '{"number": 10}']
        assert "1 task edited" in tui("queue", started.job_id, *edit).stdout
        last = [str(one) for one in waiting[3:]]
        sent = json.loads(tui("queue", started.job_id, "--drop", *last, "--json").stdout)
        assert sent["tasks"] == waiting[3:]
        numbers.let(0)
        client.wait('status == "paused"', 30)
        assert client.header().note == "1 task is held"
        assert numbers.ran() == [0, 3, 10]
        refused = tui("resume", started.job_id, code=1).stderr
        assert f"queue {started.job_id[:8]} --release {waiting[1]}" in refused
        assert tui("why", started.job_id).stdout.count("1 task is held") == 1
    terminal = Terminal(["attach", started.job_id], columns=80, lines=24)
    terminal.until("1 task is held")
    terminal.press("3")
    terminal.until("on hold")
    terminal.press("m")
    terminal.until("Task", "let it go", "drop it")
    terminal.press("\r")
    terminal.until("✓ done")
    terminal.press("q")
    assert terminal.ended() == 0
    assert_gone(started.pid)
    assert numbers.ran() == [0, 2, 3, 10]
    state = JobState.load(started.path)
    assert [one["action"] for one in state.controls] == ["queue"] * 4
    assert [one["reason"].split()[0] for one in state.controls] == [
        "hold",
        "edit",
        "drop",
        "release",
    ]
    assert "completed" in tui("queue", started.path, "--hold", "1", code=1).stderr
