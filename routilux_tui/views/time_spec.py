"""Moments of a job as people write them: a time, a change's or a record's number, a condition."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import NamedTuple

from routilux_tui.errors import ConditionError, UsageError
from routilux_tui.job import timestamps

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(\.\d{1,6})?)?")
_SPAN = re.compile(r"([+-])(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?")
_NUMBER = re.compile(r"(#?)\s*(\d{1,18})")
#: What a moment may be, for messages.
FORMS = "Say 03:07:21, 2026-11-25T03:07:21, +1h30m, -5m"


class Target(NamedTuple):
    """A moment that a text means: one of them is there."""

    at: float | None = None
    seq: int | None = None
    record: int | None = None
    condition: str = ""


def target_of(text: str, first: float, last: float) -> Target:
    """The moment that a text means.

    Args:
        text: a time as `moment_of` has it; ``44912``, a change's number; ``#12``, a record's, as
            ``trace`` has it; else a condition, and the moment at which its value changes.
        first: when the job began, in seconds since the epoch.
        last: when it ended, or now.

    Raises:
        UsageError: when it means no moment.
        ConditionError: when it can only be a condition, and does not parse.
    """
    text = text.strip()
    number = _NUMBER.fullmatch(text)
    if number is not None:
        return Target(record=int(number[2])) if number[1] else Target(seq=int(number[2]))
    try:
        return Target(at=moment_of(text, first, last))
    except UsageError:
        from routilux_tui.views.conditions import Condition

        if _DATE.match(text) or _SPAN.fullmatch(text):
            raise
        if text.isidentifier() and text != "waiting":  # the one name that is true or false alone
            raise
        try:
            return Target(condition=Condition(text).text)
        except ConditionError:
            if any(one in text for one in "=<>!&|.("):
                raise
        raise


def moment_of(text: str, first: float, last: float) -> float:
    """The moment that a text means, in seconds since the epoch.

    Args:
        text: ``03:07`` or ``03:07:21.5`` (the first such time from the job's start on),
            ``2026-11-25T03:07:21``, ``+90``, ``+1h30m`` after the start, ``-5m`` before the end.
        first: when the job began.
        last: when it ended, or now.

    Raises:
        UsageError: when it means no moment.
    """
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    if clock is not None and int(clock[1]) < 24 and int(clock[2]) < 60 and int(clock[3] or 0) < 60:
        began = timestamps.to_datetime(first)
        micro = int(float(clock[4] or 0) * 1e6)
        at = began.replace(
            hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=micro
        )
        if at < began.replace(microsecond=0, second=0 if clock[3] is None else began.second):
            at += timedelta(days=1)
        return at.timestamp()
    span = _SPAN.fullmatch(text)
    if span is not None and len(text) > 1:
        days, hours, minutes, seconds = (float(one or 0) for one in span.groups()[1:])
        length = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        return _in_calendar(text, first + length if span[1] == "+" else last - length)
    at_text = timestamps.to_epoch(text)
    if at_text is None and _DATE.match(text):
        return _in_calendar(text, None)
    if at_text is None:
        raise UsageError(
            f"{text[:60]!r} is no moment.",
            f"{FORMS}, a change's number, a record's (#12), or a condition.",
        )
    return at_text


def _in_calendar(text: str, at: float | None) -> float:
    if at is None or not timestamps.is_time(at):
        raise UsageError(f"{text[:60]!r} is no time that a calendar has a day for.")
    return at
