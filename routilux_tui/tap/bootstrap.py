"""``PYTHON bootstrap.py ORDER``: where a script of routilux begins, in its own interpreter.

The package around this file is loaded from its folder, under a name that nobody else has: it need
not be installed there, and nothing is added to ``sys.path``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

NAME = "_routilux_tui_tap"


def load() -> ModuleType:
    """The package, from the folder of this file."""
    folder = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location(
        NAME, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise ImportError(folder)
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
    return importlib.import_module(NAME + ".program")


if __name__ == "__main__":
    sys.exit(load().main())
