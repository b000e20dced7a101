"""Who is told of a job's changes: of all, or of some kinds alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Listener = tuple[Callable[..., None], Callable[..., None], frozenset[str] | None]
    """Who listens, how it is called, and to which kinds of change; None is all."""

#: ``(seq, kind, *args)``; see `routilux_tui.job.changes`.
Change = tuple[Any, ...]


def dispatch_table(
    listeners: Iterable[Listener], kinds: Iterable[str]
) -> dict[str, Callable[[Change], None]]:
    """What is called with a change of each kind; a kind that nobody listens to is left out."""
    table = {}
    for kind in kinds:
        calls = [call for _, call, only in listeners if only is None or kind in only]
        if calls:
            table[kind] = calls[0] if len(calls) == 1 else _calling(calls)
    return table


def _calling(calls: list[Callable[[Change], None]]) -> Callable[[Change], None]:
    """What hands a change to each of several listeners, in the order in which they came."""

    def call_each(change: Change) -> None:
        for call in calls:
            call(change)

    return call_each
