"""Numbers, times and spans of time as people read them: short, and always as wide."""

from __future__ import annotations

import math
import time
from datetime import datetime

from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import shortened

_BARS = "▁▂▃▄▅▆▇█"


def count(number: int, *, is_estimate: bool = False) -> str:
    """A whole number with thin groups: ``12,431``; from ten million on ``12.4M``; ``≈12,431``."""
    if is_estimate:
        return f"≈{count(number)}"
    if abs(number) >= 10**15:  # no count, but what a file says
        return f"{'-' if number < 0 else ''}1e{int(math.log10(abs(number)))}"
    if number >= 10_000_000:
        return f"{number / 1e6:.1f}M"
    return f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things: ``1 error``, ``1,204 records``."""
    return f"{count(number)} {one if number == 1 else many or f'{one}s'}"


def sentence(text: str) -> str:
    """A text with a full stop, unless it ends as a sentence does already."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def span(seconds: float) -> str:
    """A span of time in six characters at most: ``0.4s``, ``12s``, ``3m04s``, ``2h07m``."""
    if seconds < 0:
        seconds = 0.0
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600}h"


def limit(seconds: float) -> str:
    """A span of time that somebody set, as exact as it was said: ``0.25s``, ``30s``, ``2m00s``."""
    if seconds == math.inf:
        return "for ever"
    return f"{seconds:g}s" if seconds < 60 else span(seconds)


def minutes(seconds: float) -> str:
    """A span of time by the whole minute: ``4m``, ``2h07m``; empty below one."""
    whole = int(max(0.0, seconds) // 60)
    return f"{whole}m" if 0 < whole < 60 else span(whole * 60.0) if whole else ""


def size(number: int) -> str:
    """Bytes in at most five characters: ``812B``, ``7.1K``, ``282M``."""
    value = float(number)
    for unit in ("B", "K", "M", "G"):
        if value < 1000 or unit == "G":
            return f"{value:.0f}{unit}" if unit == "B" or value >= 99.5 else f"{value:.1f}{unit}"
        value /= 1024
    return ""


def clock(at: str, *, exact: bool = True) -> str:
    """The time of day of a row in the reader's zone; ``exact`` adds the milliseconds.

    What is no time is as it is, as far as it has room.
    """
    moment = timestamps.parse(at)
    if moment is None:
        return shortened(at, 12 if exact else 8)
    moment = moment.astimezone()
    return moment.strftime("%H:%M:%S") + (f".{moment.microsecond // 1000:03d}" if exact else "")


def since(began: float, at: str) -> str:
    """The time of a row after a job's start: ``+3:07.250``, ``+2:10:04.001``; else as it is."""
    then = timestamps.to_epoch(at)
    if then is None:
        return shortened(at, 12)
    thousandths = round(abs(then - began) * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{'+' if then >= began else '-'}{text}:{rest // 1000:02d}.{rest % 1000:03d}"


def now() -> float:
    """The time by which ages are reckoned."""
    return time.time()


def ago(at: str, moment: float | None = None) -> str:
    """How long ago a time was: ``4s``, ``3m``, ``2h``, ``5d``; empty where there is none.

    Args:
        at: the time, as ISO 8601.
        moment: by which it is reckoned, in seconds since the epoch; None for now.
    """
    then = timestamps.to_epoch(at)
    if then is None:
        return ""
    seconds = (now() if moment is None else moment) - then
    if seconds < -5:
        return "future"
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "m"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{max(0, int(seconds)) // unit}{name}"
    return f"{int(seconds) // 86400}d"


def date_time(at: str) -> str:
    """A moment in the reader's zone: ``11-23 19:24:05``, with the year where it is another one."""
    moment = timestamps.parse(at)
    if moment is None:
        return shortened(at, 19)
    moment = moment.astimezone()
    same_year = moment.year == datetime.now(moment.tzinfo).year
    return moment.strftime("%m-%d %H:%M:%S" if same_year else "%Y-%m-%d %H:%M")


def zoned(at: str, *, exact: bool = False) -> str:
    """A moment in the reader's zone, which it names: ``2026-11-23 19:24:05+01:00``.

    What is no time is as it is; ``exact`` adds the fraction of the second.
    """
    moment = timestamps.parse(at)
    if moment is None:
        return at
    return moment.astimezone().isoformat(" ", "microseconds" if exact else "seconds")


def sparkline(values: list[float]) -> str:
    """A row of small bars, as high as the values are beside the largest."""
    top = max(values, default=0.0)
    if top <= 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(7, int(value / top * 7.99))] for value in values)


def duration(seconds: float) -> str:
    """A time that something took, in seven characters at most: ``0.1ms``, ``201ms``, ``3m04s``."""
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f}ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    return span(seconds)


def short_count(number: int) -> str:
    """A whole number in four characters at most: ``812``, ``8.9k``, ``44k``, ``1.2M``."""
    for limit, unit, name in ((1000, 1, ""), (1_000_000, 1000, "k"), (10**9, 10**6, "M")):
        if number < limit:
            value = number / unit
            return f"{value:.1f}{name}" if name and value < 9.95 else f"{int(value)}{name}"
    return f"{number // 10**9}G"


def rate(per_second: float) -> str:
    """How often a second: ``0.4``, ``4.6``, ``198``."""
    return f"{per_second:.1f}" if per_second < 9.95 else count(round(per_second))


def zone(at: float) -> str:
    """The name of the reader's time zone at a moment: ``UTC``, ``CET``, ``+0530``."""
    local = datetime.fromtimestamp(at).astimezone()
    return local.tzname() or local.strftime("%z")


def time_of_day(at: float) -> str:
    """The reader's time of day at a moment: ``02:00:03``."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
