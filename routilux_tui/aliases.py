"""The modules that flows of routilux import from, by the names that they have there.

``from routilux.job_state import JobState`` works with the package's name alone changed. They are
made when they are asked for, and what is in them is this package's own.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

#: A module of routilux, and what flows import from it.
MODULES = {
    "connection": ("Connection",),
    "error_handler": ("ErrorHandler", "ErrorStrategy"),
    "event": ("Event",),
    "exceptions": (
        "ConfigurationError",
        "ExecutionError",
        "RoutiluxError",
        "SerializationError",
        "SlotHandlerError",
        "StateError",
    ),
    "execution_tracker": ("ExecutionTracker",),
    "job_state": ("ExecutionRecord", "JobState", "register_serializable"),
    "output_handler": (
        "CallbackOutputHandler",
        "NullOutputHandler",
        "OutputHandler",
        "QueueOutputHandler",
    ),
    "routine": ("ExecutionContext", "Routine", "_current_job_state"),
    "slot": ("Slot",),
    "validators": ("ValidationError", "Validator"),
}

#: Names that routilux has itself from elsewhere.
_OF_SERILUX = frozenset({"register_serializable"})


class _Aliases:
    """Finds and makes these modules; Python asks it for what is no file of this package."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> ModuleSpec | None:
        """How to make a module; None for any other than these."""
        package, _, module = name.rpartition(".")
        if package != __package__ or module not in MODULES:
            return None
        loader: Any = self
        return ModuleSpec(name, loader, origin=__file__)

    def create_module(self, _spec: ModuleSpec) -> None:
        """An ordinary one."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill it."""
        package = sys.modules[str(__package__)]
        names = MODULES[module.__name__.rpartition(".")[2]]
        module.__doc__ = "What flows of routilux import from its module of this name."
        for name in names:
            if name in _OF_SERILUX:
                import serilux

                setattr(module, name, getattr(serilux, name))
            else:
                setattr(module, name, getattr(package, name))
        vars(module)["__all__"] = [name for name in names if not name.startswith("_")]


def install() -> None:
    """Have them found; a second time does nothing."""
    if not any(type(one).__qualname__ == _Aliases.__qualname__ for one in sys.meta_path):
        sys.meta_path.append(_Aliases())
