"""How changes of alerts are carried out: rules set and taken off, people told, all over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.data import JobData


def _alert_rule(job: JobData, name: str, rule: dict[str, Any], at: float) -> None:
    """A rule is set; one of the same name is replaced, and what was told by it is kept."""
    known = job.alerts.get(name) or {"holds": False, "count": 0, "at": ""}
    job.alerts[name] = {**known, "rule": rule}
    job._updated = at


def _alert_off(job: JobData, name: str, at: float) -> None:
    job.alerts.pop(name, None)
    job._updated = at


def _alert(job: JobData, name: str, text: str, at: float) -> None:
    """People are told; it stands in the journal before anything is done."""
    known = job.alerts.get(name)
    if known is None:
        return
    known.update(holds=True, count=known["count"] + 1, at=timestamps.to_iso(at))
    rule = known["rule"]
    bell, notify = rule.get("bell") is not False, rule.get("notify") is not False
    job.alert_count += 1
    job.last_alert = {"name": name, "text": text, "bell": bell, "notify": notify}


def _alert_over(job: JobData, name: str, at: float) -> None:  # noqa: ARG001 - as every change
    """The condition holds no more: it may be told anew."""
    known = job.alerts.get(name)
    if known is not None:
        known.update(holds=False, count=0)


#: The kinds of change of alerts, and what carries each out.
FOLD_ALERTS: dict[str, Callable[..., None]] = {
    "alert_rule": _alert_rule,
    "alert_off": _alert_off,
    "alert": _alert,
    "alert_over": _alert_over,
}


def alert_from(plain: Any) -> dict[str, Any] | None:
    """What a file has of one rule; None where it is none."""
    if not isinstance(plain, dict) or not isinstance(plain.get("rule"), dict):
        return None
    count = plain.get("count")
    return {
        "rule": plain["rule"],
        "holds": plain.get("holds") is True,
        "count": count if type(count) is int and count >= 0 else 0,
        "at": plain.get("at") if isinstance(plain.get("at"), str) else "",
    }
