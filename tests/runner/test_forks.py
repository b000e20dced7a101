"""Handlers that fork: nothing of what the runner holds is a child's."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from routilux_tui import Flow, JobState, Routine
from routilux_tui.runner.client import Client
from routilux_tui.runner.discover import is_stale
from routilux_tui.runner.launch import resume_job, start_job
from tests.flows import WORK, write_flow_file
from tests.processes import assert_gone, is_gone, until

FLOWS = (
    WORK
    + """\
def square(n):
    return n * n


def pool():
    def work(step):
        with multiprocessing.get_context("fork").Pool(3) as pool:
            told = pool.map(square, range(20))
        step.get_execution_context().job_state.update_shared_data("told", told)

    return flow_of(work)


def ends_at_once():
    def work(step):
        codes = []
        for _ in range(25):
            child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
            child.start()
            child.terminate()
            child.join(10)
            codes.append(child.exitcode)
            child.kill()
        step.get_execution_context().job_state.update_shared_data("codes", codes)

    return flow_of(work)


def emits():
    def child(step, pipe):
        told = []
        state = step.get_execution_context().job_state
        for attempt in (lambda: step.emit("out", n=1), lambda: state.update_shared_data("a", 1)):
            try:
                attempt()
                told.append("no error")
            except Exception as error:
                told.append(f"{type(error).__name__}: {error}")
        pipe.send(told)

    def work(step):
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        one = context.Process(target=child, args=(step, theirs))
        one.start()
        told = ours.recv()
        one.join()
        step.get_execution_context().job_state.update_shared_data("told", told)
        step.emit("out", n=2)

    return flow_of(work)


def returns():
    def work(step):
        pid = os.fork()
        if pid:
            _, status = os.waitpid(pid, 0)
            step.get_execution_context().job_state.update_shared_data("told", status)
        with (HERE / "went").open("a") as file:
            file.write("x")

    return flow_of(work)


def outlived():
    def work(step):
        pid = os.fork()
        if not pid:
            time.sleep(600)
            os._exit(0)
        (HERE / "helper.tmp").write_text(str(pid))
        (HERE / "helper.tmp").rename(HERE / "helper")
        while not (HERE / "let").exists():
            time.sleep(0.01)

    return flow_of(work)
"""
)


@pytest.fixture
def flows(world: Path) -> str:
    return write_flow_file(world, FLOWS)


def _ended(flow: str) -> JobState:
    started = start_job(flow)
    with Client(started.socket) as client:
        assert client.wait("", 60).status == "completed"
    assert_gone(started.pid)
    return JobState.load(started.path)


def test_a_pool_of_processes_works_and_ends(flows: str) -> None:
    assert _ended(f"{flows}:pool").shared_data["told"] == [n * n for n in range(20)]


def test_a_child_that_is_ended_as_soon_as_it_is_made_ends(flows: str) -> None:
    state = _ended(f"{flows}:ends_at_once")
    assert state.shared_data["codes"] == [-signal.SIGTERM] * 25


def test_what_a_child_emits_or_changes_is_refused_and_leaves_no_trace(flows: str) -> None:
    state = _ended(f"{flows}:emits")
    for told in state.shared_data["told"]:
        assert told.startswith("NotPossible")
        assert "forked" in told
    sent = [one.data["n"] for one in state.execution_history if one.event_name == "out"]
    assert sent == [2]


def test_a_child_that_comes_back_from_the_handler_runs_nothing_more(flows: str) -> None:
    state = _ended(f"{flows}:returns")
    assert state.shared_data["told"] == 0
    assert (Path(flows).parent / "went").read_text() == "xx"  # each of the two left the handler
    assert len([one for one in state.execution_history if one.event_name == "start"]) == 1


def test_a_killed_runner_whose_helper_lives_on_can_be_taken_up(flows: str) -> None:
    started = start_job(f"{flows}:outlived")
    folder = Path(flows).parent
    until((folder / "helper").exists)
    helper = int((folder / "helper").read_text())
    os.kill(started.pid, signal.SIGKILL)
    assert_gone(started.pid)
    assert not is_gone(helper)
    until(lambda: is_stale(Path(started.socket)))  # the child may not have come to let go yet
    (folder / "let").touch()
    again = resume_job(started.path, f"{flows}:outlived")
    with Client(again.socket) as client:
        assert client.wait("", 30).status == "completed"
    os.kill(helper, signal.SIGTERM)  # which it does not take for the runner's
    until(lambda: is_gone(helper))


def test_a_fork_of_any_program_refuses_to_emit_while_its_job_runs() -> None:
    class Forks(Routine):
        def __init__(self) -> None:
            super().__init__()
            self.define_slot("trigger", handler=self.go)
            self.define_event("out")

        def go(self) -> None:
            pid = os.fork()
            if not pid:
                try:
                    self.emit("out")
                except Exception:
                    os._exit(7)
                os._exit(0)
            _, status = os.waitpid(pid, 0)
            self.get_execution_context().job_state.update_shared_data("code", status >> 8)

    flow = Flow("f")
    flow.add_routine(Forks(), "a")
    state = flow.execute("a")
    assert flow.wait_for_completion(30, state)
    assert state.shared_data["code"] == 7
