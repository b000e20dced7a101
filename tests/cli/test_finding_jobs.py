"""Which job a command takes, by whatever name it is given."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from routilux_tui.runner.discover import all_jobs
from routilux_tui.runner.launch import start_job
from routilux_tui.state.job_state import JobState
from routilux_tui.store.locks import acquire_lock, remove_lock
from tests.cli.program import tui

ODD_FLOWS = ["two words", "été", "日本語", "a/b/c", "a.json", "$HOME", "-dash", "..", "a" * 300]


def save(world: Path, job_id: str, flow: str, file: str, status: str = "completed") -> Path:
    state = JobState(flow)
    state._job_id = job_id
    state.status = status
    path = world / "state/routilux-tui/jobs" / file
    state.save(path)
    return path


def test_rm_takes_no_job_but_the_one_that_is_meant(world: Path) -> None:
    kept = save(world, "1234abcd-0001", "backup", "backup-1.json")
    other = save(world, "1234abcd-0002", "etl", "etl-1234abcd.json")
    for wrong in (
        "1234abce",
        "1234abcd-0001-and-more",
        "1234abcd-0003",
        "1",
        "backup-1",
        "back",
        "1234abcd",  # both begin so
    ):
        done = tui("rm", "-y", wrong, code=3)
        assert "is called" in done.stderr, wrong
        assert kept.exists()
        assert other.exists()
    done = tui("rm", "-y", "backup")
    assert "removed completed  backup  1234abcd" in done.stderr
    assert not kept.exists()
    tui("rm", "-y", "1234abcd")  # only one is left that begins so
    assert not other.exists()


def test_two_files_of_one_id_are_told_apart_by_their_paths(world: Path) -> None:
    first = save(world, "1234abcd-0001", "etl", "one.json")
    second = save(world, "1234abcd-0001", "etl", "two.json")
    done = tui("rm", "-y", "1234abcd-0001", code=3)
    assert str(first) in done.stderr
    assert str(second) in done.stderr
    tui("rm", "-y", str(first))
    assert (first.exists(), second.exists()) == (False, True)


@pytest.mark.parametrize("flow", ODD_FLOWS)
def test_a_flow_of_any_name_is_found_by_it(world: Path, flow: str) -> None:
    path = save(world, "1234abcd-0001", flow, "x.json")
    save(world, "9999abcd-0001", "other", "y.json")
    shown = json.loads(tui("show", "--json", "--", flow).stdout)
    assert shown["header"]["job_id"] == "1234abcd-0001"
    tui("rm", "-y", "--", flow)
    assert not path.exists()


def test_a_running_job_is_found_by_an_odd_name_and_by_its_file(world: Path) -> None:
    for n, name in enumerate(["a/b/c", "a.json", "zwei Wörter"]):
        path = world / f"odd{n}.py"
        path.write_text(
            "import time\nfrom routilux_tui import Flow, Routine\n\n\n"
            "class R(Routine):\n    def __init__(self):\n        super().__init__()\n"
            "        self.define_slot('trigger', handler=lambda: time.sleep(30))\n\n\n"
            f"flow = Flow({name!r})\nflow.add_routine(R(), 'r')\n"
        )
        started = start_job(str(path))
        assert name in tui("show", name).stdout
        done = tui("cancel", name, "--force", "--grace", "0")
        assert "cancelled" in done.stdout
        assert started.job_id[:8] in done.stdout
    started = start_job(str(path))
    assert started.job_id[:8] in tui("pause", started.path, "--within", "0", code=4).stderr
    tui("cancel", started.path, "--force", "--grace", "0")


def test_what_steers_says_that_a_job_is_only_saved_or_not_alone(flows: str, world: Path) -> None:
    path = save(world, "1234abcd-0001", "counting", "x.json", "paused")
    for name in ("counting", "1234abcd", str(path)):
        done = tui("pause", name, code=3)
        assert f"saved in {path}" in done.stderr
        assert f"resume {path}" in done.stderr
    lock = acquire_lock(path)
    try:  # whoever runs it has lost its socket
        assert "runs, and can't be reached now" in tui("pause", "counting", code=3).stderr
    finally:
        remove_lock(path, lock)
    first, second = start_job(f"{flows}:stuck"), start_job(f"{flows}:stuck")
    done = tui("cancel", "stuck", code=3)
    assert first.job_id[:8] in done.stderr
    assert second.job_id[:8] in done.stderr
    assert "at least 4 letters" in tui("pause", first.job_id[:3], code=3).stderr
    assert [one.header.status for one in all_jobs().answering] == ["running", "running"]


def test_runners_that_do_not_answer_cost_the_patience_of_one(flows: str) -> None:
    stopped = [start_job(f"{flows}:stuck") for _ in range(4)]
    killed = start_job(f"{flows}:stuck")
    alive = start_job(f"{flows}:counting", {"n": 100_000, "pace": 0.01})
    for one in stopped:
        os.kill(one.pid, signal.SIGSTOP)
    os.kill(killed.pid, signal.SIGKILL)
    try:
        found = all_jobs(patience=1.0)
        assert [one.job_id for one in found.answering] == [alive.job_id]
        assert [one.pid for one in found.silent] == [one.pid for one in stopped]
        rows = [line.split() for line in tui("ps").stdout.splitlines()[1:]]
        by_id = {row[0]: " ".join(row[1:3]) for row in rows}
        assert by_id[alive.job_id[:8]] == "running (live)"
        assert by_id[killed.job_id[:8]] == "killed stuck"
        assert {by_id[one.job_id[:8]] for one in stopped} == {"no answer"}
        shown = json.loads(tui("show", stopped[0].job_id, "--json").stdout)
        assert shown["header"]["note"] == "its runner runs, and does not answer"
        first, *_ = tui("why", stopped[0].job_id).stdout.splitlines()
        assert first.startswith("✗ Its process runs, and does not answer: it is stopped, or very")
        for words in (["pause"], ["resume"], ["cancel"], ["set", "x=1"]):
            refused = tui(words[0], stopped[0].job_id, *words[1:], code=4).stderr
            assert "does not answer: its runner is stopped" in refused
    finally:
        for one in stopped:
            os.kill(one.pid, signal.SIGKILL)


def test_a_socket_that_talks_nonsense_hides_no_job(flows: str, world: Path) -> None:
    import socket
    import threading

    alive = start_job(f"{flows}:stuck")
    answers = [
        b"",
        b"x\n\n\n",
        b'{"id":1}\n{"id":2}\n',
        b"[]\n[]\n",
        b'{"result":{"protocol":1}}\n{}\n',
    ]
    doors = []
    for n, answer in enumerate(answers):
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.bind(str(Path(alive.socket).with_name(f"odd{n}.sock")))
        door.listen()
        doors.append(door)

        def speak(door: socket.socket = door, answer: bytes = answer) -> None:
            while True:
                try:
                    connection, _ = door.accept()
                    connection.sendall(answer)
                except OSError:
                    return
                connection.close()

        threading.Thread(target=speak, daemon=True).start()
    found = all_jobs()
    assert [one.job_id for one in found.answering] == [alive.job_id]
    assert alive.job_id[:8] in tui("ps", "--live").stdout
    assert "running" in tui("show", "stuck").stdout
    for door in doors:
        door.shutdown(socket.SHUT_RDWR)
        door.close()


def test_few_file_handles_are_enough_for_many_runners(flows: str) -> None:
    import subprocess
    import sys

    ids = {start_job(f"{flows}:stuck").job_id for _ in range(12)}
    line = f'ulimit -n 24; exec "{sys.executable}" -m routilux_tui ps --live --json'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert {json.loads(one)["job_id"] for one in done.stdout.splitlines()} == ids, done.stderr


def test_a_job_is_found_by_its_name_and_by_its_labels(flows: str, world: Path) -> None:
    words = ["--name", "nightly", "--label", "team=data", "--label", "tier=1"]
    first = tui("run", f"{flows}:counting", *words, "--json").stdout
    second = tui("run", f"{flows}:failing", "--name", "nightly", "--json", code=1).stdout
    third = tui("run", f"{flows}:stuck", *words, "--detach").stdout.strip()
    ids = [json.loads(one)["header"]["job_id"] for one in (first, second)]

    def header(name: str) -> dict[str, object]:
        return dict(json.loads(tui("show", name, "--json").stdout)["header"])

    assert header("nightly")["job_id"] == third
    assert header("nightly@-0")["job_id"] == third
    assert header("nightly@-1")["job_id"] == ids[1]
    assert header("nightly@-2")["job_id"] == ids[0]
    assert header("nightly@-2")["labels"] == {"team": "data", "tier": "1"}
    assert header("counting@-0")["job_id"] == ids[0]
    assert "3 are called 'nightly'" in tui("show", "nightly@-3", code=3).stderr
    assert "nightly team=data tier=1" in tui("show", "nightly").stdout
    assert "nightly team=data tier=1" in tui("ps").stdout
    where = ["ps", "--json", "--where"]
    found = tui(*where, 'labels.team == "data" && labels.nothing == ""').stdout.splitlines()
    assert {json.loads(one)["job_id"] for one in found} == {ids[0], third}
    assert len(tui(*where, 'name == "nightly"').stdout.splitlines()) == 3
    tui("wait", "nightly", "--until", 'labels.team == "data" && name == "nightly"')
    assert "More than one" in tui("rm", "-y", "nightly", code=3).stderr
    assert "only saved" not in tui("pause", "nightly@-1", code=3).stderr
    tui("rm", "-y", "nightly@-1")
    tui("cancel", "nightly@-0", "--force", "--grace", "0")
    assert header("nightly@-1")["job_id"] == ids[0]


def test_a_name_that_means_something_else_is_none(flows: str) -> None:
    for words in (["--name", "@last"], ["--name", "a/b"], ["--name", " "], ["--name", "x" * 101]):
        assert "it is a name" in tui("run", f"{flows}:counting", *words, code=2).stderr
    for wrong in ("team", "=x", f"{'x' * 101}=1"):
        assert "KEY=VALUE" in tui("run", f"{flows}:counting", "--label", wrong, code=2).stderr
