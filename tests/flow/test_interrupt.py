"""Ctrl-C ends a program whose job would go on for ever."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

# A shell has what it runs in the background ignore Ctrl-C, and its children inherit that.
SCRIPT = """
import signal
import time
from routilux_tui import Flow, JobState, Routine

signal.signal(signal.SIGINT, signal.default_int_handler)

class Endless(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.tick)
        self.define_event("again")

    def tick(self):
        time.sleep(0.01)
        self.emit("again")

flow = Flow("endless")
flow.add_routine(Endless(), "tick")
flow.connect("tick", "again", "tick", "trigger")
job = flow.execute("tick")
job.subscribe(lambda change: print("status", change[2], flush=True) if change[1] == "status" else 0)
print("started", flush=True)
{wait}
"""


@pytest.mark.parametrize(
    "wait",
    ["JobState.wait_for_completion(flow, job)", "flow.wait_for_completion()", "time.sleep(60)"],
)
def test_ctrl_c_ends_the_program_and_cancels_its_job(tmp_path, wait):
    script = tmp_path / "endless.py"
    script.write_text(SCRIPT.replace("{wait}", wait))
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert out == "status cancelled\n"
    assert "KeyboardInterrupt" in err
    assert process.returncode != 0
