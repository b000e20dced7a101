"""Flows of routilux import from its modules: by a change of the package's name they do so here."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
import serilux

import routilux_tui
from routilux_tui.aliases import MODULES


@pytest.mark.parametrize("module", MODULES)
def test_what_flows_import_from_a_module_is_ours(module: str) -> None:
    found = importlib.import_module(f"routilux_tui.{module}")
    for name in MODULES[module]:
        home = serilux if name == "register_serializable" else routilux_tui
        assert getattr(found, name) is getattr(home, name)
    assert getattr(routilux_tui, module) is found


def test_errors_are_caught_by_the_names_of_routilux() -> None:
    code = (
        "from routilux_tui.exceptions import ExecutionError, RoutiluxError\n"
        "from routilux_tui.exceptions import *\n"
        "from routilux_tui.flow import Flow\n"
        "try:\n    Flow('f').execute('nobody')\n"
        "except RoutiluxError as error:\n    print(type(error).__name__)\n"
        "assert str(ExecutionError('late', routine_id='a')) == 'late (routine_id=a)'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "FlowDefinitionError\n"), done.stderr


@pytest.mark.parametrize(
    "name", ["routilux_tui.metrics", "routilux_tui.nothing", "routilux_tui.flow.task"]
)
def test_what_is_not_here_is_an_import_error(name: str) -> None:
    with pytest.raises(ImportError):
        importlib.import_module(name)
