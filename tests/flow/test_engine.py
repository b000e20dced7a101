"""What a user sees of a job that runs: its routines, its workers, its end."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from steps import Gate, Step, chain, emit_many, ended, pass_on

from routilux_tui import Flow, JobState, Routine
from routilux_tui.errors import FlowDefinitionError, NotPossible


class TestRunning:
    def test_every_event_reaches_every_step_in_order(self):
        seen = []
        flow = chain(emit_many, pass_on, lambda _s, i: seen.append(i))
        job = flow.execute("a", {"n": 50})
        assert ended(flow, job) == "completed"
        assert seen == list(range(50))

    def test_every_routine_that_runs_gets_a_state_with_counts_and_times(self):
        flow = chain(emit_many, lambda _s, i: time.sleep(0.002))
        job = flow.execute("a", {"n": 3})
        ended(flow, job)
        assert list(job.routine_states) == ["a", "b"]
        state = job.get_routine_state("b")
        assert state["status"] == "completed"
        assert (state["runs"], state["errors"], state["retries"], state["active"]) == (3, 0, 0, 0)
        assert state["started_at"] < state["ended_at"]
        assert state["execution_time"] >= 0.006

    def test_a_routine_is_running_while_its_handler_runs(self):
        gate = Gate()
        flow = chain(gate)
        job = flow.execute("a")
        gate.wait()
        assert job.status == "running"
        assert job.get_routine_state("a")["status"] == "running"
        assert job.get_routine_state("a")["active"] == 1
        assert job.current_routine_id == "a"
        gate.open()
        assert ended(flow, job) == "completed"

    def test_a_run_that_goes_well_does_not_hide_the_one_beside_it_that_ended_the_job(self):
        gate = Gate()

        def work(step, i):
            if i:
                raise ValueError("broken")
            gate(step)

        flow = chain(emit_many, work)
        flow.set_execution_strategy("concurrent", max_workers=3)
        job = flow.execute("a", {"n": 2})
        gate.wait()
        while job.status == "running":
            time.sleep(0.001)
        gate.open()
        assert ended(flow, job) == "failed"
        assert job.get_routine_state("b")["status"] == "failed"
        assert job.get_routine_state("b")["error"] == "broken"

    def test_the_history_begins_with_the_start_and_has_every_event(self):
        flow = chain(emit_many, pass_on, None)
        job = flow.execute("a", {"n": 2})
        ended(flow, job)
        told = [(r.routine_id, r.event_name, r.data) for r in job.get_execution_history()]
        assert told[0] == ("a", "start", {"n": 2})
        assert sorted(told[1:], key=str) == [
            ("a", "out", {"i": 0}),
            ("a", "out", {"i": 1}),
            ("b", "out", {"i": 0}),
            ("b", "out", {"i": 1}),
        ]

    def test_execute_returns_at_once(self):
        gate = Gate()
        flow = chain(gate)
        job = flow.execute("a")
        assert job.status == "running"
        gate.open()
        ended(flow, job)

    def test_concurrent_handlers_run_at_the_same_time_and_no_more_than_asked(self):
        together = threading.Barrier(3)
        most, now, lock = [0], [0], threading.Lock()

        def meet(_step, **_):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            together.wait(10)
            with lock:
                now[0] -= 1

        flow = chain(emit_many, meet, execution_strategy="concurrent", max_workers=3)
        job = flow.execute("a", {"n": 9})
        assert ended(flow, job) == "completed"
        assert most[0] == 3

    def test_one_event_to_many_slots_uses_all_workers(self):
        together = threading.Barrier(4)
        flow = Flow("fan", execution_strategy="concurrent", max_workers=4)
        flow.add_routine(Step(pass_on), "a")
        for name in "bcde":
            flow.add_routine(Step(lambda _s, **_: together.wait(10)), name)
            flow.connect("a", "out", name, "in")
        assert ended(flow, flow.execute("a")) == "completed"

    def test_held_tasks_use_all_workers_after_a_resume(self):
        together = threading.Barrier(4)
        gate = Gate()

        def first(step, **_):
            emit_many(step, 4)
            gate(step)

        flow = chain(first, lambda _s, i: together.wait(10))
        job = flow.execute("a")  # one worker, so that all four are held
        gate.wait()
        asked = threading.Thread(target=flow.pause, args=(job,))
        asked.start()
        while flow.execution_of(job).control is None:
            time.sleep(0.001)
        gate.open()
        asked.join()
        assert len(job.pending_tasks) == 4
        flow.execution_of(job).workers = 4
        flow.resume(job)
        assert ended(flow, job) == "completed"

    def test_sequential_runs_one_handler_at_a_time(self):
        inside, overlaps = [0], []

        def alone(_step, **_):
            inside[0] += 1
            overlaps.append(inside[0])
            time.sleep(0.001)
            inside[0] -= 1

        flow = chain(emit_many, alone)
        ended(flow, flow.execute("a", {"n": 20}))
        assert set(overlaps) == {1}

    def test_a_job_without_a_waiter_ends_by_itself(self):
        flow = chain(emit_many, None)
        job = flow.execute("a", {"n": 5})
        until = time.monotonic() + 10
        while job.status == "running" and time.monotonic() < until:
            time.sleep(0.001)
        assert job.status == "completed"

    def test_a_job_of_a_program_that_does_not_wait_runs_to_its_end(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text(
            "import time\n"
            "from routilux_tui import Flow, Routine\n"
            "class A(Routine):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.define_slot('trigger', handler=self.go)\n"
            "    def go(self):\n"
            "        time.sleep(0.1)\n"
            f"        open({str(tmp_path / 'mark')!r}, 'w').close()\n"
            "flow = Flow('f')\n"
            "flow.add_routine(A(), 'a')\n"
            "flow.execute('a')\n"
        )
        subprocess.run([sys.executable, str(script)], check=True, timeout=30)
        assert (tmp_path / "mark").exists()

    def test_a_program_with_a_paused_job_can_end(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text(
            "from routilux_tui import Flow, Routine\n"
            "class A(Routine):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.define_slot('trigger', handler=self.go)\n"
            "    def go(self):\n"
            "        c = self.get_execution_context()\n"
            "        c.flow.pause(c.job_state)\n"
            "flow = Flow('f')\n"
            "flow.add_routine(A(), 'a')\n"
            "job = flow.execute('a')\n"
            "flow.wait_for_completion()\n"
            "print(job.status)\n"
        )
        run = subprocess.run(
            [sys.executable, str(script)], check=True, timeout=30, capture_output=True, text=True
        )
        assert run.stdout == "paused\n"

    def test_two_jobs_on_one_flow_share_nothing(self):
        def count(step, i, who):
            job = step.get_execution_context().job_state
            job.update_shared_data(who, job.get_shared_data(who, 0) + 1)

        def start(step, n, who):
            for i in range(n):
                step.emit("out", i=i, who=who)

        flow = Flow("two", execution_strategy="concurrent", max_workers=3)
        flow.add_routine(Step(start), "a")
        step = Step()
        step.define_slot("all", handler=lambda i, who: None, merge_strategy="append")
        flow.add_routine(step, "b")
        flow.add_routine(Step(count), "c")
        flow.connect("a", "out", "b", "all")
        flow.connect("a", "out", "c", "in")
        jobs = {who: flow.execute("a", {"n": 40, "who": who}, "sequential") for who in "xyz"}
        for who, job in jobs.items():
            assert ended(flow, job) == "completed"
            assert dict(job.shared_data) == {who: 40}
            assert set(job.slot_data["b", "all"]["who"]) == {who}
            assert len(job.slot_data["b", "all"]["i"]) == 40
            assert job.get_routine_state("c")["runs"] == 40

    def test_a_job_is_started_once(self):
        flow = chain(None)
        job = flow.execute("a")
        ended(flow, job)
        with pytest.raises(NotPossible, match="started before"):
            flow.execution_of(job).start("a", {})

    def test_an_entry_without_a_trigger_is_an_error_that_says_so(self):
        flow = Flow("f")
        flow.add_routine(Routine(), "a")
        with pytest.raises(FlowDefinitionError, match="trigger"):
            flow.execute("a")
        with pytest.raises(ValueError, match="no routine 'b'"):
            flow.execute("b")

    def test_a_handler_can_not_wait_for_its_own_end_for_ever(self):
        said = []

        def wait(step, **_):
            context = step.get_execution_context()
            with pytest.raises(NotPossible) as error:
                JobState.wait_for_completion(context.flow, context.job_state)
            said.append(str(error.value))

        flow = chain(wait)
        assert ended(flow, flow.execute("a")) == "completed"
        assert "own job" in said[0]


class TestTheEngineItselfFailing:
    def test_the_job_fails_and_says_why(self, caplog):
        flow = chain(emit_many, None)
        job = flow.prepare(JobState("chain")).job_state
        del flow.routines["b"]  # no user should; the engine must not hang on it
        flow.execution_of(job).start("a", {"n": 3})
        assert ended(flow, job) == "failed"
        assert "KeyError" in job.routine_states["_failure"]["reason"]
        assert "engine failed" in caplog.text

    def test_a_listener_that_raises_harms_nobody(self, caplog):
        flow = chain(emit_many, None)
        execution = flow.prepare(JobState("chain"))
        seen = []

        def bad(_change):
            raise RuntimeError("listener")

        execution.job_state.subscribe(bad)
        execution.job_state.subscribe(seen.append)
        execution.start("a", {"n": 3})
        assert ended(flow, execution.job_state) == "completed"
        assert [change[0] for change in seen] == list(range(1, execution.job_state.seq + 1))
        assert caplog.text.count("A listener of job") == 1


class TestWhatAUserStoresForARoutine:
    @pytest.mark.parametrize(
        "state",
        [
            {},
            {"result": 3},
            {"status": "completed", "result": 3},
            {"runs": "many", "active": None, "errors": [], "execution_time": "long"},
            {"status": None},
        ],
    )
    def test_no_state_of_a_users_own_stops_the_engine(self, state):
        def work(step, **_):
            context = step.get_execution_context()
            context.job_state.update_routine_state(context.routine_id, state)

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": 3})
        assert ended(flow, job) == "completed"
        told = job.get_routine_state("b")
        assert told["runs"] == 3
        assert told.get("result") == state.get("result")

    def test_a_failure_that_a_handler_tells_fails_the_job_at_its_end(self):
        def work(step, i):
            context = step.get_execution_context()
            context.job_state.update_routine_state(context.routine_id, {"status": "failed"})

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": 1})
        assert ended(flow, job) == "failed"
