"""What the observed process says: one line of JSON for each message, written into the ring.

``[job, kind, args...]``; ``job`` counts the jobs of this process from 1, and is 0 where the message
is of the process. The kinds that come with every event are short, with times in microseconds::

    [job, "e", routine, event, data, at, parent, [[task, routine, slot], ...]]   emitted
    [job, "r", task, routine, at]                                               run
    [job, "d", task, routine, at]                                               done, and well

All others are changes as `routilux_tui.job.changes` has them, with times in seconds, and::

    [job, "hold" or "drop", [[first, last], ...], at]   tasks, by the first and last of each row
    [job, "job", {...}]            a job begins: its id, flow, workers, routines, connections
    [job, "inexact", routine, event, what]   data of this event can't be read back as it was
    [job, "printed", task, routine, stream, line]   a handler is about to print a line
    [job, "stack", task, text]     where a handler is, as it was asked
    [job, "called_off"]            a pause that was waited for is not wanted any more
    [0, "library", version]        routilux was imported, and is observed
    [0, "unknown", version, what]  routilux was imported, and can't be: what is missing
    [0, "refused", message, hint, traceback]   the flow that was named can't be run
    [0, "lost", job, kind, bytes]  a message of a job was too long to be sent
    [0, "deaf"]                    the script has closed the pipe through which orders come
    [0, "input"]                   the script reads from its standard input
    [0, "end", exit code]          the process is about to end
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from .ring import LONGEST
from .values import encode_simple, exact_json, plain, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .ring import Writer

_MICROSECOND = 1_000  # nanoseconds


def quoted(*names: Any) -> str:
    """Names as JSON texts, with commas between them: a part of a message that comes often."""
    return ",".join(to_json(str(name)) for name in names)


class Whole:
    """What is told whole, however long it is: our own, made of plain numbers, texts and lists."""

    __slots__ = ("content",)

    def __init__(self, content: Any) -> None:
        self.content = content


def rows(numbers: Iterable[int]) -> Whole:
    """Numbers of tasks, of which a job may have a million, by the first and last of each row."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return Whole(found)


class Messages:
    """Sends messages; whoever sends holds `lock`, which orders them.

    Args:
        ring: where they go.
    """

    def __init__(self, ring: Writer) -> None:
        self.lock = threading.RLock()
        self._ring = ring
        self._write = ring.write

    @property
    def gone(self) -> bool:
        """Whether nobody listens any more."""
        return self._ring.gone

    @gone.setter
    def gone(self, gone: bool) -> None:
        self._ring.gone = gone

    def emitted(self, head: str, data: Any, parent: int | None, tasks: str) -> str:
        """A routine emitted an event, and tasks are queued for it; see `quoted`.

        Returns:
            What of the data can't be read back; see `exact_json`.

        Args:
            head: the message's beginning: ``[job,"e",routine,event,``.
            data: the event's data.
            parent: the task whose handler emitted it.
            tasks: ``[task,routine,slot]`` for each, with commas between them.
        """
        if self._ring.gone:
            return ""
        text, lost = exact_json(data)
        at = time.time_ns() // _MICROSECOND
        parent_text = "null" if parent is None else parent
        self._write(f"{head}{text},{at},{parent_text},[{tasks}]]\n".encode())
        return lost

    def handler(self, head: str, task: int, routine: str) -> None:
        """A handler starts, or has ended well, by the message's ``head``: ``[job,"r",``."""
        if not self._ring.gone:
            at = time.time_ns() // _MICROSECOND
            self._write(f"{head}{task},{routine},{at}]\n".encode())

    def send(self, job: int, kind: str, *args: Any) -> None:
        """Any other message; each argument but a `Whole` is cut by itself where it is large."""
        if self._ring.gone:
            return
        told = (one.content if type(one) is Whole else plain(one) for one in args)
        line = encode_simple([job, kind, *told]).encode() + b"\n"
        if len(line) > LONGEST:
            line = encode_simple([0, "lost", job, kind, len(line)]).encode() + b"\n"
        self._write(line)
