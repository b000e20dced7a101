"""The CEL library behind conditions: the compiled one, or a pure one where that has no release.

Both are asked for the same two things: which names an expression uses, and what it gives.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
from typing import Any, Protocol


class Program(Protocol):
    """A compiled expression."""

    def variables(self) -> list[str]:
        """The names that it uses, those that it binds itself among them."""

    def execute(self, context: dict[str, Any]) -> Any:
        """Its value for these names; raises whatever the library raises."""


def compile_cel(text: str) -> Program:
    """Compile an expression.

    Raises:
        Exception: what the library raises on text that is no CEL.
    """
    library = _compiled()
    if library is None:
        return _Pure(text)
    program: Program = library.compile(text)
    return program


def column_of(error: Exception) -> int | None:
    """The column, from 1, at which text of one line is no CEL; None where the library tells none.

    Text that ends too soon has its fault behind its end.
    """
    if hasattr(error, "column"):  # the pure library, which gives its parser's reason along
        token = getattr(error.__context__, "token", None)
        if getattr(token, "type", "") == "$END":
            return len(str(error.args[0]).splitlines()[0]) + 1
        column: int | None = error.column
        return column
    place = re.search(r"<input>:1:(\d+)", str(error))
    return None if place is None else int(place[1])


def _compiled() -> Any:
    """The library's compiled part alone: the package around it brings a command line along.

    None where it is not there; a file ``cel.py`` of somebody else's is not taken for it.
    """
    name = "routilux_tui_cel.cel"
    if name in sys.modules:
        return sys.modules[name]
    package = importlib.util.find_spec("cel")
    for folder in (package.submodule_search_locations or []) if package else []:
        spec = importlib.machinery.PathFinder.find_spec("cel", [folder])
        if (
            spec is not None
            and spec.loader is not None
            and package
            and spec.origin != package.origin
        ):
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            sys.modules[name] = module
            return module
    return None


class _Pure:
    """An expression for the library that is Python alone."""

    def __init__(self, text: str) -> None:
        import celpy
        from celpy.adapter import json_to_cel

        self._celpy = celpy
        self._to_cel = json_to_cel
        environment = celpy.Environment()
        self._tree = environment.compile(text)
        self._program = environment.program(self._tree)

    def variables(self) -> list[str]:
        """The names that it uses."""
        return sorted({str(node.children[0]) for node in self._tree.find_data("ident")})

    def execute(self, context: dict[str, Any]) -> Any:
        """Its value, as Python has it."""
        given = {name: self._to_cel(value) for name, value in context.items()}
        result = self._program.evaluate(given)
        if isinstance(result, self._celpy.celtypes.BoolType):
            return bool(result)
        return result
