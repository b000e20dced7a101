"""A job that tells a value in every way that there is."""

from __future__ import annotations

from typing import Any

from routilux_tui.state.job_state import JobState

AT = 1_795_435_200.0


def told_job(secret: Any) -> JobState:
    """A paused job that was given a value as ``card``, and tells it wherever it can."""
    job = JobState("orders")
    job.make("shape", {"routines": [{"id": "price", "slots": ["in"], "events": ["out"]},
                                    {"id": f"at {secret}", "slots": ["in"], "events": []}],
                       "connections": [["price", "out", f"at {secret}", "in"]], "workers": 1})  # fmt: skip
    job.make("status", "running", AT)
    job.make("emit", "price", "start", {"card": secret, "n": 7}, AT, None, [(1, "price", "in")])
    job.make("emit", "price", "out", {"no": secret, "deep": [{"x": [secret, 7]}]}, AT, None,
             [(2, f"at {secret}", "in"), (3, "price", "in")])  # fmt: skip
    job.make("run", 2, f"at {secret}", AT)
    error = {"error": f"KeyError: {secret!r}", "traceback": f"x\n{secret}"}
    job.make("record", f"at {secret}", "error", {"slot": "in", **error}, AT, 2)
    job.make("ran", 2, f"at {secret}", "failed", AT + 1, error)
    job.make("ask", 0, "price", {"text": f"pay {secret}?", "event": "out",
             "data": {"card": secret, "why": secret}, "choices": {"yes": {"card": secret}},
             "types": {}}, AT, None)  # fmt: skip
    job.make("deferred", "price", "out", {"card": secret, "also": secret}, AT)
    job.make("shared", f"by {secret}", {"card": secret}, AT)
    job.make("shared", "other", secret, AT)
    job.make("log", {"message": f"paid {secret}", "number": secret}, AT)
    job.make("output", "price", "text", {"card": [secret]}, AT)
    job.make("control", "pause", {"uid": 0, "name": "ana"}, f"for {secret}", AT)
    job.make("alert_rule", "slow", {"name": "slow", "when": f'log_last.x == "{secret}"'}, AT)
    job.make(
        "pause_point", {"timestamp": "", "reason": f"{secret}", "checkpoint": {"a": secret}}, AT
    )
    job.make("status", "paused", AT)
    return job
