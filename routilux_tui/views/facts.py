"""What is known of a job at one moment, as far as it explains how the job is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.views.earlier import Usual, error_kind
from routilux_tui.views.shapes import DEFERRED, PENDING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routilux_tui.views.shapes import Header, RoutineRow, Row


class RoutineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one routine does now. Times are in seconds; None where it is not known.

    ``queued`` counts tasks that wait for it, ``retrying`` those that wait for another try,
    ``next_try`` is when the first of those is due, in seconds from now. ``usual_p95`` is that of
    earlier runs of the flow. ``is_new_error``: no earlier run had the error.
    """

    routine_id: str
    queued: int = 0
    active: int = 0
    errors: int = 0
    error: str = ""
    retrying: int = 0
    next_try: float | None = None
    p95: float | None = None
    usual_p95: float | None = None
    is_new_error: bool = False
    has_failed: bool = False


class Running(msgspec.Struct, frozen=True):
    """A handler that runs: its routine, for how many seconds, and its input in a line."""

    routine_id: str
    seconds: float
    text: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a job at one moment (``now``, in seconds since the epoch).

    ``workers`` is how many handlers may run at once, 0 where that is not known. ``feeds`` has
    the routines that each routine feeds. ``silent`` is how many seconds nothing has changed.
    ``held`` counts the tasks of a paused job, ``questions`` what it asks. ``gone`` says that its
    process was killed, ``resume`` is the command that takes it up. ``no_answer`` is for how many
    seconds its machine has not answered. ``trouble`` is what is wrong with its files (a full
    disk). ``ends_at`` is the estimate of its end. ``slower`` is how many times as long as usual
    it takes, beside ``runs`` earlier runs.
    """

    status: str
    now: float
    note: str = ""
    asked: str = ""
    asked_running: int = 0
    began: float | None = None
    ended: float | None = None
    routines: list[RoutineFacts] = []
    feeds: dict[str, list[str]] = {}
    running: list[Running] = []
    workers: int = 0
    silent: float | None = None
    held: int = 0
    paused_at: float | None = None
    questions: int = 0
    asked_by: str = ""
    gone: bool = False
    resume: str = ""
    no_answer: float | None = None
    trouble: str = ""
    ends_at: float | None = None
    slower: float | None = None
    earlier_runs: int = 0


def facts_of(
    header: Header,
    routines: Iterable[RoutineRow],
    now: float,
    *,
    pause: Row | None = None,
    gone: bool = False,
    resume: str = "",
    no_answer: float | None = None,
    usual: Usual | None = None,
) -> Facts:
    """The facts that a job's views tell.

    Args:
        header: the job in a line.
        routines: its routines.
        now: the moment, in seconds since the epoch.
        pause: the last of its pause points.
        gone: whether the file says that it runs, and nobody runs it.
        resume: the command that takes it up.
        no_answer: for how many seconds its machine has not answered.
        usual: what earlier runs were like.
    """
    began = timestamps.to_epoch(header.created_at)
    updated = timestamps.to_epoch(header.updated_at)
    has_ended = statuses.has_ended(header.status)
    until = updated if has_ended else now
    taken = None if began is None or until is None else until - began
    usual = usual or Usual()
    is_own_time = header.status in {"running", "completed"} and not gone
    paused = pause if header.status == "paused" else None
    return Facts(
        status=header.status,
        now=now,
        note=header.note,
        asked=header.control.action if header.control else "",
        asked_running=header.control.running if header.control else 0,
        began=began,
        ended=updated if has_ended else None,
        routines=[
            RoutineFacts(
                routine_id=one.routine_id,
                active=one.active,
                errors=one.errors,
                error=one.error,
                usual_p95=usual.p95.get(one.routine_id),
                is_new_error=bool(one.error)
                and usual.is_new(error_kind(one.routine_id, one.error)),
                has_failed=statuses.routine_has_failed(one.status),
            )
            for one in routines
        ],
        silent=None if has_ended or updated is None else max(0.0, now - updated),
        held=header.counts.get(PENDING, 0),
        paused_at=timestamps.to_epoch(paused.at) if paused else None,
        questions=header.counts.get(DEFERRED, 0),
        asked_by=paused.routine if paused else "",
        gone=gone,
        resume=resume,
        no_answer=no_answer,
        slower=taken / usual.seconds if usual.seconds and taken and is_own_time else None,
        earlier_runs=usual.runs,
    )
