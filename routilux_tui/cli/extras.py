"""What only some commands need, and is installed with an extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from routilux_tui.errors import UsageError


def imported(module: str, extra: str) -> Any:
    """A module that an extra brings.

    Raises:
        UsageError: where it is not installed; the hint says how it is.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if not module.startswith(str(error.name)):
            raise
        raise UsageError(
            f"{error.name} is not installed.", f"Say: pip install 'routilux-tui[{extra}]'"
        ) from None
