"""What the library asks of a handler's signature is answered as without us, whatever it is."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.tap.rig import LIBRARY, Observed

if TYPE_CHECKING:
    from pathlib import Path

HANDLERS = """
import functools

def decorated(function):
    @functools.wraps(function)
    def inner(*args, **more):
        say("decorated")
        return function(*args, **more)
    return inner

class Callable:
    def __call__(self, i, j=7): say("object", i, j)

class Kinds(Sink):
    def one(self, i): say("one", i)
    def data(self, data): say("data", data)
    def other(self, other): say("other", other)
    def two(self, i, j=8): say("two", i, j)
    def none_fits(self, a=1, b=2): say("none fits", a, b)
    def only_keywords(self, *, i): say("only keywords", i)
    def all_of_them(self, **all_of_them): say("all", all_of_them)
    def positional(self, *words): say("words", words)
    @staticmethod
    def static(i): say("static", i)
    @classmethod
    def of_class(cls, i): say("of class", i)
    @decorated
    def wrapped(self, i): say("wrapped", i)

def signed(*words): say("signed", words)
signed.__signature__ = __import__("inspect").Signature()

sink = Kinds()
kinds = [sink.one, sink.data, sink.other, sink.two, sink.none_fits, sink.only_keywords]
kinds += [sink.all_of_them, sink.positional, sink.static, sink.of_class, sink.wrapped, signed]
kinds += [lambda i: say("lambda", i), Callable(), functools.partial(sink.two, j=9), say]

flow = make_flow()
for number, handler in enumerate(kinds):
    routine = Kinds()
    routine.get_slot("in").handler = handler
    flow.add_routine(routine, f"sink {number}")
    flow.connect("source", "out", f"sink {number}", "in")
finish(flow, flow.execute("source", {"n": 3}))
"""


def test_handlers_of_every_kind_get_their_data_as_without_us(python: str, tmp_path: Path) -> None:
    file = tmp_path / "alone.py"
    file.write_text(LIBRARY + HANDLERS)
    words = [python, str(file)]
    alone = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    with Observed(python, tmp_path, HANDLERS) as script:
        assert script.end() == 0
        assert script.lines() == alone.stdout.splitlines()
    assert alone.stdout.count("\n") > 40
