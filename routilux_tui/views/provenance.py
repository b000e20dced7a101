"""Who steered a job, and how it was started: what is told of a job as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job.jsonable import Plain, as_text, to_plain
from routilux_tui.views.shapes import LastAlert

if TYPE_CHECKING:
    from routilux_tui.job.model import Job

_STEERING = frozenset({"pause", "resume", "cancel"})


def steered_by(job: Job) -> str:
    """Who paused or cancelled a job; empty where nobody did, or it is neither."""
    action = {"paused": "pause", "cancelled": "cancel"}.get(job.status)
    steering = [one for one in job.controls if one.get("action") in _STEERING]
    if not steering or steering[-1].get("action") != action:
        return ""
    if action == "pause":
        points = job.pause_points
        last = points[-1] if points and isinstance(points[-1], dict) else {}
        if last.get("reason") != steering[-1].get("reason"):
            return ""  # it was paused again, by something else
    return label_of(steering[-1].get("who"))


def label_of(who: Any) -> str:
    """Somebody who steered a job, in a word."""
    names = who if isinstance(who, dict) else {}
    return as_text(names.get("via") or names.get("name") or names.get("uid"))


def job_part(job: Job, name: str) -> Plain:
    """A part of a job as a whole: ``launch`` or ``controls``; None for any other."""
    with job.lock:
        parts = {"launch": job.extra.get("launch"), "controls": job.controls}
        return to_plain(parts.get(name))


def last_alert_of(job: Job) -> LastAlert | None:
    """The last that people were told of a job by its rules."""
    last = job.last_alert
    if not last:
        return None
    name, text = as_text(last.get("name")), as_text(last.get("text"))
    return LastAlert(name, text, last.get("bell") is not False, last.get("notify") is not False)
