"""What is named in several places: each that lacks it is named by the test that fails."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[2] / "routilux_tui"


def assert_named(place: str, wanted: Iterable[str], there: Iterable[str], what: str) -> None:
    """Every one that is wanted has its line in a place; the message says which has none, where."""
    missing = sorted(set(wanted) - set(there))
    assert not missing, f"{place} has no line for {', '.join(missing)}: {what}"


def assert_nothing_else(place: str, known: Iterable[str], there: Iterable[str], what: str) -> None:
    """A place names nothing that is not known, as what was taken away elsewhere."""
    unknown = sorted(set(there) - set(known))
    assert not unknown, f"{place} names {', '.join(unknown)}: {what}"


def modules_of(package: str) -> Iterator[ModuleType]:
    """The modules of a floor or of a folder in it: ``tui.panes``."""
    parent = importlib.import_module(f"routilux_tui.{package}")
    for found in pkgutil.iter_modules(parent.__path__):
        yield importlib.import_module(f"{parent.__name__}.{found.name}")


def classes_of(package: str, base: type) -> Iterator[type[Any]]:
    """The classes below another that a package's modules define."""
    for module in modules_of(package):
        for one in vars(module).values():
            is_below = isinstance(one, type) and issubclass(one, base) and one is not base
            if is_below and one.__module__ == module.__name__:
                yield one


def arguments_of(called: str, *folders: str, at: int = 0) -> set[str]:
    """The texts that a function is called with, as one of its arguments, in folders of files."""
    found = set()
    for folder in folders:
        for file in (ROOT / folder).glob("*.py"):
            for one in ast.walk(ast.parse(file.read_text())):
                if (
                    isinstance(one, ast.Call)
                    and _name_of(one.func) == called
                    and len(one.args) > at
                ):
                    first = one.args[at]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found.add(first.value)
    return found


def _name_of(function: ast.expr) -> str:
    return getattr(function, "attr", None) or getattr(function, "id", "")


def texts_in(module: str) -> set[str]:
    """Every text that stands in a module's code."""
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
    constants = (one.value for one in ast.walk(tree) if isinstance(one, ast.Constant))
    return {one for one in constants if isinstance(one, str)}
