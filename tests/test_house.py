"""The house: no file does two things, and nothing lies about at its top."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 400
_IMPORT = re.compile(r"^from (routilux_tui[\w.]*) import ([\w, ]+)$", re.MULTILINE)


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
