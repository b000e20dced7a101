"""A job with something to see: inputs that fail, a queue, an end in sight; it stands still."""

from __future__ import annotations

from routilux_tui.state.job_state import JobState
from tests.tui.stub import NOON

SHAPE = {
    "routines": [
        {"id": "source", "slots": ["trigger", "more"], "events": ["order", "more"]},
        {"id": "validate", "slots": ["order"], "events": ["valid"]},
        {"id": "price", "slots": ["valid"], "events": ["priced"]},
        {"id": "store", "slots": ["priced"], "events": []},
        {"id": "report", "slots": ["priced"], "events": []},
    ],
    "connections": [
        ["source", "more", "source", "more"],
        ["source", "order", "validate", "order"],
        ["validate", "valid", "price", "valid"],
        ["price", "priced", "store", "priced"],
        ["price", "priced", "report", "priced"],
    ],
    "workers": 4,
}
TRACE = """Traceback (most recent call last):
  File "/srv/nightly/nightly_orders.py", line 37, in price
    self.emit("priced", record=record, total=amount * lookup(currency))
  File "/srv/nightly/nightly_orders.py", line 43, in lookup
    raise LookupError("rate service answered 404")
"""
ERROR = "rate service answered 404"


def orders(number: int = 240, every: int = 23, status: str = "running") -> JobState:
    """A job of so many orders, of which some fail and are tried again."""
    job = JobState("nightly_orders")
    job._job_id = "ca9ede04-0000-4000-8000-000000000000"
    began = job._created = NOON - 75.0
    job.flow_routines = ["source", "validate", "price", "store", "report"]
    job.make("emit", "source", "start", {}, began, None, [(1, "source", "trigger")])
    job.make("status", "running", began)
    job.make("shape", SHAPE)
    job.make("run", 1, "source", began)
    task = 1
    for n in range(number):
        at = began + 0.3 * n
        order = {"record": f"ord-{n:06}", "amount": round(n * 30.73 % 300, 2),
                 "currency": "EUR" if n % every else "EÜR", "customer": {"id": n % 89}}  # fmt: skip
        check, price = task + 1, task + 2
        job.make("emit", "source", "order", order, at, 1, [(check, "validate", "order")])
        job.make("run", check, "validate", at + 0.001)
        job.make("emit", "validate", "valid", order, at + 0.001, check, [(price, "price", "valid")])
        job.make("ran", check, "validate", "completed", at + 0.002, None)
        job.make("run", price, "price", at + 0.003)
        if n % every == 0:
            _fail(job, price, at + 0.004, tries=min(8, 1 + (number - n) // 40))
            task = price
            continue
        priced = {"record": order["record"], "total": order["amount"]}
        store, report = price + 1, price + 2
        queued = [(store, "store", "priced"), (report, "report", "priced")]
        job.make("emit", "price", "priced", priced, at + 0.004, price, queued)
        job.make("ran", price, "price", "completed", at + 0.004 + n % 7 * 0.003, None)
        job.make("run", store, "store", at + 0.03)
        job.make("ran", store, "store", "completed", at + 0.034, None)
        if n < number // 2:  # the reports don't keep up
            job.make("run", report, "report", at + 0.05)
            job.make("ran", report, "report", "completed", at + 0.25, None)
        elif n == number // 2:
            job.make("run", report, "report", NOON - 4.5)
        task = report
    job.make("log", {"message": f"{number} orders read", "timestamp": NOON}, NOON)
    job.make("shared", "last", f"ord-{number - 1:06}", NOON)
    job.make("progress", "source", number, 430, NOON)
    job.make("status", status, NOON)
    return job


def _fail(job: JobState, task: int, at: float, tries: int) -> None:
    """A task that failed so often, and waits for another try."""
    number = job.traceback_number(TRACE)
    detail = {"error": f"LookupError: {ERROR}", "traceback": TRACE}
    for turn in range(1, tries + 1):
        then = at + 2.0 * turn
        said = {
            "slot": "valid",
            "error": ERROR,
            "error_type": "LookupError",
            "retry": f"{turn} of 9",
        }
        job.make("record", "price", "error", said, then, task, number)
        job.make("retry", task, "price", then, detail, turn, NOON + 3.0 + task % 9)
        if turn < tries:
            job.make("run", task, "price", then + 1.9)
