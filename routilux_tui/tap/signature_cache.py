"""Paying for what we take: what the library asks for each task is asked once for each handler.

For every task it looks twice at its handler's signature, to know how to hand it the data; that is a
third of all that a task costs. What it is answered is the same.
"""

from __future__ import annotations

import inspect
import sys
from functools import wraps
from types import FunctionType, MethodType, ModuleType
from typing import Any

_SHIM = "_routilux_tui_signatures"
_MOST = 1_000

_known: dict[Any, Any] = {}


def _code_of(handler: Any) -> Any:
    """The code that alone decides on a handler's parameters; None where something else may."""
    function = handler.__func__ if type(handler) is MethodType else handler
    if type(function) is FunctionType and not function.__dict__:
        return function.__code__
    return None


def signature(handler: Any) -> Any:
    """A handler's signature: at least the names of its parameters are true."""
    code = _code_of(handler)
    if code is None:
        return inspect.signature(handler)
    key = code, type(handler)
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST:
            _known.clear()
        found = _known[key] = inspect.signature(handler)
    return found


def cache_signatures(module: Any) -> None:
    """Have the library's slots ask here.

    Args:
        module: the library's `routilux.slot`.
    """
    slots = module.Slot
    ask = slots._is_kwargs_handler

    @wraps(ask)
    def _is_kwargs_handler(handler: Any) -> bool:
        code = _code_of(handler)
        return bool(ask(handler) if code is None else code.co_flags & inspect.CO_VARKEYWORDS)

    slots._is_kwargs_handler = staticmethod(_is_kwargs_handler)
    code = slots.receive.__code__
    if "inspect" in code.co_names and "inspect" in code.co_varnames:  # it imports it each time
        shim = ModuleType(_SHIM)
        setattr(shim, "signature", signature)
        sys.modules[_SHIM] = shim
        names = tuple(_SHIM if name == "inspect" else name for name in code.co_names)
        slots.receive.__code__ = code.replace(co_names=names)
