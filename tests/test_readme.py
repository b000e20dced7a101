"""The map in the README names what there is, and is short enough to be read."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NAMES = re.compile(r"`((?:\w+\.)+\w+)`")


def _map() -> str:
    readme = (ROOT / "README.md").read_text()
    return readme.split("## How it is built\n")[1].split("\n## ")[0]


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
