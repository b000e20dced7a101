"""What runs a job: flows, routines, error strategies and the engine."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "Flow":  # flows of routilux may import it from here
        from routilux_tui.flow.flow import Flow

        return Flow
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
