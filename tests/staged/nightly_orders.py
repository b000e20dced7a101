"""A staged fault: a routine that fails for some inputs among thousands.

Every 397th order has a currency that the rate service does not know; each is tried again, ever
later. With ``tries`` small the job fails when the first of them has been given up.

Parameters: ``total`` orders, ``pace`` seconds between two, ``tries``, ``delay`` seconds before
the first retry.
"""

from __future__ import annotations

import time

from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine

RATES = {"EUR": 1.0, "USD": 1.1}


def lookup(currency: str) -> float:
    try:
        return RATES[currency]
    except KeyError:
        raise LookupError("rate service answered 404") from None


class Source(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.start)
        self.define_slot("more", handler=self.step)
        self.define_event("order", ["record", "amount", "currency", "customer"])
        self.define_event("more", ["n", "total", "pace", "every"])

    def start(self, total=20_000, pace=0.005, every=397):
        self.emit("more", n=0, total=total, pace=pace, every=every)

    def step(self, n, total, pace, every):
        if n >= total:
            return
        time.sleep(pace)
        currency = "EÜR" if n % every == 0 else "EUR"
        amount = round(n * 0.3073 % 300, 2)
        order = {"record": f"ord-{n:06}", "amount": amount, "currency": currency}
        self.emit("order", customer={"id": n % 983}, **order)
        self.emit("more", n=n + 1, total=total, pace=pace, every=every)


class Validate(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("order", handler=self.check)
        self.define_event("valid", ["record", "amount", "currency", "customer"])

    def check(self, record, amount, currency, customer):
        self.emit("valid", record=record, amount=amount, currency=currency, customer=customer)


class Price(Routine):
    def __init__(self, tries: int, delay: float) -> None:
        super().__init__()
        self.define_slot("valid", handler=self.price)
        self.define_event("priced", ["record", "total"])
        self.set_error_handler(
            ErrorHandler(ErrorStrategy.RETRY, max_retries=tries, retry_delay=delay)
        )

    def price(self, record, amount, currency, customer):
        self.emit("priced", record=record, total=round(amount * lookup(currency), 2))


class Store(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("priced", handler=self.store)

    def store(self, record, total):
        self.get_execution_context().job_state.update_shared_data("last", record)


def flow(tries: int = 9, delay: float = 1.0) -> Flow:
    orders = Flow("nightly_orders", execution_strategy="concurrent", max_workers=4)
    orders.add_routine(Source(), "source")
    orders.add_routine(Validate(), "validate")
    orders.add_routine(Price(tries, delay), "price")
    orders.add_routine(Store(), "store")
    orders.connect("source", "more", "source", "more")
    orders.connect("source", "order", "validate", "order")
    orders.connect("validate", "valid", "price", "valid")
    orders.connect("price", "priced", "store", "priced")
    return orders


def failing() -> Flow:
    """The same, which gives up at once: the job fails."""
    return flow(tries=1, delay=0.01)
