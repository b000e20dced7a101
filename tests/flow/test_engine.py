"""What a user sees of a job that runs: its routines, its end, pausing, resuming, cancelling."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest
from steps import Gate, Step, chain, emit_many, ended, pass_on

from routilux_tui import ErrorHandler, Flow, JobState, Routine
from routilux_tui.errors import FlowDefinitionError, JobCancelled, NotPossible


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
        assert job.get_routine_state("b")["error"] == "ValueError: broken"

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

    def test_an_emit_from_a_thread_of_the_users_own_goes_to_the_job_that_runs(self):
        seen = []

        def start(step, **_):
            thread = threading.Thread(target=step.emit, args=("out",), kwargs={"i": 7})
            thread.start()
            thread.join()

        flow = chain(start, lambda _s, i: seen.append(i))
        assert ended(flow, flow.execute("a")) == "completed"
        assert seen == [7]

    def test_a_thread_of_a_cancelled_job_that_emits_runs_no_handler(self):
        gate, seen, errors = Gate(), [], []
        flow = chain(gate, lambda _s, i: seen.append(i))
        job = flow.execute("a")
        gate.wait()
        flow.cancel(job)
        gate.open()
        assert ended(flow, job) == "cancelled"

        def late():
            try:
                flow.routines["a"].emit("out", i=7)
            except JobCancelled as error:
                errors.append(error)

        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
        assert (seen, len(errors)) == ([], 1)

    def test_outside_of_any_job_an_emit_calls_the_slots_directly(self):
        seen = []
        flow = chain(None, lambda _s, i: seen.append(i))
        flow.routines["a"].emit("out", i=1)
        assert seen == [1]

    def test_a_thread_that_emits_late_runs_no_handler_of_a_job_that_has_ended(self):
        seen = []
        flow = chain(None, lambda _s, i: seen.append(i))
        assert ended(flow, flow.execute("a")) == "completed"
        with pytest.raises(NotPossible, match="has ended"):
            flow.routines["a"].emit("out", i=1)
        assert seen == []

    def test_what_a_thread_emits_while_the_job_is_paused_is_held(self):
        seen = []

        def pause(step, **_):
            context = step.get_execution_context()
            context.flow.pause(context.job_state)

        flow = chain(pause, lambda _s, i: seen.append(i))
        job = flow.execute("a")
        assert ended(flow, job) == "paused"
        flow.routines["a"].emit("out", i=1)
        assert seen == []
        assert [task["data"] for task in job.pending_tasks] == [{"i": 1}]
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert seen == [1]

    def test_beside_a_paused_job_a_thread_must_say_which_it_means(self):
        def pause(step, pausing=False, **_):
            context = step.get_execution_context()
            if pausing:
                context.flow.pause(context.job_state)
            else:
                gate(step)

        gate = Gate()
        flow = chain(pause)
        paused = flow.execute("a", {"pausing": True})
        assert ended(flow, paused) == "paused"
        other = flow.execute("a")
        gate.wait()
        with pytest.raises(NotPossible, match="more than one job"):
            flow.routines["a"].emit("out", i=1)
        gate.open()
        assert ended(flow, other) == "completed"


class TestPausing:
    def paused_with(self, n=5):
        gate = Gate()
        ran = []

        def work(step, i):
            gate(step)
            ran.append(i)

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": n})
        gate.wait()
        execution = flow.execution_of(job)
        assert execution.pause("because", {"page": 3}) == 1
        return flow, job, gate, ran, execution

    def test_pausing_lets_the_running_handler_finish_and_holds_the_rest(self):
        flow, job, gate, ran, execution = self.paused_with(5)
        assert job.status == "running"
        assert execution.control.action == "pause"
        assert execution.control.running == 1
        gate.open()
        assert ended(flow, job) == "paused"
        assert execution.control is None
        assert ran == [0]
        assert [task["data"]["i"] for task in job.pending_tasks] == [1, 2, 3, 4]
        assert {task["slot_routine_id"] for task in job.pending_tasks} == {"b"}
        task = job.pending_tasks[0]
        assert task["connection_source_routine_id"] == "a"
        assert task["connection_source_event_name"] == "out"
        assert task["connection_target_routine_id"] == "b"
        assert task["connection_target_slot_name"] == "in"

    def test_one_pause_makes_one_pause_point_however_often_it_is_asked(self):
        flow, job, gate, _, execution = self.paused_with(3)
        execution.pause("again")
        gate.open()
        ended(flow, job)
        assert len(job.pause_points) == 1
        point = job.pause_points[0]
        assert point["reason"] == "because"
        assert point["checkpoint"] == {"page": 3}
        assert point["current_routine_id"] == "b"

    def test_resuming_runs_each_held_task_once_in_order(self):
        flow, job, gate, ran, _ = self.paused_with(6)
        gate.open()
        ended(flow, job)
        gate.open(10)
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert ran == list(range(6))
        assert job.pending_tasks == []

    def test_a_pause_that_is_awaited_can_be_called_off(self):
        flow, job, gate, ran, execution = self.paused_with(4)
        execution.resume()
        assert execution.control is None
        gate.open(10)
        assert ended(flow, job) == "completed"
        assert ran == list(range(4))
        assert job.pause_points == []

    def test_pause_from_outside_returns_when_the_job_is_paused(self):
        flow = chain(emit_many, lambda _s, i: time.sleep(0.005))
        job = flow.execute("a", {"n": 200})
        assert flow.pause(job, "enough")
        assert job.status == "paused"
        assert flow.execution_of(job).handlers() == []
        flow.cancel(job)

    def test_pause_from_outside_gives_up_after_its_timeout_but_stays_asked(self):
        gate = Gate()
        flow = chain(gate)
        job = flow.execute("a")
        gate.wait()
        assert not flow.pause(job, timeout=0.02)
        assert flow.execution_of(job).control.action == "pause"
        gate.open()
        assert ended(flow, job) == "paused"

    def test_a_handler_can_pause_its_own_job(self):
        ran = []

        def work(step, i):
            ran.append(i)
            if i == 2:
                context = step.get_execution_context()
                context.flow.pause(context.job_state, "at two", {"i": i})

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": 5})
        assert ended(flow, job) == "paused"
        assert ran == [0, 1, 2]
        assert job.pause_points[0]["checkpoint"] == {"i": 2}
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert ran == [0, 1, 2, 3, 4]

    def test_two_handlers_that_pause_at_once_make_one_pause(self):
        together = threading.Barrier(2)

        def work(step, **_):
            context = step.get_execution_context()
            together.wait(10)
            context.flow.pause(context.job_state, "both")

        flow = chain(emit_many, work, execution_strategy="concurrent", max_workers=2)
        job = flow.execute("a", {"n": 2})
        assert ended(flow, job) == "paused"
        assert len(job.pause_points) == 1

    def test_deferred_events_come_first_on_resume_in_order(self):
        seen = []

        def work(step, i):
            seen.append(i)
            if i == 0:
                step.emit_deferred_event("out", i="first")
                step.emit_deferred_event("out", i="second")
                context = step.get_execution_context()
                context.flow.pause(context.job_state)

        flow = chain(emit_many, work, lambda _s, i: seen.append(f"got {i}"))
        job = flow.execute("a", {"n": 3})
        assert ended(flow, job) == "paused"
        assert [one["event_name"] for one in job.deferred_events] == ["out", "out"]
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert seen == [0, "got first", "got second", 1, 2]
        assert job.deferred_events == []

    def test_a_pause_with_nothing_left_to_do_is_still_a_pause(self):
        def ask(step, **_):
            step.emit_deferred_event("out", answer=42)
            context = step.get_execution_context()
            context.flow.pause(context.job_state, "a person must say yes")

        got = []
        flow = chain(ask, lambda _s, answer: got.append(answer))
        job = flow.execute("a")
        assert ended(flow, job) == "paused"
        assert job.pending_tasks == []
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert got == [42]

    def test_a_retry_that_waits_is_held_by_a_pause(self):
        tries = []

        def fail_once(_step, **_):
            tries.append(1)
            if len(tries) == 1:
                raise ValueError("once")

        flow = chain(fail_once)
        flow.set_error_handler(ErrorHandler("retry", max_retries=2, retry_delay=60))
        job = flow.execute("a")
        assert JobState.wait_until_condition(
            flow, job, lambda f, _: f.get_routine_retry_count("a") == 1, timeout=10
        )
        flow.pause(job)
        assert [task["retry_count"] for task in job.pending_tasks] == [1]
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert len(tries) == 2

    def test_a_failure_while_a_pause_is_awaited_ends_the_job(self):
        gate = Gate()

        def fail(step, **_):
            gate(step)
            raise ValueError("no")

        flow = chain(fail)
        job = flow.execute("a")
        gate.wait()
        flow.execution_of(job).pause("too late")
        gate.open()
        assert ended(flow, job) == "failed"
        assert job.pause_points == []

    @pytest.mark.parametrize("status", ["pending", "completed", "failed", "cancelled", "paused"])
    def test_only_a_running_job_can_be_paused(self, status):
        flow = chain(None)
        job = JobState("chain")
        job.status = status
        with pytest.raises(NotPossible, match=status):
            flow.pause(job)

    def test_an_emit_while_paused_is_held_like_the_rest(self):
        flow = chain(None, None)
        job = flow.execute("a")
        ended(flow, job)
        flow, job, gate, _, execution = self.paused_with(1)
        gate.open()
        ended(flow, job)
        execution.emit(None, flow.routines["a"], "out", {"i": 99})
        assert [task["data"] for task in job.pending_tasks] == [{"i": 99}]
        gate.open(5)
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert job.get_routine_state("b")["runs"] == 2


class TestResumingFromAFile:
    def test_a_paused_job_goes_on_in_another_process(self, tmp_path):
        script = tmp_path / "work.py"
        script.write_text(
            "import sys\n"
            "from routilux_tui import Flow, JobState, Routine\n"
            "class A(Routine):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.define_slot('trigger', handler=self.start)\n"
            "        self.define_slot('in', handler=self.work)\n"
            "        self.define_event('out')\n"
            "    def start(self):\n"
            "        for i in range(6):\n"
            "            self.emit('out', i=i)\n"
            "    def work(self, i):\n"
            "        print(i)\n"
            "        if i == 2:\n"
            "            c = self.get_execution_context()\n"
            "            c.flow.pause(c.job_state)\n"
            "flow = Flow('saved')\n"
            "flow.add_routine(A(), 'a')\n"
            "flow.connect('a', 'out', 'a', 'in')\n"
            "if sys.argv[1] == 'start':\n"
            "    job = flow.execute('a')\n"
            "else:\n"
            "    job = flow.resume(JobState.load(sys.argv[2]))\n"
            "flow.wait_for_completion()\n"
            "job.save(sys.argv[2])\n"
        )
        said = []
        for what in ("start", "resume"):
            run = subprocess.run(
                [sys.executable, str(script), what, str(tmp_path / "job.json")],
                check=True,
                capture_output=True,
                text=True,
                timeout=30,
            )
            said.append(run.stdout.split())
        assert said == [["0", "1", "2"], ["3", "4", "5"]]
        job = JobState.load(tmp_path / "job.json")
        assert job.status == "completed"
        assert job.get_routine_state("a")["runs"] == 7

    def killed(self):
        """A job whose process was killed while b's handler had emitted twice for task 0."""
        flow = chain(emit_many, None, None)
        live = JobState("chain")
        live.make("status", "running", 1.0)
        live.make("emit", "a", "start", {"n": 2}, 1.0, None, [(1, "a", "trigger")])
        live.make("run", 1, "a", 1.0)
        live.make("emit", "a", "out", {"i": 0}, 1.0, 1, [(2, "b", "in")])
        live.make("emit", "a", "out", {"i": 1}, 1.0, 1, [(3, "b", "in")])
        live.make("ran", 1, "a", "completed", 2.0, None)
        live.make("run", 2, "b", 2.0)
        live.make("emit", "b", "out", {"n": 0}, 2.0, 2, [(4, "c", "in")])
        live.make("emit", "b", "out", {"n": 1}, 2.0, 2, [(5, "c", "in")])
        return flow, JobState.from_plain(json.loads(json.dumps(live.serialize())))

    def test_a_killed_job_runs_what_had_not_ended_and_delivers_nothing_twice(self):
        flow, job = self.killed()
        seen = []

        def emit_three(step, i):
            for n in range(3):
                step.emit("out", n=n, i=i)

        flow.routines["b"].function = emit_three
        flow.routines["c"].function = lambda _s, n, i=None: seen.append((i, n))
        assert job.status == "running"
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert job.get_routine_state("a")["runs"] == 1
        # Two of task 0's three events were delivered before the crash; they had no `i`.
        assert sorted(seen, key=str) == sorted(
            [(None, 0), (None, 1), (0, 2), (1, 0), (1, 1), (1, 2)], key=str
        )

    def test_tasks_named_by_memory_address_are_refused_with_the_way_out(self):
        flow = chain(None, None)
        job = JobState("chain")
        job.status = "paused"
        job.pending_tasks = [{"slot_routine_id": "0x7f33ab", "slot_name": "in", "data": {}}]
        with pytest.raises(NotPossible, match=r"memory address.*run the flow anew"):
            flow.resume(job)
        assert job.status == "paused"
        assert len(job.pending_tasks) == 1

    def test_a_flow_that_lacks_what_is_held_is_refused_and_says_what(self):
        flow = chain(None)
        job = JobState("chain")
        job.status = "paused"
        job.pending_tasks = [{"slot_routine_id": "gone", "slot_name": "in", "data": {}}]
        with pytest.raises(NotPossible, match="'gone'"):
            flow.resume(job)
        job.pending_tasks = []
        job.add_deferred_event("a", "nothing", {})
        with pytest.raises(NotPossible, match="'nothing'"):
            flow.resume(job)

    @pytest.mark.parametrize("status", ["pending", "completed", "failed", "cancelled"])
    def test_a_job_that_has_ended_or_never_began_is_not_resumed(self, status):
        job = JobState("chain")
        job.status = status
        with pytest.raises(NotPossible, match=status):
            chain(None).resume(job)

    def test_a_job_that_runs_is_not_run_twice(self):
        gate = Gate()
        flow = chain(gate)
        job = flow.execute("a")
        gate.wait()
        with pytest.raises(NotPossible, match="running"):
            flow.resume(job)
        with pytest.raises(NotPossible, match="already"):
            chain(None).prepare(job)
        gate.open()
        ended(flow, job)

    def test_a_flow_without_a_name_takes_up_its_job_in_another_process(self):
        def made():
            flow = Flow()
            flow.add_routine(Step(), "a")
            return flow

        job = JobState(made().flow_id)
        job.status = "paused"
        job.pending_tasks = [{"slot_routine_id": "a", "slot_name": "in", "data": {}}]
        flow = made()
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert job.get_routine_state("a")["runs"] == 1


class TestCancelling:
    def test_cancel_drops_what_has_not_started_and_records_how_much(self):
        gate = Gate()
        ran = []

        def work(step, i):
            ran.append(i)
            gate(step)

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": 10})
        gate.wait()
        assert flow.execution_of(job).cancel("no more") == 9
        assert job.status == "cancelled"
        assert flow.execution_of(job).control.action == "cancel"
        assert not JobState.wait_for_completion(flow, job, timeout=0)
        gate.open()
        assert ended(flow, job) == "cancelled"
        assert ran == [0]
        told = job.routine_states["_cancellation"]
        assert told["reason"] == "no more"
        assert told["dropped"] == 9
        assert job.pending_tasks == []

    def test_a_running_handler_can_ask_and_its_emit_raises(self):
        gate = Gate()
        said = []

        def work(step, **_):
            said.append((step.cancelled, step.get_execution_context().cancelled))
            gate(step)
            said.append((step.cancelled, step.get_execution_context().cancelled))
            with pytest.raises(JobCancelled):
                step.emit("out")
            step.emit("out")

        flow = chain(work, None)
        job = flow.execute("a")
        gate.wait()
        flow.cancel(job)
        gate.open()
        assert ended(flow, job) == "cancelled"
        assert said == [(False, False), (True, True)]
        assert "b" not in job.routine_states
        assert "cancelled" in job.get_routine_state("a")["error"]

    def test_a_paused_job_can_be_cancelled_and_never_resumed(self):
        flow = chain(emit_many, None)
        job = JobState("chain")
        job.status = "paused"
        job.pending_tasks = [{"slot_routine_id": "b", "slot_name": "in", "data": {}}] * 3
        flow.cancel(job, "old")
        assert job.status == "cancelled"
        assert job.routine_states["_cancellation"]["dropped"] == 3
        assert job.pending_tasks == []
        with pytest.raises(NotPossible, match="cancelled"):
            flow.resume(job)

    def test_a_retry_that_waits_is_dropped_by_a_cancel(self):
        def fail(_step, **_):
            raise ValueError("no")

        flow = chain(fail)
        flow.set_error_handler(ErrorHandler("retry", max_retries=5, retry_delay=60))
        job = flow.execute("a")
        assert JobState.wait_until_condition(
            flow, job, lambda f, _: f.get_routine_retry_count("a") == 1, timeout=10
        )
        assert flow.execution_of(job).cancel() == 1
        assert ended(flow, job) == "cancelled"

    def test_a_handler_can_cancel_its_own_job(self):
        def work(step, i):
            if i == 1:
                context = step.get_execution_context()
                context.flow.cancel(context.job_state, "seen enough")

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": 5})
        assert ended(flow, job) == "cancelled"
        assert job.get_routine_state("b")["runs"] == 2

    def test_a_job_that_has_ended_is_not_cancelled(self):
        flow = chain(None)
        job = flow.execute("a")
        ended(flow, job)
        with pytest.raises(NotPossible, match="completed"):
            flow.cancel(job)

    def test_a_job_of_another_flow_is_refused(self):
        flow = chain(None)
        for act in (flow.cancel, flow.pause, flow.resume):
            with pytest.raises(ValueError, match="other"):
                act(JobState("other"))


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
