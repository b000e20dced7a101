"""A job's breakpoints, as it keeps them: conditions before whose tasks it pauses."""

from __future__ import annotations

from typing import Any

#: The key of a pause point's checkpoint that names the breakpoint which has met.
CHECKPOINT = "breakpoint"
REASON = "breakpoint: "
"""How the reason of such a pause begins."""


def breakpoint_from(plain: Any) -> dict[str, Any] | None:
    """The breakpoint of a file's entry: ``number``, ``condition``, ``who``, ``at``; or None."""
    from routilux_tui.job.numbers import is_id

    if not isinstance(plain, dict):
        return None
    number, condition, who = plain.get("number"), plain.get("condition"), plain.get("who")
    if not is_id(number) or not isinstance(condition, str) or not isinstance(who, dict):
        return None
    return {"number": number, "condition": condition, "who": who, "at": plain.get("at")}


def is_breakpoint(point: dict[str, Any]) -> bool:
    """Whether it was a breakpoint that has paused a job at a pause point."""
    noted = point.get("checkpoint")
    return isinstance(noted, dict) and CHECKPOINT in noted
