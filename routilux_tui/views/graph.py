"""A flow drawn as rails: one row a routine, its connections as lines left of the names.

Each rail belongs to one target, as a branch in ``git log --graph``: it begins at the target's
first source, every further source joins it, and it ends at the target. Ways back (to a routine
that stands above) are dashed, with heavy ends, and lead up. What is drawn can be read back::

          ╭── fetch
    ╭─┳─┬─┴─▸ parse     fetch feeds parse; parse feeds check and load;
    ├─┻─┴───▸ check     check feeds load, and parse again
    ╰───────▸ load
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Rails wider than this leave too little for the figures beside them.
WIDEST = 30


class _Glyphs(NamedTuple):
    """What a rail looks like; first at the left end of a row's line, then in the midst of it."""

    top: str
    join: str
    bottom: str
    back_top: str
    back_join: str
    back_bottom: str
    passing: str
    back_passing: str
    line: str
    arrow: str
    loop: str


_UNICODE = _Glyphs("╭┬", "├┼", "╰┴", "┏┳", "┣╋", "┗┻", "│", "┊", "─", "▸", "↺")
_ASCII = _Glyphs("..", "++", "''", "^^", "**", "**", "|", ":", "-", ">", "@")


class _Rail(NamedTuple):
    """A line from row ``top`` to row ``bottom``, with the rows that it touches."""

    top: int
    bottom: int
    touched: frozenset[int]
    is_back: bool


class Rails(NamedTuple):
    """A flow's picture: ``texts[n]`` is drawn left of the name of ``order[n]``.

    All texts are ``width`` cells wide, and end in a space; ``marks[n]`` stands behind the name:
    a self loop, or nothing. ``is_partial``: only the rails of one routine are drawn, since all
    of them would have been too wide.
    """

    order: list[str]
    texts: list[str]
    marks: list[str]
    width: int
    is_partial: bool = False


class Graph:
    """The routines of a flow in the order of their rows, and the rails between them.

    Args:
        routines: the routines' ids, in the flow's order.
        connections: ``(source id, target id)``; several of the same two are one line. Ends that
            are no routines of the flow are left out.
    """

    def __init__(self, routines: Sequence[str], connections: Iterable[tuple[str, str]]) -> None:
        ids = list(dict.fromkeys(routines))
        known = {one: n for n, one in enumerate(ids)}
        edges = {
            (known[source], known[target])
            for source, target in connections
            if source in known and target in known
        }
        loops = {source for source, target in edges if source == target}
        targets: list[list[int]] = [[] for _ in ids]
        for source, target in sorted(edges):
            if source != target:
                targets[source].append(target)
        rows = _ordered(targets)
        row_of = {number: row for row, number in enumerate(rows)}
        #: The routines' ids, a row each.
        self.order = [ids[number] for number in rows]
        #: Those that feed themselves.
        self.loops = {ids[number] for number in loops}
        #: The rows that each row feeds.
        self.targets = [sorted(row_of[to] for to in targets[number]) for number in rows]
        #: The rows that feed each row.
        self.sources: list[list[int]] = [[] for _ in rows]
        for row, fed in enumerate(self.targets):
            for target in fed:
                self.sources[target].append(row)
        self._rails = [
            _Rail(min(touched), max(touched), frozenset(touched), is_back)
            for row, fed_by in enumerate(self.sources)
            for is_back in (False, True)
            if len(touched := {row, *(one for one in fed_by if (one > row) is is_back)}) > 1
        ]
        self._columns = _packed(self._rails)
        #: How many cells all rails take, with the space behind them.
        self.width = _width(self._columns)

    def draw(self, *, widest: int = WIDEST, selected: str = "", ascii_only: bool = False) -> Rails:
        """The picture.

        Args:
            widest: cells that the rails may take. If all of them need more, only those of the
                ``selected`` routine are drawn: what feeds it, and what it feeds (with arrows).
            selected: a routine's id.
            ascii_only: with the printable part of ASCII alone.
        """
        glyphs = _ASCII if ascii_only else _UNICODE
        marks = [glyphs.loop if one in self.loops else "" for one in self.order]
        arrivals = {row for row, fed_by in enumerate(self.sources) if fed_by}
        rails, columns, is_partial = self._rails, self._columns, self.width > widest
        if is_partial:
            rails, arrivals = self._rails_of(selected)
            columns = _packed(rails)
        texts = _painted(len(self.order), rails, columns, arrivals, glyphs)
        return Rails(self.order, texts, marks, _width(columns), is_partial)

    def _rails_of(self, selected: str) -> tuple[list[_Rail], set[int]]:
        """The rails of one routine, at most four: from and to what is above and below it."""
        if selected not in self.order:
            return [], set()
        row = self.order.index(selected)
        rails, arrivals = [], set(self.targets[row])
        if self.sources[row]:
            arrivals.add(row)
        for ends, above_is_back in ((self.sources[row], False), (self.targets[row], True)):
            for is_above in (True, False):
                touched = {row, *(end for end in ends if (end < row) is is_above)}
                if len(touched) > 1:
                    is_back = is_above is above_is_back
                    rails.append(_Rail(min(touched), max(touched), frozenset(touched), is_back))
        return rails, arrivals


def _ordered(targets: list[list[int]]) -> list[int]:
    """Sources before their targets; of those ready, the one whose newest source is latest.

    Connections that close a cycle (they lead to a routine that led here) do not count.
    """
    count = len(targets)
    fed = [0] * count
    for ends in targets:
        for target in ends:
            fed[target] += 1
    forward = _without_cycles(targets, sorted(range(count), key=lambda one: fed[one] > 0))
    missing = [0] * count
    for ends in forward:
        for target in ends:
            missing[target] += 1
    ready = [(0, number) for number in range(count) if not missing[number]]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        _, number = heapq.heappop(ready)
        order.append(number)
        for target in forward[number]:
            missing[target] -= 1
            if not missing[target]:  # its newest source is the one just placed
                heapq.heappush(ready, (-len(order), target))
    return order


def _without_cycles(targets: list[list[int]], begin: list[int]) -> list[list[int]]:
    """The connections but those that lead back to a routine on the way to them."""
    forward: list[list[int]] = [[] for _ in targets]
    new, on_the_way, done = 0, 1, 2
    state = [new] * len(targets)
    for first in begin:
        if state[first] != new:
            continue
        state[first] = on_the_way
        stack = [(first, iter(targets[first]))]
        while stack:
            number, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[number] = done
                stack.pop()
            elif state[target] != on_the_way:
                forward[number].append(target)
                if state[target] == new:
                    state[target] = on_the_way
                    stack.append((target, iter(targets[target])))
    return forward


def _packed(rails: list[_Rail]) -> list[int]:
    """A column for each rail, 0 next to the names: short rails near, none upon another."""
    taken: list[int] = []  # a column's rows, as bits
    columns = [0] * len(rails)
    by_length = sorted(range(len(rails)), key=lambda n: (rails[n].bottom - rails[n].top, rails[n]))
    for n in by_length:
        rail = rails[n]
        rows = (1 << (rail.bottom + 1)) - (1 << rail.top)
        column = next((at for at, used in enumerate(taken) if not used & rows), len(taken))
        if column == len(taken):
            taken.append(0)
        taken[column] |= rows
        columns[n] = column
    return columns


def _width(columns: list[int]) -> int:
    return 2 * (max(columns) + 1) + 2 if columns else 0


def _painted(
    rows: int, rails: list[_Rail], columns: list[int], arrivals: set[int], glyphs: _Glyphs
) -> list[str]:
    width = _width(columns)
    if not width:
        return [""] * rows
    cells = [[" "] * width for _ in range(rows)]
    touches: list[list[tuple[int, str]]] = [[] for _ in range(rows)]
    for rail, column in zip(rails, columns, strict=True):
        at = width - 4 - 2 * column
        if rail.is_back:
            looks = (glyphs.back_top, glyphs.back_join, glyphs.back_bottom, glyphs.back_passing)
        else:
            looks = (glyphs.top, glyphs.join, glyphs.bottom, glyphs.passing)
        top, join, bottom, passing = looks
        for row in range(rail.top, rail.bottom + 1):
            cells[row][at] = passing
        for row in rail.touched:
            look = top if row == rail.top else bottom if row == rail.bottom else join
            touches[row].append((at, look))
    for row, touched in enumerate(touches):
        if not touched:
            continue
        line, left = cells[row], min(touched)[0]
        for at in range(left, width - 1):
            if line[at] == " ":
                line[at] = glyphs.line
        for at, look in touched:
            line[at] = look[0] if at == left else look[1]
        if row in arrivals:
            line[width - 2] = glyphs.arrow
    return ["".join(line) for line in cells]
