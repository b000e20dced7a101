"""Where handlers run, in words: ``threads``, ``processes[:N]``, ``MODULE:FACTORY``, or an executor.

Nothing is imported or started here: a flow may be looked at without it.
"""

from __future__ import annotations

import re
from typing import Any

from routilux_tui.errors import FlowDefinitionError

THREADS = "threads"
_PROCESSES = re.compile(r"processes(?::([1-9][0-9]{0,3}))?")
_FACTORY = re.compile(r"(?!processes:|threads:)[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def check_executor(spec: Any) -> None:
    """Refuse what says no place to run handlers in.

    Raises:
        FlowDefinitionError: with what it may be.
    """
    if spec is None or callable(getattr(spec, "submit", None)):
        return
    if isinstance(spec, str) and (
        spec == THREADS or _PROCESSES.fullmatch(spec) or _FACTORY.fullmatch(spec)
    ):
        return
    raise FlowDefinitionError(
        f"There is no executor {spec!r}.",
        "It is threads, processes, processes:N, or MODULE:FACTORY, a function that returns a "
        "concurrent.futures.Executor.",
    )


def process_count(spec: Any) -> int | None:
    """How many processes are asked for (0 leaves it to the machine); None where it is none."""
    found = _PROCESSES.fullmatch(spec) if isinstance(spec, str) else None
    return int(found.group(1) or 0) if found is not None else None
