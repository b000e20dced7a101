"""Output handlers that are ready to use."""

from __future__ import annotations

import queue
from datetime import datetime

import pytest

from routilux_tui import (
    CallbackOutputHandler,
    JobState,
    NullOutputHandler,
    OutputHandler,
    QueueOutputHandler,
)


def test_outputs_come_out_of_a_queue():
    outputs = queue.Queue()
    job = JobState("f")
    job.set_output_handler(QueueOutputHandler(outputs))
    job.send_output("a", "found", {"n": 1})
    output = outputs.get_nowait()
    assert datetime.fromisoformat(output.pop("timestamp")).utcoffset() is not None
    assert output == {
        "job_id": job.job_id,
        "routine_id": "a",
        "output_type": "found",
        "data": {"n": 1},
    }


def test_outputs_are_told_to_a_callback():
    told = []
    job = JobState("f")
    job.set_output_handler(CallbackOutputHandler(lambda *words: told.append(words)))
    job.send_output("a", "found", {"n": 1})
    assert told[0][:4] == (job.job_id, "a", "found", {"n": 1})
    assert isinstance(told[0][4], datetime)


def test_outputs_can_go_to_the_log_alone():
    job = JobState("f")
    job.set_output_handler(NullOutputHandler())
    job.send_output("a", "found", {})
    assert [one["output_type"] for one in job.output_log] == ["found"]


def test_an_output_handler_handles():
    with pytest.raises(TypeError, match="handle"):
        OutputHandler()
