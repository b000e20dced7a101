"""Running a script as itself, or a flow by its name, in the interpreter that has the library."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import importlib
import importlib.util
import inspect
import json
import os
import sys
import time
import traceback
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from .clock import make_sleep
from .errors import without_ours
from .frames import hide_frames
from .messages import Messages
from .observatory import Observatory
from .patching import Finder, patch, version
from .prints import print_line_by_line, report_prints
from .ring import Writer
from .thread_state import Refused, here


class Program:
    """What this process is to run.

    Args:
        order: ``memory``, ``wake``, ``orders`` and ``printed`` (descriptors), ``file`` or
            ``module``, ``args``, and for a flow ``name``, ``params``, ``entry`` and ``workers``;
            ``fallback`` says that a script that starts nothing may hold a flow to be executed;
            ``instead`` is a file that has `Observatory.instead`, as a descriptor.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        os.set_inheritable(order["memory"], False)
        os.set_blocking(order["wake"], False)
        self.messages = Messages(Writer(order["memory"], order["wake"]))
        self.observatory = Observatory(self.messages)
        if "instead" in order:
            with open(order["instead"], "rb") as file:
                file.seek(0)
                self.observatory.instead = json.loads(file.read().decode())
        self.code = 0
        self._asked = False

    def run(self) -> int:
        """Run it to its end; returns the exit code that it ends with."""
        self.observatory.start_orders(self.order["orders"], self.order.get("printed", ()))
        sys.meta_path.insert(0, Finder(self._library_is_there))
        time.sleep = make_sleep(self.observatory.clock, lambda: here().job is not None)
        if hasattr(sys, "addaudithook"):
            sys.addaudithook(self._audit)
        atexit.register(self._at_exit)
        print_line_by_line()
        report_prints()
        hide_frames()
        try:
            if self.order.get("name"):
                self._run_named()
            else:
                module = self._run_as_main()
                found = _candidates(module)
                if self.order.get("fallback") and found and not self.observatory.jobs:
                    self._execute(*self._only_flow(found))
            self._check_sent()
        except Refused as refused:
            self.messages.send(0, "refused", refused.message, refused.hint, refused.trace)
            self.code = 2
        except SystemExit as end:
            self.code = _exit_code(end)
        except BaseException as error:
            self.code = 130 if isinstance(error, KeyboardInterrupt) else 1
            error.__traceback__ = without_ours(error.__traceback__)
            sys.excepthook(type(error), error, error.__traceback__)
        _flush()
        self.observatory.wait_for_held()
        return self.code

    def _check_sent(self) -> None:
        instead = self.observatory.instead
        if instead.get("tasks"):
            raise Refused(
                f"{self.order['argv0']} has started {len(self.observatory.jobs)} jobs this time: "
                f"there is no job {instead['job']} to which what was not done could be sent."
            )

    def _library_is_there(self) -> None:
        lacking = patch(self.observatory)
        if lacking:
            self.messages.send(0, "unknown", version(), lacking)
        else:
            self.messages.send(0, "library", version())

    def _audit(self, event: str, _: Any) -> None:
        if event == "builtins.input" and not self._asked:
            self._asked = True
            self.messages.send(0, "input")

    def _at_exit(self) -> None:
        self.observatory.end(self.code)

    # A script

    def _run_as_main(self) -> ModuleType:
        path = self.order["file"]
        module = ModuleType("__main__")
        module.__file__ = path
        module.__dict__.update(__builtins__=builtins, __cached__=None, __spec__=None)
        module.__dict__.update(__annotations__={})
        module.__loader__ = SourceFileLoader("__main__", path)
        sys.modules["__main__"] = module
        sys.argv = [self.order["argv0"], *self.order["args"]]
        sys.path[0] = os.path.dirname(os.path.realpath(path))
        with open(path, "rb") as file:
            source = file.read()
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        return module

    # A flow by its name

    def _run_named(self) -> None:
        order = self.order
        sys.argv = [order["argv0"], *order["args"]]
        place = order["argv0"]
        try:
            module = self._load_file() if order.get("file") else self._load_module()
        except Refused:
            raise
        except BaseException as error:
            raise Refused(f"{place} raised {_error_text(error)}", trace=_trace(error)) from error
        self._execute(*self._flow_of(module, order["name"]))

    def _load_file(self) -> ModuleType:
        path = self.order["file"]
        sys.path[0] = os.path.dirname(os.path.realpath(path))
        stem = os.path.splitext(os.path.basename(path))[0]
        spec = importlib.util.spec_from_file_location(stem, path)
        if spec is None or spec.loader is None:
            raise Refused(f"{self.order['argv0']} is no Python file.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[stem] = module
        spec.loader.exec_module(module)
        return module

    def _load_module(self) -> ModuleType:
        sys.path[0] = os.getcwd()
        return importlib.import_module(self.order["module"])

    def _flow_of(self, module: ModuleType, name: str) -> tuple[Any, dict[str, Any]]:
        thing: Any = module
        for part in name.split("."):
            thing = getattr(thing, part, None)
        if thing is None:
            there = ", ".join(sorted(_candidates(module))) or "none"
            raise Refused(
                f"{self.order['argv0']} has no {name!r}.", f"Flows and factories in it: {there}."
            )
        return self._made(thing, name)

    def _only_flow(self, found: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        flows = [name for name, thing in found.items() if _is_flow(thing)]
        chosen = list(found) if len(found) == 1 else flows
        if len(chosen) != 1:
            place = self.order["argv0"]
            hint = "Name one: " + ", ".join(f"{place}:{name}" for name in found)
            raise Refused(f"{place} holds more than one flow.", hint)
        return self._made(found[chosen[0]], chosen[0])

    def _made(self, thing: Any, name: str) -> tuple[Any, dict[str, Any]]:
        params = dict(self.order.get("params") or {})
        place = f"{self.order['argv0']}:{name}"
        if not _is_flow(thing):
            if not callable(thing):
                raise Refused(f"{place} is a {type(thing).__name__}, neither a flow nor a factory.")
            given = {}
            for key, parameter in _parameters(thing).items():
                if key in params:
                    given[key] = params.pop(key)
                elif parameter.default is parameter.empty:
                    raise Refused(f"{place} needs the parameter {key!r}.", f"Say -p {key}=...")
            try:
                thing = thing(**given)
            except BaseException as error:
                raise Refused(
                    f"{place} raised {_error_text(error)}", trace=_trace(error)
                ) from error
        if isinstance(thing, tuple):  # a flow, and the ids of its routines
            thing = next((part for part in thing if _is_flow(part)), thing)
        if not _is_flow(thing):
            raise Refused(f"{place} gave a {type(thing).__name__}, not a flow of routilux.")
        return thing, params

    def _execute(self, flow: Any, params: dict[str, Any]) -> None:
        workers = int(self.order.get("workers") or 0)
        if workers == 1:
            flow.set_execution_strategy("sequential")
        elif workers:
            flow.set_execution_strategy("concurrent", workers)
        entry = self.order.get("entry") or _entry_of(flow, self.order["argv0"])
        if entry not in flow.routines:
            raise Refused(
                f"The flow has no routine {entry!r}.", f"It has: {', '.join(flow.routines)}."
            )
        state = flow.execute(entry, entry_params=params)
        job = self.observatory.jobs[-1]
        while job.outstanding or job.active or job.gate in {"pausing", "paused"}:
            with job.lock:
                job.gate_moved.wait(0.02)
        flow.shutdown(wait=True)
        self.code = 0 if state.status in {"running", "completed"} and job.ended_well() else 1


def _is_flow(thing: Any) -> bool:
    module = sys.modules.get("routilux.flow.flow")
    return module is not None and isinstance(thing, module.Flow)


def _candidates(module: ModuleType) -> dict[str, Any]:
    """The flows of a module, and its functions that say or look like they return one."""
    found = {}
    for name, thing in vars(module).items():
        if name.startswith("_"):
            continue
        if _is_flow(thing):
            found[name] = thing
        elif inspect.isfunction(thing) and thing.__module__ == module.__name__:
            says = str(thing.__annotations__.get("return", ""))
            if says.rstrip("'>").endswith("Flow") or name == "flow" or name.endswith("_flow"):
                found[name] = thing
    return found


def _parameters(thing: Any) -> dict[str, Any]:
    try:
        parameters = inspect.signature(thing).parameters
    except (TypeError, ValueError):
        return {}
    kinds = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    return {name: one for name, one in parameters.items() if one.kind in kinds}


def _entry_of(flow: Any, place: str) -> str:
    entries: list[str] = [
        name for name, routine in flow.routines.items() if routine.get_slot("trigger") is not None
    ]
    if len(entries) == 1:
        return entries[0]
    if not entries:
        raise Refused(
            f"No routine of {place} has a slot named 'trigger', so no job can start with one."
        )
    raise Refused(
        f"{place} has more than one routine to start with.",
        f"Name one: --entry {' or '.join(entries)}.",
    )


def _exit_code(end: SystemExit) -> int:
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    print(end.code, file=sys.stderr)  # noqa: T201 - as Python does
    return 1


def _error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _trace(error: BaseException) -> str:
    trace = without_ours(error.__traceback__)
    while trace is not None and "importlib" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the script may have closed or replaced it
            stream.flush()


def main() -> int:
    """Run what the last argument of the command line orders, as JSON."""
    return Program(json.loads(sys.argv[-1])).run()
