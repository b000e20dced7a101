"""Times: seconds since the epoch inside, ISO 8601 with an offset outside.

Files of older versions hold naive times (read as local time), numbers, free text, or none at
all; nothing of that is an error here.
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from typing import Any, TypeGuard

from routilux_tui.job.jsonable import as_text

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$"
)
_LATEST = 253402214400.0  # the last day of the year 9999: not every zone has its hours

_cache = (-1, "", "")  # the last whole second, and what stands before and after its fraction


def to_iso(at: float) -> str:
    """An epoch time as ISO 8601 in local time, with microseconds and the UTC offset.

    Consecutive calls within one second cost a fraction of the first. A number for which no
    calendar has a day (NaN, 1e308) is given as its own text.
    """
    global _cache  # noqa: PLW0603 - one second, replaced whole, so that no race can tear it
    try:
        whole = int(at)
        micro = int((at - whole) * 1e6 + 0.5)
        if micro >= 1_000_000:
            whole, micro = whole + 1, 0
        cached = _cache
        if whole != cached[0]:
            moment = datetime.fromtimestamp(whole, timezone.utc).astimezone().isoformat()
            cached = _cache = (whole, moment[:19], moment[19:])
    except (ValueError, OverflowError, OSError):
        return repr(at)
    return f"{cached[1]}.{micro:06d}{cached[2]}"


def now_iso() -> str:
    """The present moment as ISO 8601 with its offset."""
    return to_iso(time.time())


def to_datetime(at: float) -> datetime:
    """An epoch time as an aware datetime in local time."""
    return datetime.fromtimestamp(round(at, 6), timezone.utc).astimezone()


def parse(value: Any) -> datetime | None:
    """The moment that a value tells, as an aware datetime, or None where it tells none.

    Takes datetimes, ISO text and numbers (seconds since the epoch). A naive one is local time.
    """
    try:
        if isinstance(value, datetime):
            return _in_any_zone(value if value.tzinfo else value.astimezone())
        if isinstance(value, bool):
            return None
        if isinstance(value, (int, float)):
            return to_datetime(value) if 0 <= value <= _LATEST else None
        if isinstance(value, str):
            return _in_any_zone(_parse_text(value.strip()))
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _in_any_zone(moment: datetime | None) -> datetime | None:
    """A moment for which every zone has a day; None for one at an end of the calendar."""
    return None if moment is None or moment.year in {1, 9999} else moment


def _parse_text(text: str) -> datetime | None:
    found = _ISO.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if zone is None and fraction is not None and len(fraction) == 6:  # as routilux writes them
        return datetime.fromisoformat(text.replace(",", ".")).astimezone()
    moment = datetime(  # noqa: DTZ001 - the zone is settled just below
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int((fraction or "0")[:6].ljust(6, "0")),
    )
    if zone is None:
        return moment.astimezone()
    if zone in "Zz":
        return moment.replace(tzinfo=timezone.utc)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return moment.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))


def is_time(at: Any) -> TypeGuard[float]:
    """Whether a value is seconds since the epoch that a calendar has a day for."""
    return isinstance(at, (int, float)) and not isinstance(at, bool) and 0 <= at <= _LATEST


def to_epoch(value: Any) -> float | None:
    """Seconds since the epoch of what a value tells, or None where it tells no time."""
    moment = parse(value)
    at = None if moment is None else moment.timestamp()
    return at if at is not None and is_time(at) else None


def shown(value: Any) -> str:
    """A time as a row carries it: ISO 8601 where it is a time, else its text, else empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    moment = parse(value)
    return moment.isoformat() if moment is not None else as_text(value)


def written(value: Any) -> Any:
    """A time as a file has it: ISO 8601 where it is one, else as it is."""
    if isinstance(value, float) and is_time(value):
        return to_iso(value)
    moment = None if isinstance(value, str) else parse(value)
    return value if moment is None else moment.isoformat()
