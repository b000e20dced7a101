"""Where handlers run, in words, or by an executor.

The words are ``threads``, ``processes[:N]``, ``dask://HOST:PORT``, ``dask:local[:N]``, with Dask
``?fence`` behind it, or ``MODULE:FACTORY``.

Nothing is imported or started here: a flow may be looked at without it.

A new executor is a `routilux_tui.flow.executors.RemoteExecutor` in a file of its own. Here it has a
pattern of its words, in `check_executor`, and what is promised of it, in `PROMISES` and
`promise_of`; `routilux_tui.flow.executors._make` makes it of the words. If it has a fence:
`with_fence`, and in `routilux_tui.flow.executors` `Executors.of`, `Executors.fenced` and
`executor_names`, which know Dask's alone. If its processes can be asked for stacks, or ended: what
`Executors` has for those of its own. Its words are told by the help in
`routilux_tui.cli.arguments`, by the errors here, and by `routilux_tui.flow.flow.Flow`.
``tests/extension_points/test_new_command.py`` checks it.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from routilux_tui.errors import FlowDefinitionError

THREADS = "threads"
_PROCESSES = re.compile(r"processes(?::([1-9][0-9]{0,3}))?")
_FACTORY = re.compile(r"(?!processes:|threads:|dask:)[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_HOST = r"(?:[^\s/?:\[\]]+|\[[0-9A-Fa-f:.]+\])"
_DASK = re.compile(rf"dask:(?://({_HOST}:\d{{1,5}})|local(?::([1-9][0-9]{{0,3}}))?)(\?fence)?")


class DaskSpec(NamedTuple):
    """A Dask cluster: the address of its scheduler, or empty for so many processes here."""

    address: str
    processes: int
    fence: bool


def check_executor(spec: Any) -> None:
    """Refuse what says no place to run handlers in.

    Raises:
        FlowDefinitionError: with what it may be.
    """
    if spec is None or callable(getattr(spec, "submit", None)):
        return
    if isinstance(spec, str) and (
        spec == THREADS
        or _PROCESSES.fullmatch(spec)
        or _DASK.fullmatch(spec)
        or _FACTORY.fullmatch(spec)
    ):
        return
    raise FlowDefinitionError(
        f"There is no executor {spec!r}.",
        "It is threads, processes[:N], dask://HOST:PORT, dask:local[:N], the last two perhaps with "
        "?fence behind it, or MODULE:FACTORY: a function that returns a "
        "concurrent.futures.Executor.",
    )


def process_count(spec: Any) -> int | None:
    """How many processes are asked for (0 leaves it to the machine); None where it is none."""
    found = _PROCESSES.fullmatch(spec) if isinstance(spec, str) else None
    return int(found.group(1) or 0) if found is not None else None


def dask_cluster(spec: Any) -> DaskSpec | None:
    """The Dask cluster that is asked for; None where it is none."""
    found = _DASK.fullmatch(spec) if isinstance(spec, str) else None
    if found is None:
        return None
    return DaskSpec(found[1] or "", int(found[2] or 0), found[3] is not None)


_ASKS = "and can ask whether its job was cancelled"
_RESUMED = "one that ran when the runner was killed runs again by resume"
#: What is promised of handlers, by where they run, in words.
PROMISES: dict[str, str] = {
    THREADS: f"each handler runs once, {_ASKS}; {_RESUMED}",
    "processes": f"each handler runs once, {_ASKS}; one whose process is killed fails; {_RESUMED}",
    "dask": f"each handler runs at least once, {_ASKS}; one whose worker dies runs again; "
    f"{_RESUMED}",
    "dask?fence": f"each handler runs at most once, {_ASKS}; one whose worker dies fails, and so "
    "does, by resume, one that ran when the runner was killed",
    "MODULE:FACTORY": "each handler is handed over once, is not told of a cancel, and its changes "
    f"come with its result; one that is lost fails; {_RESUMED}",
}


def promise_of(spec: str) -> str:
    """What is promised of handlers that run where ``spec`` says."""
    cluster = dask_cluster(spec)
    if cluster is not None:
        return PROMISES["dask?fence" if cluster.fence else "dask"]
    if process_count(spec) is not None:
        return PROMISES["processes"]
    return PROMISES["threads" if spec == THREADS else "MODULE:FACTORY"]


def with_fence(spec: Any, fence: bool) -> Any:
    """An executor whose handlers are never begun twice, where ``fence`` says so.

    Raises:
        FlowDefinitionError: when it has no fence; threads and processes run nothing again.
    """
    if not fence or (isinstance(spec, str) and spec.endswith("?fence")):
        return spec
    if dask_cluster(spec) is None:
        raise FlowDefinitionError(
            f"The executor {spec!r} has no fence.", "Only Dask runs a handler again by itself."
        )
    return f"{spec}?fence"
