"""The flow of the files that version 0.1.0 wrote."""

import time

from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine

LONG = 600


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_slot("again", handler=self.step)
        self.define_event("item", ["n", "kind"])
        self.define_event("next", ["n", "left"])

    def go(self, left=8):
        self.emit("next", n=0, left=left)

    def step(self, n, left):
        if left:
            self.emit("item", n=n, kind="odd" if n % 2 else "even")
            self.emit("next", n=n + 1, left=left - 1)


class Check(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.define_event("good", ["n"])
        self.set_error_handler(
            ErrorHandler(ErrorStrategy.RETRY, max_retries=2, retry_delay=0.01, is_critical=False)
        )

    def go(self, n, kind):
        if n == 3:
            raise LookupError(f"no price for item {n}")
        self.emit("good", n=n)


class Collect(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go, merge_strategy="append")

    def go(self, n):
        context = self.get_execution_context()
        job = context.job_state
        job.update_shared_data("last", n)
        job.append_to_shared_log({"message": f"collected {n}"})
        job.send_output(context.routine_id, "row", {"n": n})


class Slow(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, n):
        if n >= 5:
            time.sleep(LONG)


def kept():
    flow = Flow("kept")
    flow.add_routine(Source(), "source")
    flow.add_routine(Check(), "check")
    flow.add_routine(Collect(), "collect")
    flow.add_routine(Slow(), "slow")
    flow.connect("source", "next", "source", "again")
    flow.connect("source", "item", "check", "in")
    flow.connect("check", "good", "collect", "in")
    flow.connect("check", "good", "slow", "in")
    return flow
