"""Handlers that run in other processes: what they do to their job, how they fail and end."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import time
from pathlib import Path
from socket import gethostname

import elsewhere
import pytest
from elsewhere import Collect, Held, Later, made
from steps import ended

from routilux_tui import Flow, JobState, QueueOutputHandler, Routine
from routilux_tui.errors import FlowDefinitionError
from routilux_tui.flow.executor_spec import promise_of
from routilux_tui.flow.executors import Executors, executor_names
from routilux_tui.views.choosing import TaskSelection, choose
from routilux_tui.views.projection import Projection

EVERYWHERE = ["processes:1", "elsewhere:in_processes", "elsewhere:in_threads"]


def got(job):
    return sorted((one for one in job.shared_log if "got" in one), key=lambda one: str(one["got"]))


def send_again(job):
    with job.lock:
        job.execution.send_again(choose(job, TaskSelection(every=True)))


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


class TestWhatAHandlerDoes:
    @pytest.mark.parametrize("executor", EVERYWHERE)
    def test_all_that_it_does_to_its_job_is_done(self, executor):
        flow = made(executor, workers=1)
        job = JobState("made")
        outputs = queue.Queue()
        job.set_output_handler(QueueOutputHandler(outputs))
        job.update_shared_data("base", 100)
        flow.prepare(job).start("a", {"n": 2, "what": "change"})
        assert ended(flow, job, 60) == "completed"
        assert [one["message"] for one in job.shared_log if "message" in one] == [
            "item 0",
            "item 1",
        ]
        assert {one["routine"] for one in job.shared_log if "routine" in one} == {"b"}
        assert [one["got"] for one in got(job)] == [0, 1]
        assert job.get_shared_data("item 1") == 101
        assert job.get_shared_data("again 0") is True
        assert [one["data"] for one in job.output_log] == [{"i": 0}, {"i": 1}]
        assert outputs.qsize() == 2
        assert job.said_progress == {"b": [2, 2]}
        assert [one["data"] for one in job.deferred_events] == [{"i": "later 0"}, {"i": "later 1"}]
        state = job.get_routine_state("b")
        assert (state["last"], state["runs"], state["active"]) == (1, 2, 0)
        assert [one.data["i"] for one in job.get_execution_history("b")] == [0, 1]

    def test_it_runs_in_another_process_and_what_is_light_stays_here(self):
        flow = made("processes:1")
        job = flow.execute("a", {"n": 3, "what": "tell"})
        assert ended(flow, job, 60) == "completed"
        pids = {one["pid"] for one in got(job)}
        assert len(pids) == 1
        assert os.getpid() not in pids

    def test_the_flow_says_where_and_a_routine_may_stay(self):
        flow = made(None)
        flow.set_executor("processes:1")
        flow.routines["b"].set_executor("threads")
        job = flow.execute("a", {"n": 1, "what": "tell"})
        assert ended(flow, job, 60) == "completed"
        assert [one["pid"] for one in got(job)] == [os.getpid()]

    def test_what_it_emits_is_there_before_it_returns(self, tmp_path):
        flow = made("processes:1", workers=2)
        job = flow.execute("a", {"what": "change", "folder": str(tmp_path)})
        assert ended(flow, job, 60) == "completed"
        flow = made("processes:2", workers=2)
        job = flow.execute("a", {"n": 2, "what": "wait", "folder": str(tmp_path)})
        for i in range(2):
            until((tmp_path / f"begun {i}").exists)
            until((tmp_path / f"begun {i}").read_text)
        assert flow.execution_of(job).handlers() == ["b", "b"]
        pids = [(tmp_path / f"begun {i}").read_text() for i in range(2)]
        places = flow.execution_of(job).places().values()
        assert set(places) == {f"worker process {pid} on {gethostname()}" for pid in pids}
        (tmp_path / "go on").touch()
        assert ended(flow, job, 60) == "completed"
        assert len({one["pid"] for one in got(job)}) == 2

    def test_what_waits_for_a_worker_process_runs_in_none_yet(self, tmp_path):
        flow = made("processes:1", workers=2)
        job = flow.execute("a", {"n": 2, "what": "wait", "folder": str(tmp_path)})
        execution = flow.execution_of(job)
        until(lambda: list(tmp_path.glob("begun *")) and execution.handlers() == ["b"] * 2)
        at, waits = sorted(execution.places().values(), reverse=True)
        assert at.startswith("worker process ")
        assert waits == "processes:1, no worker known yet"
        (tmp_path / "go on").touch()
        assert ended(flow, job, 60) == "completed"

    def test_an_asynchronous_handler_runs_there_too(self):
        flow = made("processes:1", Later, "later")
        job = flow.execute("a", {"n": 2})
        assert ended(flow, job, 60) == "completed"
        assert os.getpid() not in {one["pid"] for one in got(job)}

    def test_merging_stays_here_and_the_slots_data_goes_there(self):
        flow = made("processes:1", Collect, "all", workers=1)
        job = flow.execute("a", {"n": 4})
        assert ended(flow, job, 60) == "completed"
        assert [one["got"] for one in job.shared_log] == [[0], [0, 1], [0, 1, 2], [3]]
        assert [one["held"] for one in job.shared_log] == [[0], [0, 1], [0, 1, 2], [3]]

    def test_a_thread_of_the_handlers_own_emits_into_its_job(self):
        flow = made("processes:1")
        job = flow.execute("a", {"what": "thread"})
        assert ended(flow, job, 60) == "completed"
        assert len(got(job)) == 1

    def test_what_it_prints_and_logs_is_printed_and_logged_here(self, capsys, caplog):
        flow = made("processes:1", workers=1)
        job = flow.execute("a", {"n": 2, "what": "speak"})
        assert ended(flow, job, 60) == "completed"
        printed = capsys.readouterr()
        assert printed.out == "said 0\nbegun 0said 1\nbegun 1"
        assert [line for line in printed.err.splitlines() if "to err" in line] == [
            "to err 0",
            "to err 1",
        ]
        mine = [record for record in caplog.records if record.name == "mine"]
        assert [record.getMessage() for record in mine] == ["logged 0", "logged 1"]
        assert {record.funcName for record in mine} == {"speak"}

    def test_hooks_are_called_here(self):
        calls = []
        flow = made("processes:1")
        flow.routines["b"].before_execution(lambda: calls.append(os.getpid()))
        flow.routines["b"].after_execution(lambda job: calls.append(job.job_id))
        job = flow.execute("a", {"what": "tell"})
        assert ended(flow, job, 60) == "completed"
        assert calls == [os.getpid(), job.job_id]


class TestErrors:
    @pytest.mark.parametrize("executor", EVERYWHERE)
    def test_an_error_arrives_as_itself_with_its_traceback(self, executor):
        flow = made(executor, strategy="continue")
        job = flow.execute("a", {"what": "fail"})
        assert ended(flow, job, 60) == "completed"
        state = job.get_routine_state("b")
        assert (state["error"], state["error_type"]) == ("no 0", "LookupError")
        assert "in fail" in state["traceback"]
        assert "routilux_tui/flow/" not in state["traceback"]
        [problem] = Projection(job).insight(("problems",)).problems
        there = rf"worker process (?!{os.getpid()} )\d+ on {re.escape(gethostname())}"
        assert re.fullmatch("" if executor.endswith("threads") else there, problem.worker)

    @pytest.mark.parametrize(
        ("what", "kind", "text"),
        [
            ("fail_oddly", "ExecutionError", "Odd: odd 0"),
            ("leave", "SystemExit", "3"),
            ("start_a_job", "NotPossible", "starts no jobs"),
        ],
    )
    def test_any_end_of_a_handler_is_an_error_of_it_alone(self, what, kind, text):
        flow = made("processes:1", workers=1, strategy="continue")
        job = flow.execute("a", {"what": what})
        assert ended(flow, job, 60) == "completed"
        state = job.get_routine_state("b")
        assert (state["status"], state["error_type"]) == ("error_continued", kind)
        assert text in state["error"]

    def test_what_can_not_be_taken_there_says_so(self):
        flow = made("processes:1", Held)
        job = flow.execute("a", {"what": "tell"})
        assert ended(flow, job, 60) == "failed"
        state = job.get_routine_state("b")
        assert state["error_type"] == "SerializationError"
        assert "can't be taken to another process" in state["error"]
        assert "lock" in state["error"]

    @pytest.mark.parametrize("executor", EVERYWHERE)
    def test_what_can_not_be_taken_back_says_so_where_it_is_emitted(self, executor):
        flow = made(executor, strategy="continue")
        job = flow.execute("a", {"what": "unpicklable"})
        assert ended(flow, job, 60) == "completed"
        state = job.get_routine_state("b")
        assert state["error_type"] == "SerializationError"
        assert "What the handler emits as 'out' can't be taken to another" in state["error"]
        assert "in unpicklable" in state["traceback"]

    @pytest.mark.parametrize("executor", ["processes:2", "elsewhere:in_processes"])
    def test_a_process_that_is_killed_fails_its_handler_alone(self, executor, tmp_path):
        flow = made(executor, workers=2 if executor == "processes:2" else 1, strategy="continue")
        mark = tmp_path / "mark"
        params = {"n": 8, "what": "die", "die_at": 3, "mark": str(mark)}
        job = flow.execute("a", params)
        assert ended(flow, job, 60) == "completed"
        assert [one["got"] for one in got(job)] == [0, 1, 2, 4, 5, 6, 7]
        assert mark.read_text() == "3\n"
        state = job.get_routine_state("b")
        assert (state["runs"], state["errors"]) == (8, 1)
        (record,) = [one for one in job.execution_history if one.event_name == "error_continued"]
        said = "killed by SIGKILL" if executor == "processes:2" else "lost this handler"
        assert said in record.data["error"]

    def test_it_is_run_again_where_the_error_handler_says_so(self, tmp_path):
        flow = made("processes:1", workers=1, strategy="retry")
        params = {"n": 3, "what": "die", "die_at": 1, "mark": str(tmp_path / "mark")}
        job = flow.execute("a", params)
        assert ended(flow, job, 60) == "completed"
        assert [one["got"] for one in got(job)] == [0, 1, 2]
        assert (tmp_path / "mark").read_text() == "1\n1\n"

    def test_a_fork_in_a_worker_process_hinders_nobody(self):
        flow = made("processes:1")
        job = flow.execute("a", {"n": 2, "what": "fork"})
        assert ended(flow, job, 60) == "completed"
        assert len(got(job)) == 2


class TestControls:
    def test_a_pause_lets_it_finish_and_no_process_is_left(self, tmp_path):
        flow = made("processes:1", workers=1)
        job = flow.execute("a", {"n": 3, "what": "wait", "folder": str(tmp_path)})
        until(lambda: (tmp_path / "begun 0").exists() and (tmp_path / "begun 0").read_text())
        flow.execution_of(job).pause()
        (tmp_path / "go on").touch()
        assert ended(flow, job) == "paused"
        pid = int((tmp_path / "begun 0").read_text())
        until(lambda: not Path(f"/proc/{pid}").exists())
        copy = JobState.from_plain(job.serialize())
        flow.resume(copy)
        assert ended(flow, copy, 60) == "completed"
        assert [one["got"] for one in got(copy)] == [0, 1, 2]

    def test_a_cancel_is_told_to_it(self, tmp_path):
        flow = made("processes:1", workers=1)
        job = flow.execute("a", {"n": 3, "what": "wait", "folder": str(tmp_path)})
        until((tmp_path / "begun 0").exists)
        flow.cancel(job)
        assert ended(flow, job) == "cancelled"
        assert (tmp_path / "cancelled 0").exists()
        assert got(job) == []
        assert "cancelled" in job.get_routine_state("b")["error"]

    def test_what_waits_for_a_process_is_not_begun_after_a_cancel(self, tmp_path):
        flow = made("processes:1", workers=3)
        job = flow.execute("a", {"n": 3, "what": "wait", "folder": str(tmp_path)})
        execution = flow.execution_of(job)
        until(lambda: list(tmp_path.glob("begun *")) and execution.handlers() == ["b"] * 3)
        flow.cancel(job)
        (tmp_path / "go on").touch()
        assert ended(flow, job) == "cancelled"
        assert len(list(tmp_path.glob("begun *"))) == 1
        send_again(job)
        assert ended(flow, job, 60) == "completed"
        assert sorted(one["got"] for one in got(job)) == [0, 1, 2]

    @pytest.mark.parametrize("executor", ["processes:1", "elsewhere:one_thread"])
    def test_what_waits_for_a_handler_that_hangs_ends_at_a_cancel(self, executor, tmp_path):
        flow = made(executor, workers=3)
        job = flow.execute("a", {"n": 3, "what": "hang", "folder": str(tmp_path)})
        execution = flow.execution_of(job)
        until(lambda: list(tmp_path.glob("begun *")) and execution.handlers() == ["b"] * 3)
        flow.cancel(job)
        until(lambda: execution.handlers() == ["b"])
        (tmp_path / "go on").touch()
        assert ended(flow, job) == "cancelled"
        assert len(list(tmp_path.glob("begun *"))) == 1
        send_again(job)
        assert ended(flow, job, 60) == "completed"
        assert len(list(tmp_path.glob("begun *"))) == 3

    def test_it_can_pause_its_own_job(self):
        flow = made("processes:1", workers=1)
        job = flow.execute("a", {"n": 4, "what": "pause"})
        assert ended(flow, job, 60) == "paused"
        (point,) = job.pause_points
        assert (point["reason"], point["checkpoint"]) == ("seen enough", {"page": 1})
        flow.resume(job)
        assert ended(flow, job, 60) == "completed"
        assert [one["got"] for one in got(job)] == [0, 1, 2, 3]

    def test_it_can_cancel_its_own_job(self):
        flow = made("processes:1", workers=1)
        job = flow.execute("a", {"n": 4, "what": "cancel"})
        assert ended(flow, job, 60) == "cancelled"
        assert got(job) == []

    def test_worker_processes_end_with_the_process_that_runs_the_job(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text(
            "import os, sys, time\n"
            f"sys.path.append({str(Path(elsewhere.__file__).parent)!r})\n"
            "from elsewhere import made\n"
            "flow = made('processes:1')\n"
            f"job = flow.execute('a', {{'what': 'wait', 'folder': {str(tmp_path)!r}}})\n"
            f"while not (os.path.exists({str(tmp_path / 'begun 0')!r}) "
            f"and open({str(tmp_path / 'begun 0')!r}).read()):\n"
            "    time.sleep(0.01)\n"
            "os._exit(0)\n"
        )
        subprocess.run([sys.executable, str(script)], check=True, timeout=60)
        pid = int((tmp_path / "begun 0").read_text())
        until(lambda: not Path(f"/proc/{pid}").exists())


class TestNames:
    @pytest.mark.parametrize("spec", ["process", "processes:0", "processes:x", "", "a b:c", 5])
    def test_an_executor_that_there_is_not_is_refused(self, spec):
        for refuse in (Routine().set_executor, Flow("f").set_executor, lambda s: Flow(executor=s)):
            with pytest.raises(FlowDefinitionError, match="no executor"):
                refuse(spec)

    def test_a_script_can_use_them(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text(
            "import os\n"
            "from routilux_tui import Flow, Routine\n"
            "class A(Routine):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.define_slot('trigger', handler=self.go)\n"
            "    def go(self):\n"
            "        state = self.get_execution_context().job_state\n"
            "        state.update_shared_data('pid', os.getpid())\n"
            "if __name__ == '__main__':\n"
            "    flow = Flow('f', executor='processes:1')\n"
            "    flow.add_routine(A(), 'a')\n"
            "    job = flow.execute('a')\n"
            "    flow.wait_for_completion()\n"
            "    print(job.status, job.get_shared_data('pid') != os.getpid())\n"
        )
        run = subprocess.run(
            [sys.executable, str(script)], check=True, timeout=60, capture_output=True, text=True
        )
        assert run.stdout == "completed True\n"


class TestPromises:
    def test_a_fence_of_the_flow_holds_for_dask_wherever_it_is_named(self):
        flow = Flow("fenced", fence=True)
        flow.add_routine(Routine().set_executor("dask://h:1"), "far")
        flow.add_routine(Routine().set_executor("processes"), "near")
        flow.add_routine(Routine(), "usual")
        assert executor_names(flow, "dask:local:2") == {
            "": "dask:local:2?fence",
            "far": "dask://h:1?fence",
            "near": "processes",
        }
        executors = Executors(flow, "dask:local:2")
        assert executors.of(flow.routines["far"])._fence
        assert executors.of(flow.routines["usual"])._fence
        assert Flow("named", executor="dask:local", fence=True).executor == "dask:local?fence"
        with pytest.raises(FlowDefinitionError, match="has no fence"):
            Flow("here", executor="processes", fence=True)

    @pytest.mark.parametrize(
        ("spec", "often", "lost"),
        [
            ("threads", "runs once", "resume"),
            ("processes:3", "runs once", "process is killed fails"),
            ("dask://h:1", "at least once", "worker dies runs again"),
            ("dask:local:2?fence", "at most once", "worker dies fails"),
            ("concurrent.futures:ProcessPoolExecutor", "not told of a cancel", "lost fails"),
        ],
    )
    def test_what_is_promised_is_said_for_each(self, spec, often, lost):
        assert often in promise_of(spec)
        assert lost in promise_of(spec)
