"""A staged fault: a queue that does not drain. One routine holds all workers.

Parameters: ``rows``, ``quick`` and ``slow`` seconds of one enrichment; every 50th is slow.
"""

from __future__ import annotations

import threading
import time

from routilux_tui import Flow, Routine

#: Nothing is cleaned before: so all that is to be cleaned stands before all that is to be enriched.
_EXTRACTED = threading.Event()


class Extract(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.extract)
        self.define_event("row", ["row_id", "payload", "quick", "slow"])

    def extract(self, rows=4000, quick=0.8, slow=6.0):
        for n in range(rows):
            self.emit("row", row_id=n, payload={"sku": f"sku-{n % 99}"}, quick=quick, slow=slow)
        _EXTRACTED.set()


class Clean(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("row", handler=self.clean)
        self.define_event("clean", ["row_id", "payload", "quick", "slow"])

    def clean(self, row_id, payload, quick, slow):
        _EXTRACTED.wait()
        self.emit("clean", row_id=row_id, payload=payload, quick=quick, slow=slow)


class Enrich(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("clean", handler=self.enrich)
        self.define_event("rich", ["row_id", "price"])

    def enrich(self, row_id, payload, quick, slow):
        self.ask_the_warehouse(slow if row_id % 50 == 0 else quick)
        self.emit("rich", row_id=row_id, price=row_id % 70)

    def ask_the_warehouse(self, seconds):
        time.sleep(seconds)


class Sink(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("rich", handler=self.keep)

    def keep(self, row_id, price):
        self.get_execution_context().job_state.update_shared_data("rows", row_id)


def flow() -> Flow:
    etl = Flow("nightly_etl", execution_strategy="concurrent", max_workers=4)
    etl.add_routine(Extract(), "extract")
    etl.add_routine(Clean(), "clean")
    etl.add_routine(Enrich(), "enrich")
    etl.add_routine(Sink(), "load")
    etl.add_routine(Sink(), "report")
    etl.connect("extract", "row", "clean", "row")
    etl.connect("clean", "clean", "enrich", "clean")
    etl.connect("enrich", "rich", "load", "rich")
    etl.connect("enrich", "rich", "report", "rich")
    return etl
