"""A runner and what is around it: the folder, the signals, whoever started it, left threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotPossible
from routilux_tui.runner.client import Client
from routilux_tui.runner.discover import running_jobs
from routilux_tui.runner.launch import resume_job, start_job
from routilux_tui.runner.paths import jobs_folder
from tests.flows import WORK, write_flow_file
from tests.processes import assert_gone, until

FLOWS = (
    WORK
    + """\
def signals():
    def work(step):
        code = "import signal; print(*(signal.getsignal(s) for s in (1, 2, 15)), sep=',')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        step.get_execution_context().job_state.update_shared_data("told", done.stdout)

    return flow_of(work)


def slow():
    def work(step):
        with (HERE / "began").open("a") as file:
            file.write("x")
        while not (HERE / "let").exists():
            time.sleep(0.01)

    return flow_of(work)


def leaves_a_thread():
    def work(step):
        threading.Thread(target=time.sleep, args=(600,), name="left behind").start()

    return flow_of(work)
"""
)


@pytest.fixture
def flows(world: Path) -> str:
    return write_flow_file(world, FLOWS)


def _wait(started) -> str:
    with Client(started.socket) as client:
        return client.wait("", 30).status


@pytest.mark.parametrize("module", ["token", "json", "random", "types", "uuid", "msgspec", "cel"])
def test_a_file_of_the_current_folder_is_not_taken_for_the_librarys(
    flows: str, module: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = f"from pathlib import Path\nPath({str(world / 'trapped')!r}).touch()\nraise SystemExit\n"
    (world / "shared").mkdir()
    for folder in (world / "shared", Path(flows).parent):  # where one stands, and beside the flow
        (folder / f"{module}.py").write_text(trap)
    monkeypatch.chdir(world / "shared")
    started = start_job(f"{flows}:signals")
    with Client(started.socket) as client:
        assert client.wait("records > 0", 30).outcome == "met"
        assert client.wait("", 30).status == "completed"
    assert not (world / "trapped").exists()


def test_a_worker_process_has_its_own_modules_before_those_beside_the_flow(
    flows: str, world: Path
) -> None:
    for module in ("token", "json", "typing", "routilux_tui", "msgspec"):
        trap = f"from pathlib import Path\nPath({str(world / 'trapped')!r}).touch()\nexit()\n"
        Path(flows).with_name(f"{module}.py").write_text(trap)
    (Path(flows).parent / "beside.py").write_text("")
    Path(flows).write_text(
        "from routilux_tui import Flow, Routine\n"
        "class Work(Routine):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.define_slot('trigger', handler=self.go)\n"
        "    def go(self):\n"
        "        import beside\n"
        "flow = Flow('work')\n"
        "flow.add_routine(Work(), 'work')\n"
    )
    assert _wait(start_job(flows, executor="processes:1")) == "completed"
    assert not (world / "trapped").exists()


def test_a_flow_may_be_called_like_a_module_of_the_library(flows: str, world: Path) -> None:
    path = Path(flows).with_name("token.py")
    path.write_text("import tokenize\n" + FLOWS)
    assert _wait(start_job(f"{path}:signals")) == "completed"


def test_a_flow_finds_what_lies_beside_it_and_a_module_what_lies_here(
    flows: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(flows).parent / "beside.py").write_text("")
    Path(flows).write_text("import beside\n" + FLOWS)
    assert _wait(start_job(f"{flows}:signals")) == "completed"
    monkeypatch.chdir(Path(flows).parent)
    assert _wait(start_job("flows:signals")) == "completed"


def test_programs_that_a_handler_starts_inherit_no_ignored_signals(flows: str) -> None:
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"  # as nohup does
        "from routilux_tui.runner.launch import start_job\n"
        f"print(start_job({f'{flows}:signals'!r}).path)\n"
    )
    path = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    until(lambda: JobState.load(path.strip()).status == "completed")
    told = JobState.load(path.strip()).shared_data["told"]
    assert "SIG_IGN" not in told
    assert "default_int_handler" in told


def test_ctrl_c_while_the_flow_is_loaded_starts_nothing(flows: str, command: list[str]) -> None:
    Path(flows).write_text(f"{FLOWS}\n(HERE / 'loading').touch()\ntime.sleep(4)\n")
    one = subprocess.Popen([*command, "run", f"{flows}:slow", "--detach"], start_new_session=True)
    until((Path(flows).parent / "loading").exists)
    one.send_signal(signal.SIGINT)
    assert one.wait(30) == 130
    time.sleep(0.5)
    assert running_jobs() == []
    assert not list(jobs_folder().glob("*"))
    assert not (Path(flows).parent / "began").exists()


def test_ctrl_c_while_a_job_is_followed_says_that_it_goes_on(
    flows: str, command: list[str]
) -> None:
    words = [*command, "run", f"{flows}:slow", "--no-tui"]
    one = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert one.stdout is not None
    assert one.stderr is not None
    job_id = one.stdout.readline().split()[-1]
    one.send_signal(signal.SIGINT)
    assert one.wait(30) == 130
    told = one.stderr.read()
    assert "goes on" in told
    assert f"attach {job_id[:8]}" in told
    assert [found.hello.job_id for found in running_jobs()] == [job_id]
    one.stdout.close()
    one.stderr.close()


def test_a_job_whose_handler_takes_its_time_after_sigterm_is_held_until_it_returns(
    flows: str,
) -> None:
    started = start_job(f"{flows}:slow")
    folder = Path(flows).parent
    until((folder / "began").exists)
    os.kill(started.pid, signal.SIGTERM)
    with Client(started.socket) as client:
        until(lambda: client.header().control is not None)
        with pytest.raises(NotPossible, match="told to end"):  # it would not go on for long
            client.call("resume")
    with pytest.raises(NotPossible, match="another process"):
        resume_job(started.path, f"{flows}:slow")
    (folder / "let").touch()
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert (state.status, state.outstanding) == ("paused", {})
    assert (folder / "began").read_text() == "x"


def test_a_second_sigterm_ends_a_runner_at_once_and_what_was_cut_off_runs_again(
    flows: str,
) -> None:
    started = start_job(f"{flows}:slow")
    folder = Path(flows).parent
    until((folder / "began").exists)
    os.kill(started.pid, signal.SIGTERM)
    with Client(started.socket) as client:
        until(lambda: client.header().control is not None)
    os.kill(started.pid, signal.SIGTERM)
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "paused"
    assert "interrupted: work" in state.pause_points[-1]["reason"]
    assert len(state.pending_tasks) == 1
    (folder / "let").touch()
    assert _wait(resume_job(started.path, f"{flows}:slow")) == "completed"
    assert (folder / "began").read_text() == "xx"


def test_a_runner_of_a_cancelled_job_whose_handler_goes_on_hears_sigterm(flows: str) -> None:
    started = start_job(f"{flows}:slow")
    until((Path(flows).parent / "began").exists)
    with Client(started.socket) as client:
        client.call("cancel")
    os.kill(started.pid, signal.SIGTERM)
    os.kill(started.pid, signal.SIGTERM)
    assert_gone(started.pid)
    assert JobState.load(started.path).status == "cancelled"


@pytest.mark.parametrize("asked", [False, True])
def test_a_thread_that_was_left_behind_keeps_no_runner_alive(flows: str, asked: bool) -> None:
    started = start_job(f"{flows}:leaves_a_thread")
    assert _wait(started) == "completed"
    if asked:
        os.kill(started.pid, signal.SIGTERM)
    assert_gone(started.pid, 30)
    assert "left behind" in Path(started.log).read_text()


def test_a_runner_that_fails_itself_ends_and_its_job_can_be_taken_up(flows: str) -> None:
    broken = (
        "from routilux_tui.runner.host import Host\n\ndef fails(self):\n    raise KeyError(1)\n"
    )
    text = Path(flows).read_text()
    Path(flows).write_text(f"{text}\n{broken}\nHost._wait_for_handlers = fails\n")
    started = start_job(f"{flows}:slow")
    until((Path(flows).parent / "began").exists)
    os.kill(started.pid, signal.SIGTERM)
    assert_gone(started.pid)
    (Path(flows).parent / "let").touch()
    Path(flows).write_text(text)
    assert _wait(resume_job(started.path, f"{flows}:slow")) == "completed"
