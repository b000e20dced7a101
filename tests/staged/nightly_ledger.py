"""A staged wait: a job that stops in its middle until a person answers.

Parameters: ``accounts``, ``limit`` up to which nobody is asked, ``big`` (the account whose amount
is over it).
"""

from __future__ import annotations

from routilux_tui import Flow, Routine


class Collect(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.collect)
        self.define_event("entry", ["account", "amount", "limit"])

    def collect(self, accounts=300, limit=10_000, big=212):
        for n in range(accounts):
            amount = 48_211 if n == big else n * 37 % 997
            self.emit("entry", account=f"acc-{n:04}", amount=amount, limit=limit)


class Book(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("entry", handler=self.book)
        self.define_event("booked", ["account", "amount"])

    def book(self, account, amount, limit):
        if amount <= limit:
            self.emit("booked", account=account, amount=amount)
            return
        flow, job, _ = self.get_execution_context()
        job.append_to_shared_log({"message": f"{account}: {amount} is over the limit of {limit}"})
        self.emit_deferred_event("booked", account=account, amount=amount)
        flow.pause(job, reason="four-eyes approval", checkpoint={"account": account})


class Post(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("booked", handler=self.post)

    def post(self, account, amount):
        self.get_execution_context().job_state.update_shared_data("posted", account)


def flow() -> Flow:
    ledger = Flow("nightly_ledger")
    ledger.add_routine(Collect(), "collect")
    ledger.add_routine(Book(), "book")
    ledger.add_routine(Post(), "post")
    ledger.connect("collect", "entry", "book", "entry")
    ledger.connect("book", "booked", "post", "booked")
    return ledger
