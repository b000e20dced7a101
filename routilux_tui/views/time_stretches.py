"""What a timeline's cells stand for: stretches of time, idle ones folded; round times below."""

from __future__ import annotations

import math

import msgspec

from routilux_tui.job import timestamps
from routilux_tui.views.formatting import span

#: A stretch of so many idle cells is folded.
IDLE_CELLS = 12
#: How many cells stand for a folded stretch; its length is written in them.
FOLDED_CELLS = 8

_STEPS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300),
    *(600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000),
)


class Stretch(msgspec.Struct, frozen=True):
    """Cells ``column`` to ``column + cells`` stand for the time from ``begin`` to ``end``."""

    begin: float
    end: float
    column: int
    cells: int
    is_idle: bool = False


def stretches_of(
    begin: float, end: float, columns: int, idle: list[tuple[float, float]]
) -> list[Stretch]:
    """What each cell stands for: idle stretches that would take many cells take few."""
    longest = IDLE_CELLS * (end - begin) / columns
    folded = [(start, stop) for start, stop in idle if stop - start >= longest]
    while folded and FOLDED_CELLS * len(folded) > columns // 2:
        folded.remove(min(folded, key=lambda one: one[1] - one[0]))
    if not folded:
        return [Stretch(begin, end, 0, columns)]
    pieces: list[tuple[float, float, bool]] = []
    at = begin
    for start, stop in folded:
        if start > at:
            pieces.append((at, start, False))
        pieces.append((start, stop, True))
        at = stop
    if at < end:
        pieces.append((at, end, False))
    room = columns - FOLDED_CELLS * len(folded)
    shares = _shares([0 if is_idle else stop - start for start, stop, is_idle in pieces], room)
    stretches: list[Stretch] = []
    column = 0
    for (start, stop, is_idle), share in zip(pieces, shares, strict=True):
        cells = FOLDED_CELLS if is_idle else share
        stretches.append(Stretch(start, stop, column, cells, is_idle))
        column += cells
    if column < columns:  # nothing happened at all
        stretches[-1] = msgspec.structs.replace(
            stretches[-1], cells=stretches[-1].cells + columns - column
        )
    return stretches


def _shares(lengths: list[float], room: int) -> list[int]:
    """Cells for each length, at least one each and ``room`` in all; none for a length of 0."""
    total = sum(lengths)
    if not total:
        return [0] * len(lengths)
    rest = room - sum(1 for one in lengths if one)
    shares = [1 + int(rest * one / total) if one else 0 for one in lengths]
    longest = max(range(len(lengths)), key=lambda n: lengths[n])
    shares[longest] += room - sum(shares)
    return shares


def edges_of(stretches: list[Stretch]) -> list[tuple[float, float]]:
    """The moments at which each cell begins and ends."""
    edges = []
    for one in stretches:
        step = (one.end - one.begin) / one.cells
        edges += [(one.begin + n * step, one.begin + (n + 1) * step) for n in range(one.cells)]
    return edges


def _tick_pattern(step: float, *, days: bool) -> str:
    if days:
        return "%m-%d %H:%M" if step < 86_400 else "%m-%d"
    return "%H:%M" if step % 60 == 0 else "%H:%M:%S"


def _tick_width(step: float, *, days: bool) -> int:
    width = {"%m-%d %H:%M": 11, "%m-%d": 5, "%H:%M": 5, "%H:%M:%S": 8}
    return width[_tick_pattern(step, days=days)] + (4 if step < 1 else 0)


def ticks_of(
    stretches: list[Stretch], begin: float, end: float, columns: int
) -> list[tuple[int, str]]:
    """Round times under the cells, and the length of what is folded."""
    active = [one for one in stretches if not one.is_idle]
    cells = sum(one.cells for one in active) or columns
    each = sum(one.end - one.begin for one in active) / cells or (end - begin) / columns
    days = end - begin > 86_400
    fitting = (one for one in _STEPS if one >= (_tick_width(one, days=days) + 3) * each)
    step = next(fitting, _STEPS[-1])
    pattern = _tick_pattern(step, days=days)
    ticks: list[tuple[int, str]] = []
    free = 0
    for one in stretches:
        if one.is_idle:
            label = span(one.end - one.begin)
            ticks.append((one.column + max(0, (one.cells - len(label)) // 2), label))
            free = one.column + one.cells
            continue
        offset = timestamps.to_datetime(one.begin).utcoffset()
        shift = offset.total_seconds() if offset is not None else 0.0
        number = math.ceil((one.begin + shift) / step)
        while (at := round(number * step - shift, 3)) < one.end:  # no step is finer
            column = one.column + int((at - one.begin) / (one.end - one.begin) * one.cells)
            moment = timestamps.to_datetime(at)
            label = moment.strftime(pattern)
            if step < 1:
                label += f".{moment.microsecond // 1000:03d}"
            if column >= free and column + len(label) <= one.column + one.cells:
                ticks.append((column, label))
                free = column + len(label) + 1
            number += 1
    return ticks
