"""Going on with a job from its file, in another process or after a kill."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from steps import Gate, Step, chain, emit_many, ended

from routilux_tui import Flow, JobState
from routilux_tui.errors import NotPossible


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

    @pytest.mark.parametrize("status", ["pending", "paused", "running"])
    def test_a_job_at_a_routine_that_the_flow_does_not_have_is_refused(self, status):
        job = JobState("chain")
        job.status = status
        job.current_routine_id = "missing"
        with pytest.raises(ValueError, match="'missing', which this flow does not have"):
            chain(None).resume(job)
