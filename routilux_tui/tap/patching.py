"""Putting our hooks around the library, as soon as a script imports it.

First it is checked that all is there that a hook needs: of a version without it nothing is
touched, and it is said what is missing.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from . import state_hooks, task_hooks
from .clock import HeldTime
from .errors import step_out
from .frames import hide_frames
from .signature_cache import cache_signatures
from .thread_state import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from .observatory import Observatory

#: What must be there, by module.
NEEDED = {
    "routilux.job_state": ("JobState.record_execution", "ExecutionRecord", "time"),
    "routilux.routine": ("Routine.emit", "_current_job_state"),
    "routilux.slot": ("Slot.call_handler", "Slot._is_kwargs_handler"),
    "routilux.error_handler": ("ErrorHandler.handle_error",),
    "routilux.flow.flow": ("Flow.execute", "Flow.resume", "Flow.shutdown", "Flow._get_executor"),
    "routilux.flow.task": ("SlotActivationTask",),
    "routilux.flow.event_loop": ("enqueue_task", "execute_task", "start_event_loop"),
    "routilux.flow.state_management": ("deserialize_pending_tasks",),
}
_MARK = "_routilux_tui_observatory"


def missing() -> list[str]:
    """What this version of the library lacks of all that is `NEEDED`."""
    lacking = []
    for name, parts in NEEDED.items():
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            lacking.append(name)
            continue
        for part in parts:
            thing = module
            for word in part.split("."):
                thing = getattr(thing, word, None)
            if thing is None:
                lacking.append(f"{name}.{part}")
    return lacking


def version() -> str:
    """The version of the library that was imported."""
    return str(getattr(sys.modules.get("routilux"), "__version__", "of an unknown version"))


def patch(observatory: Observatory) -> list[str]:
    """Put the hooks around the library; returns what is missing, and then nothing was done."""
    lacking = missing()
    if lacking:
        return lacking
    modules = sys.modules
    if getattr(modules["routilux.job_state"], _MARK, None) is not None:
        return []
    hide_frames()
    setattr(modules["routilux.flow.task"].SlotActivationTask, KEY, 0)
    task_hooks.wrap_emit(modules["routilux.routine"])
    task_hooks.wrap_queue(modules["routilux.flow.event_loop"])
    task_hooks.wrap_errors(modules["routilux.error_handler"])
    task_hooks.wrap_entry(modules["routilux.slot"], observatory)
    cache_signatures(modules["routilux.slot"])
    task_hooks.wrap_flow(modules["routilux.flow.flow"], observatory)
    task_hooks.wrap_pending(modules["routilux.flow.state_management"])
    state_hooks.wrap_states(modules["routilux.job_state"], observatory)
    setattr(modules["routilux.job_state"], "time", HeldTime(observatory.clock))
    setattr(modules["routilux.job_state"], _MARK, observatory)
    return []


def observatory_here() -> Any:
    """What observes the library in this process already, or None."""
    return getattr(sys.modules.get("routilux.job_state"), _MARK, None)


class Finder:
    """Waits for the import of ``routilux``, and then is gone from the importers.

    Args:
        then: called once the library is there.
    """

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then

    def find_spec(self, name: str, *_: Any) -> Any:
        """The library's own spec, with a loader that calls us afterwards."""
        if name != "routilux":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        run, then = spec.loader.exec_module, self._then

        def exec_module(module: Any) -> None:
            try:
                run(module)
            except BaseException as error:
                step_out(error)
                raise
            then()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
