"""How a Python process of our own is started: it imports nothing from the current folder."""

from __future__ import annotations

import sys
from pathlib import Path

import routilux_tui

_BOOT = """
import sys
sys.path[:] = [place for place in sys.path if place]
sys.path += [place for place in sys.argv[2:3] if place not in sys.path]
from importlib import import_module
sys.exit(import_module(sys.argv[1]).main())
"""
"""The current folder, where anybody's ``json.py`` may lie, is not looked into; the folder that
holds this package comes last."""


def python_of(module: str, *arguments: str) -> list[str]:
    """The argv of a Python that calls a module's ``main``, with ``arguments`` at its argv's end."""
    package = str(Path(routilux_tui.__file__).parent.parent)
    return [sys.executable, "-c", _BOOT, module, package, *arguments]
