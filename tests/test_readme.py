"""The map in the README names what there is, and is short enough to be read."""

from __future__ import annotations

import contextlib
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import routilux_tui

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
        places = (ROOT / "routilux_tui", ROOT / "tests" / "extension_points")
        assert any((one / name).is_file() for one in places)
    else:
        assert _find(name) is not None


@pytest.mark.parametrize("folder", re.findall(r"`((?:\w+/)+)`", _map()))
def test_every_folder_on_the_map_exists(folder: str) -> None:
    assert (ROOT / folder).is_dir() or (ROOT / "routilux_tui" / folder).is_dir()


_ADDED = re.compile(r"\| ([a-z][\w ]+) \| `([\w./]+)` \|")


@pytest.mark.parametrize(("point", "module"), _ADDED.findall(_map()))
def test_where_to_add_something_says_what_is_named_where(point: str, module: str) -> None:
    home = importlib.import_module(f"routilux_tui.{module.rstrip('/').replace('/', '.')}")
    doc = " ".join(str(home.__doc__).split()).lower()
    said = (
        point.removesuffix(" of the list").removesuffix(" of change").removesuffix(" in conditions")
    )
    assert f"a new {said}" in doc, f"{home.__name__} does not say what a new {point} has a name in"


def _resolve(name: str, homes: list[Any]) -> Any:
    """What a name in a docstring stands for, seen from what the docstring names beside it."""
    for home in homes:
        found = home
        for part in name.split("."):
            with contextlib.suppress(ImportError, AttributeError):
                importlib.import_module(f"{found.__name__}.{part}")
            found = getattr(found, part, None)
        if found is not None:
            return found
    return None


@pytest.mark.parametrize("module", [module for _, module in _ADDED.findall(_map())])
def test_every_name_in_a_list_of_places_exists(module: str) -> None:
    home = importlib.import_module(f"routilux_tui.{module.rstrip('/').replace('/', '.')}")
    package = importlib.import_module(home.__name__.rpartition(".")[0])
    names = re.findall(r"(?<!`)`(?:routilux_tui\.)?([A-Za-z_][\w.]*)`(?!`)", str(home.__doc__))
    homes = [routilux_tui, package, home]
    named = {name.rpartition(".")[0] for name in names} | {*names}
    homes += [found for name in sorted(named) if name and (found := _resolve(name, homes))]
    unknown = [name for name in names if _resolve(name, homes) is None]
    assert not unknown, f"{home.__name__} names {unknown}, which is nowhere"
