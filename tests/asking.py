"""A flow that asks, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FLOWS = """
import os
from pathlib import Path

from routilux_tui import Flow, Routine


class Book(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.book)
        self.define_event("booked", ["account", "ok"])
        self.define_event("priced", ["account", "amount"])
        self.define_event("noted", ["n"])

    def book(self, n=1, within=0.0, default=None, die="", remind=0.0, price=False):
        for i in range(n):
            self.ask("book it?", "booked", {"account": f"acc-{i}", "why": "over the limit"},
                     {"yes": {"ok": True}, "no": {"ok": False}},
                     within=within or None, default=default, remind=remind or None)
        if price:
            self.ask("which amount?", "priced", {"account": "acc-9"}, float)
        for i in range(3):
            self.emit("noted", n=i)
        if die and not Path(die).exists():
            Path(die).touch()
            os.kill(os.getpid(), 9)


class Post(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.post)

    def post(self, **data):
        self.get_execution_context().job_state.append_to_shared_log(data)


def flow() -> Flow:
    flow = Flow("booker")
    flow.add_routine(Book(), "book")
    flow.add_routine(Post(), "post")
    for event in ("booked", "priced", "noted"):
        flow.connect("book", event, "post", "in")
    return flow
"""


def write_asking(folder: Path) -> str:
    """The flow's place."""
    (folder / "asking_flows.py").write_text(FLOWS)
    return f"{folder / 'asking_flows.py'}:flow"
