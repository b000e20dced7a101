"""Routines whose handlers run in other processes, for the tests of executors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from routilux_tui import ErrorHandler, Flow, Routine


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, n=1, **data):
        for i in range(n):
            self.emit("out", i=i, **data)


class Work(Routine):
    """Does what ``what`` names."""

    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.out = self.define_event("out", ["i"])

    def go(self, what, i, **data):
        getattr(self, what)(i=i, **data)

    def tell(self, i, **_):
        self.emit("out", i=i, pid=os.getpid())

    def change(self, i, **_):
        context = self.get_execution_context()
        state = context.job_state
        state.append_to_shared_log({"message": f"item {i}", "routine": context.routine_id})
        state.update_shared_data(f"item {i}", state.get_shared_data("base", 0) + i)
        state.shared_data[f"again {i}"] = True
        state.update_routine_state(context.routine_id, {"last": i})
        self.send_output("result", i=i)
        self.progress(i + 1, 2)
        self.emit_deferred_event("out", i=f"later {i}")
        self.emit("out", i=i, pid=os.getpid())

    def fail(self, i, **_):
        raise LookupError(f"no {i}")

    def fail_oddly(self, i, **_):
        class Odd(Exception):
            pass

        raise Odd(f"odd {i}")

    def leave(self, i, **_):
        sys.exit(3)

    def die(self, i, die_at=-1, mark="", **_):
        if i == die_at:
            with Path(mark).open("a") as file:
                file.write(f"{i}\n")
            if len(Path(mark).read_text().split()) == 1:
                os.kill(os.getpid(), signal.SIGKILL)
        self.tell(i)

    def wait(self, i, folder="", **_):
        Path(folder, f"begun {i}").write_text(str(os.getpid()))
        while not Path(folder, "go on").exists():
            if self.cancelled:
                assert self.get_execution_context().cancelled
                Path(folder, f"cancelled {i}").touch()
                self.emit("out", i=i)
            time.sleep(0.005)
        self.tell(i)

    def hang(self, i, folder="", **_):
        Path(folder, f"begun {i}").touch()
        while not Path(folder, "go on").exists():
            time.sleep(0.005)
        self.tell(i)

    def pause(self, i, **_):
        context = self.get_execution_context()
        if i == 1:
            assert not context.flow.pause(context.job_state, "seen enough", {"page": i})
        self.tell(i)

    def cancel(self, i, **_):
        context = self.get_execution_context()
        context.flow.cancel(context.job_state, "seen enough")
        self.tell(i)

    def unpicklable(self, i, **_):
        self.emit("out", i=threading.Lock())

    def speak(self, i, **_):
        print("said", i)
        print("begun", i, end="")
        print("to err", i, file=sys.stderr)
        logging.getLogger("mine").warning("logged %s", i)
        logging.getLogger("mine").info("not logged %s", i)

    def fork(self, i, **_):
        child = os.fork()
        if not child:
            time.sleep(0.2)
            os._exit(0)
        self.tell(i)

    def start_a_job(self, i, **_):
        made().execute("a")

    def thread(self, i, **_):
        thread = threading.Thread(target=self.tell, args=(i,))
        thread.start()
        thread.join()


class Later(Work):
    def __init__(self):
        super().__init__()
        self.define_slot("later", handler=self.go_later)

    async def go_later(self, i, **_):
        await asyncio.sleep(0)
        self.tell(i)


class Collect(Work):
    def __init__(self):
        super().__init__()
        self.define_slot("all", handler=self.collected, merge_strategy="append")

    def collected(self, i, **_):
        held = self.get_slot("all")._data
        if len(i) == 3:
            self.get_slot("all")._data = {}
        self.emit("out", i=list(i), held=list(held["i"]))


class Held(Work):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, i, pid=0, held=None):
        context = self.get_execution_context()
        context.job_state.append_to_shared_log({"got": i, "pid": pid, "held": held})


def made(executor=None, work=Work, slot="in", workers=2, strategy=None):
    """A source, work that is done elsewhere, and a sink that tells of it."""
    flow = Flow("made", execution_strategy="concurrent", max_workers=workers)
    flow.add_routine(Source(), "a")
    flow.add_routine(work(), "b")
    flow.add_routine(Sink(), "c")
    flow.connect("a", "out", "b", slot)
    flow.connect("b", "out", "c", "in")
    flow.routines["b"].set_executor(executor)
    if strategy:
        flow.set_error_handler(ErrorHandler(strategy, max_retries=2, retry_delay=0))
    return flow


def in_processes():
    return ProcessPoolExecutor(1)


def in_threads():
    return ThreadPoolExecutor(2)


def one_thread():
    return ThreadPoolExecutor(1)


def slow_to_make():
    MADE.append("slow")
    time.sleep(0.2)
    return ThreadPoolExecutor(2)


#: A word for each executor that was made here.
MADE: list[str] = []


def broken_at_first():
    """An executor that broke before it was given anything, then a good one."""
    MADE.append("broken")
    executor = ProcessPoolExecutor(1)
    if len(MADE) == 1:
        with contextlib.suppress(BrokenExecutor):
            executor.submit(os._exit, 1).result()
    return executor


def not_made():
    raise OSError("no licence left")


def no_executor():
    return "none"
