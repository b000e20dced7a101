"""Prepares an order, pauses itself until a person approves, then sends it.

What it shows: a job that waits for people. It notes a checkpoint, defers an event and pauses;
the event is emitted when somebody resumes it, in this process or, days later, in another:

    routilux-tui run sample_flows/approval.py -p amount=1200
    routilux-tui resume approval

Parameters: ``amount`` (of the order), ``limit`` (up to which nobody is asked).
"""

from __future__ import annotations

from routilux_tui import Flow, Routine


class Prepare(Routine):
    """Prepares the order."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.prepare)
        self.define_event("prepared", ["amount", "limit"])

    def prepare(self, amount: float = 1200, limit: float = 500) -> None:
        state = self.get_execution_context().job_state
        state.update_shared_data("order", {"amount": amount, "items": 3})
        self.emit("prepared", amount=amount, limit=limit)


class Approve(Routine):
    """Asks a person where the amount is over the limit."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("prepared", handler=self.ask)
        self.define_event("approved", ["amount"])

    def ask(self, amount: float, limit: float) -> None:
        flow, state, _ = self.get_execution_context()
        if amount <= limit:
            self.emit("approved", amount=amount)
            return
        self.emit_deferred_event("approved", amount=amount)
        state.append_to_shared_log({"message": f"an order of {amount} wants an approval"})
        flow.pause(state, reason="waiting for an approval", checkpoint={"amount": amount})


class Send(Routine):
    """Sends the order."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("approved", handler=self.send)

    def send(self, amount: float) -> None:
        state = self.get_execution_context().job_state
        state.update_shared_data("sent", amount)
        self.send_output("order", amount=amount)


def flow() -> Flow:
    """The flow."""
    approval = Flow("approval")
    approval.add_routine(Prepare(), "prepare")
    approval.add_routine(Approve(), "approve")
    approval.add_routine(Send(), "send")
    approval.connect("prepare", "prepared", "approve", "prepared")
    approval.connect("approve", "approved", "send", "approved")
    return approval
