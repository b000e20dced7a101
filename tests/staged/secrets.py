"""A staged flow whose every row has a secret of its own, and tells it wherever it can.

``odd`` makes the secrets hold quotes, a line's end, markup, and letters beyond ASCII.
"""

from __future__ import annotations

import json
import logging

from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine

logger = logging.getLogger("secrets")


def secret(n: int, odd: bool) -> str:
    return f"tok-{n:03}'\"<b>\n{n}ü" if odd else f"tok-{n:03}-plain"


class Login(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.start)
        self.define_event("row", ["token", "n"])

    def start(self, rows=12, odd=False):
        for n in range(rows):
            self.emit("row", token=secret(n, odd), n=n)


class Use(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("row", handler=self.use)
        self.define_event("used", ["text"])
        handler = ErrorHandler(ErrorStrategy.CONTINUE)
        self.set_error_handler(handler)

    def use(self, token, n):
        state = self.get_execution_context().job_state
        state.append_to_shared_log({"message": f"used {token} for {n}"})
        state.update_shared_data(f"by {token}", {"body": json.dumps({"token": token})})
        print("printed", token)
        logger.info("logged %s", token)
        self.emit("used", text=f"{token!r} was used")
        if n % 3 == 0:
            raise KeyError(token)
        if n % 3 == 1:
            raise ValueError(f"{token}: not accepted")


class Sink(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=lambda **_: None)


def flow() -> Flow:
    flow = Flow("secrets")
    for name, routine in {"login": Login(), "use": Use(), "sink": Sink()}.items():
        flow.add_routine(routine, name)
    flow.connect("login", "row", "use", "row")
    flow.connect("use", "used", "sink", "in")
    return flow
