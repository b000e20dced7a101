"""Telling by its text what FLOW names: a flow of ours, or a script of routilux itself.

Nothing is run or imported for it.
"""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec

_MOST = 200
"""Files that are looked at, at most: a script, and what it imports from beside it."""


class Script(msgspec.Struct, frozen=True):
    """A script of routilux, or a flow of one by its name.

    ``place`` is as its user gave it, ``file`` an absolute path, ``module`` set where a module was
    named. Without a ``name`` it is run as itself; ``is_bare`` says that nothing of it stands under
    ``if __name__ == "__main__"``, so that a flow it only makes is meant to be executed.
    """

    place: str
    file: str
    module: str = ""
    name: str = ""
    is_bare: bool = False


def script_of(flow: str, *, named_python: bool = False) -> Script | None:
    """The script that FLOW names, or None when it is a flow of ours.

    Args:
        flow: ``path/to/file.py[:name]`` or ``package.module[:name]``.
        named_python: whether its user has named a Python for it: then it is a script.
    """
    place, _, name = flow.partition(":")
    file, module = _file_of(place)
    if file is None:
        return None
    looked = _Imports(file)
    if not named_python and (not looked.routilux or looked.ours):
        return None
    return Script(place, str(file), module, name, not looked.has_guard)


def _file_of(place: str) -> tuple[Path | None, str]:
    if place.endswith(".py") or "/" in place:
        path = Path(place).expanduser()
        return (path.resolve() if path.is_file() else None), ""
    base = Path.cwd().joinpath(*place.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if place and path.is_file():
            return path.resolve(), place
    return None, place


class _Imports:
    """What a file imports, and the files beside it that it imports."""

    def __init__(self, file: Path) -> None:
        self.routilux = False
        #: Whether it makes flows of our own engine.
        self.ours = False
        self.has_guard = False
        self._folder = file.parent
        todo, seen = [file], {file}
        while todo and len(seen) < _MOST:
            for path in self._look(todo.pop(0), is_first=len(seen) == 1):
                if path not in seen:
                    seen.add(path)
                    todo.append(path)

    def _look(self, file: Path, *, is_first: bool) -> list[Path]:
        try:
            tree = ast.parse(file.read_bytes(), str(file))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return []
        found: list[Path] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and is_first and _is_guard(node.test):
                self.has_guard = True
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    found += self._imported(alias.name)
            elif isinstance(node, ast.ImportFrom):
                names = [alias.name for alias in node.names]
                if node.level:
                    found += _beside(file.parents[node.level - 1], node.module or "", names)
                elif node.module:
                    found += self._imported(node.module, names)
        return found

    def _imported(self, module: str, names: list[str] | None = None) -> list[Path]:
        top = module.partition(".")[0]
        if top == "routilux":
            self.routilux = True
            return []
        if top == "routilux_tui":
            self.ours |= bool({"Flow", "Routine"} & set(names or ()))
            return []
        return _beside(self._folder, module, names or [])


def _beside(folder: Path, module: str, names: list[str]) -> list[Path]:
    """The files that a module's name may mean in a folder."""
    base = folder.joinpath(*module.split(".")) if module else folder
    maybe = [base.with_suffix(".py"), base / "__init__.py"]
    maybe += [base / f"{name}.py" for name in names]
    return [path for path in maybe if path.is_file()]


def _is_guard(test: ast.expr) -> bool:
    """Whether a condition is ``__name__ == "__main__"``."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and any(
            isinstance(one, ast.Constant) and one.value == "__main__" for one in test.comparators
        )
    )
