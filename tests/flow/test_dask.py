"""Handlers on a real Dask cluster: each once, also where workers, schedulers and runners are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from socket import gethostname, socket
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.errors import FlowDefinitionError
from routilux_tui.flow.dask_executor import DaskExecutor
from routilux_tui.flow.executor_spec import dask_cluster, with_fence
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import resume_job, retry_job, start_job
from routilux_tui.runner.launch_spec import RetrySpec
from routilux_tui.state.job_state import JobState
from routilux_tui.store.large_file import open_job
from routilux_tui.store.locks import is_locked
from routilux_tui.store.printed import printed_files
from routilux_tui.views.choosing import TaskSelection
from tests.flow.clusters import FLOW, Cluster, a_cluster
from tests.processes import assert_gone, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.runner.launch_spec import LaunchResult


@pytest.fixture
def cluster(world: Path) -> Iterator[Cluster]:
    with a_cluster(world) as one:
        yield one


@pytest.fixture
def flow(world: Path) -> Path:
    path = world / "flow/far_flow.py"  # a folder that the workers don't look into
    path.parent.mkdir()
    path.write_text(FLOW)
    return path


def started(flow: Path, cluster: Cluster, fence: str = "", **params: Any) -> LaunchResult:
    return start_job(f"{flow}:flow", params, executor=f"dask://{cluster.address}{fence}")


def ended(job: LaunchResult, within: float = 60.0) -> JobState:
    path = Path(job.path)
    until(lambda: not is_locked(path) and open_job(path).status != "running", within)
    return JobState.load(path)


def done(job: JobState) -> list[dict[str, Any]]:
    return [one.data for one in job.execution_history if one.event_name == "done"]


def marks(path: Path) -> Counter[str]:
    return Counter(line.split()[0] for line in path.read_text().splitlines())


def test_handlers_run_there_with_the_flows_code_of_now_and_are_told_of_a_cancel(
    cluster: Cluster, flow: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = world / "marks"
    job = ended(started(flow, cluster, n=300, marks=str(seen)))
    assert job.status == "completed"
    assert sorted(one["i"] for one in done(job)) == list(range(300))
    assert set(marks(seen).values()) == {1}
    assert {one["pid"] for one in done(job)} <= {one.pid for one in cluster.workers}
    [kept] = (world / "state/routilux-tui/jobs").glob("far-*.json")
    assert any(b"handling 299" in one.read_bytes() for one in printed_files(kept))
    # a module that can't be loaded by the workers: an error of the job's, and the cluster goes on
    monkeypatch.setenv("ONLY_HERE", "1")
    flow.write_text("import only_here\n" + FLOW.replace('"first"', '"second"'))
    (flow.parent / "only_here.py").write_text("import os\nos.environ['ONLY_HERE']\n")
    job = ended(started(flow, cluster))
    assert job.status == "failed"
    assert job.get_routine_state("work")["error_type"] == "KeyError"
    flow.write_text(FLOW.replace('"first"', '"third"'))
    job = ended(started(flow, cluster))
    assert [one["word"] for one in done(job)] == ["third"]
    # what a handler does is there at once, and a cancel reaches it
    seen = world / "more marks"
    begun = started(flow, cluster, n=4, marks=str(seen), wait_for=str(world / "never"))
    with Client(begun.socket) as client:
        assert client.wait("records >= 7", 60.0).outcome == "met"
        now = client.insight("now").now
        assert now is not None
        ran = {f"worker process {one.pid} on {gethostname()}" for one in cluster.workers}
        assert {one.thread for one in now.handlers if "process" in one.thread} == ran
        client.call("cancel", reason="enough")
    assert ended(begun).status == "cancelled"
    found = marks(seen)
    assert found["cancelled"] == 2
    assert sum(found[str(i)] for i in range(4)) == 2  # the others were never begun


@pytest.mark.parametrize("fence", ["", "?fence"])
def test_a_killed_workers_handler_runs_again_or_behind_a_fence_never(
    fence: str, flow: Path, world: Path
) -> None:
    seen, go_on = world / "marks", world / "go_on"
    with a_cluster(world, workers=1) as cluster:
        job = started(flow, cluster, fence, n=3, marks=str(seen), wait_for=str(go_on))
        until(lambda: seen.exists() and seen.read_text().endswith("\n"), 60.0)
        cluster.add_worker()
        first = marks(seen)
        cluster.workers[0].kill()
        go_on.touch()
        state = ended(job)
    found = marks(seen)
    [begun] = first
    if fence:
        assert found[begun] == 1
        assert state.status == "failed"
        assert "its fence lets it run no more" in state.get_routine_state("work")["error"]
    else:
        assert found[begun] == 2
        assert state.status == "completed"
        assert sorted(one["i"] for one in done(state)) == [0, 1, 2]
        assert sum(found.values()) == 4


def test_what_lies_beside_a_flow_goes_with_it_as_it_is_now(cluster: Cluster, flow: Path) -> None:
    package = flow.parent / "parts"
    package.mkdir()
    (package / "__init__.py").write_text("from .words import word\nfrom common import mark\n")
    flow.write_text("import parts\n" + FLOW.replace('WORD = "first"', "WORD = parts.word()"))
    for word in ("second", "third"):
        (package / "words.py").write_text(
            f"def word():\n    return {word!r} + __import__('common').mark\n"
        )
        (flow.parent / "common.py").write_text(f"mark = {word[0]!r}\n")
        job = ended(started(flow, cluster, n=3))
        assert job.status == "completed", job.get_routine_state("work")
        assert {one["word"] for one in done(job)} == {word + word[0]}


POISON = FLOW.replace(
    '        self.emit("begun", i=i)\n',
    "        if i in (150, 200):\n            os.kill(os.getpid(), 9)\n",
).replace(
    "    return flow\n",
    """    from routilux_tui import ErrorHandler, ErrorStrategy

    flow.set_error_handler(ErrorHandler(ErrorStrategy.CONTINUE))
    return flow
""",
)


def test_handlers_that_end_their_workers_fail_alone(flow: Path) -> None:
    flow.write_text(POISON)
    job = ended(start_job(f"{flow}:flow", {"n": 300}, executor="dask:local:2"), 100.0)
    assert job.status == "completed"
    assert sorted(one["i"] for one in done(job)) == [i for i in range(300) if i not in (150, 200)]
    assert job.get_routine_state("work")["errors"] == 2
    raised = [one.data["error"] for one in job.execution_history if "error" in one.event_name]
    assert len(raised) == 2
    assert all("its workers died while it ran" in one for one in raised)


def test_a_local_cluster_keeps_its_workers_however_often_they_die(flow: Path) -> None:
    flow.write_text(POISON.replace("i in (150, 200)", "i < 4"))
    job = ended(start_job(f"{flow}:flow", {"n": 5}, executor="dask:local:1"), 100.0)
    assert job.status == "completed"
    assert [one["i"] for one in done(job)] == [4]
    assert job.get_routine_state("work")["errors"] == 4


def test_a_cancel_drops_what_no_worker_has(flow: Path, world: Path) -> None:
    with a_cluster(world, workers=0) as cluster:
        job = started(flow, cluster, n=40, marks=str(world / "marks"))
        with Client(job.socket) as client:
            assert client.wait("routines.work.active == 16", 60.0).outcome == "met"
            client.call("cancel")
        assert ended(job).status == "cancelled"
        cluster.add_worker()
        again = ended(started(flow, cluster, marks=str(world / "one mark")))
        assert again.status == "completed"
        assert not (world / "marks").exists()
        # nothing of it is lost: neither what waited for a worker nor what waited for that
        retry_job(job.path, RetrySpec(wanted=TaskSelection(every=True)))
        state = ended(job)
        assert state.status == "completed", state.routine_states
        assert sorted(one["i"] for one in done(state)) == list(range(40))
    assert set(marks(world / "marks").values()) == {1}


def test_a_killed_runners_job_goes_on_and_a_killed_scheduler_is_an_error(
    cluster: Cluster, flow: Path, world: Path
) -> None:
    seen, go_on = world / "marks", world / "go_on"
    job = started(flow, cluster, n=6, marks=str(seen), wait_for=str(go_on))
    until(lambda: seen.exists() and len(marks(seen)) == 2, 60.0)
    os.kill(job.pid, 9)
    assert_gone(job.pid)
    go_on.touch()
    state = ended(resume_job(job.path))
    assert state.status == "completed"
    assert sorted(one["i"] for one in done(state)) == list(range(6))
    assert max(marks(seen).values()) <= 2
    job = started(flow, cluster, marks=str(seen), wait_for=str(world / "never"))
    with Client(job.socket) as client:
        assert client.wait("records >= 3", 60.0).outcome == "met"
    cluster.scheduler.kill()
    state = ended(job, 100.0)
    assert state.status == "failed"
    assert "Dask lost this handler" in state.get_routine_state("work")["error"]


def test_what_ran_behind_a_fence_when_the_runner_was_killed_is_never_begun_again(
    cluster: Cluster, flow: Path, world: Path
) -> None:
    seen, go_on = world / "marks", world / "go_on"
    job = started(flow, cluster, "?fence", n=2, marks=str(seen), wait_for=str(go_on))
    until(lambda: seen.exists() and len(marks(seen)) == 2, 60.0)
    os.kill(job.pid, 9)
    assert_gone(job.pid)
    go_on.touch()
    state = ended(resume_job(job.path))
    assert state.status == "failed"
    assert "its fence lets it run no more" in state.get_routine_state("work")["error"]
    assert [one.task.data["i"] for one in state.failed_tasks] == [0, 1]
    assert marks(seen) == {"0": 1, "1": 1}
    # somebody who knows that they did nothing sends them again
    retry_job(job.path, RetrySpec(wanted=TaskSelection(every=True)))
    state = ended(job)
    assert state.status == "completed"
    assert marks(seen) == {"0": 2, "1": 2}


UNREACHABLE = """
import sys, time
import distributed
from elsewhere import made
from routilux_tui import ErrorStrategy, JobState
from routilux_tui.flow import dask_connection

flow = made("dask://127.0.0.1:" + sys.argv[1], workers=4, strategy=ErrorStrategy.CONTINUE)
real, attempts = distributed.Client, []

def client(*places, **options):
    attempts.append(places)
    while flow.execution_of(job).handlers() != ["b"] * 4:
        time.sleep(0.01)
    return real(*places, **options)

dask_connection._CONNECTS_WITHIN = 1.0
distributed.Client = client
job = JobState("made")
flow.prepare(job).start("a", {"n": 4, "what": "tell"})
while job.status != "completed":
    time.sleep(0.01)
print(len(attempts), job.get_routine_state("b")["error"])
"""


def test_a_scheduler_that_is_not_there_is_waited_for_by_all_at_once() -> None:
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    paths = {"PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.run(
        [sys.executable, "-c", UNREACHABLE, port],
        capture_output=True, text=True, env={**os.environ, **paths}, timeout=90,
    )  # fmt: skip
    assert run.stdout.startswith("1 "), run.stdout + run.stderr
    assert "can't be reached" in run.stdout


def test_a_cluster_is_named_by_its_address_or_is_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert dask_cluster("dask://build1:8786") == ("build1:8786", 0, False)
    assert dask_cluster("dask:local:3?fence") == ("", 3, True)
    assert dask_cluster("dask://[::1]:8786?fence") == ("[::1]:8786", 0, True)
    assert dask_cluster(with_fence("dask:local", True)) == ("", 0, True)
    for wrong in (
        "dask://build1",
        "dask:local:0",
        "dask:remote",
        "dask://a b:1",
        "dask://::1:8786",
        "processes:2",
    ):
        assert dask_cluster(wrong) is None
    with pytest.raises(FlowDefinitionError, match="has no fence"):
        with_fence("processes:2", True)
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(FlowDefinitionError, match=r"pip install 'routilux-tui\[dask\]'"):
        DaskExecutor("build1:8786")
