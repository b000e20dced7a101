"""The house: no file does two things, and the map in the README names what there is."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 400
NAMES = re.compile(r"`((?:\w+\.)+\w+)`")
_IMPORT = re.compile(r"^from (routilux_tui[\w.]*) import ([\w, ]+)$", re.MULTILINE)


def _map() -> str:
    readme = (ROOT / "README.md").read_text()
    return readme.split("## How it is built\n")[1].split("\n## ")[0]


def test_no_file_is_longer_than_one_reads_at_once() -> None:
    folders = ("routilux_tui", "tests", "sample_flows", "styles")
    files = [one for folder in folders for one in (ROOT / folder).rglob("*.py")]
    long = {
        str(one.relative_to(ROOT)): count
        for one in files
        if (count := len(one.read_text().splitlines())) > LONGEST
    }
    assert not long, (
        f"More than {LONGEST} lines: a second thing lives in the file that wants one of its own, "
        f"under a name by which a stranger finds it: {long}"
    )


def test_the_map_is_short() -> None:
    assert len(_map().strip().splitlines()) <= 40


def _find(name: str) -> Any:
    """What a dotted name under the package stands for, in the very file that it names.

    What a class inherits, or a module imports, stands elsewhere.
    """
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(["routilux_tui", *parts[:n]]))
        except ModuleNotFoundError:
            continue
        module = found.__name__
        for part in parts[n:]:
            found = vars(found)[part]
            assert getattr(found, "__module__", module) == module
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", sorted(set(NAMES.findall(_map()))))
def test_every_name_on_the_map_exists(name: str) -> None:
    if name.endswith(".py"):
        assert (ROOT / "routilux_tui" / name).is_file()
    else:
        assert _find(name) is not None


@pytest.mark.parametrize("folder", re.findall(r"`((?:\w+/)+)`", _map()))
def test_every_folder_on_the_map_exists(folder: str) -> None:
    assert (ROOT / folder).is_dir() or (ROOT / "routilux_tui" / folder).is_dir()


def _scripts(file: Path) -> list[str]:
    """The programs that stand in a file as texts, to be run by another process."""
    constants = ast.walk(ast.parse(file.read_text()))
    texts = [one.value for one in constants if isinstance(one, ast.Constant)]
    return [one for one in texts if isinstance(one, str) and _IMPORT.search(one)]


@pytest.mark.parametrize(
    "file",
    [one for one in (ROOT / "tests").rglob("*.py") if _scripts(one)],
    ids=lambda file: file.name,
)
def test_what_a_program_in_a_text_imports_is_there(file: Path) -> None:
    for script in _scripts(file):
        for module, names in _IMPORT.findall(script):
            for name in names.split(","):
                parent = importlib.import_module(module)
                wanted = name.strip().split(" as ")[0]
                assert hasattr(parent, wanted) or importlib.import_module(f"{module}.{wanted}")


def test_nothing_else_lies_at_the_top() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert top <= {
        *("routilux_tui", "styles", "tests", "sample_flows", ".ci", ".gitignore", "Makefile"),
        *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"),
    }
