"""Columns of a table: those that fit are shown whole, head and all; the others not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from routilux_tui.tui.widgets.lines import fit, right
from routilux_tui.views.formatting import count, short_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routilux_tui.tui.widgets.lines import Part

T = TypeVar("T")
GAP = 1
"""Cells between two columns."""


class Column(msgspec.Struct, Generic[T], frozen=True):
    """A column.

    Args:
        name: its head.
        width: its cells; of one that takes what is left, its least.
        cell: what it has of a row, and in which style.
        rank: the lower, the longer it stays where there is no room.
        is_number: whether it stands at the right of its cells.
        takes_rest: whether it takes all cells that are left.
    """

    name: str
    width: int
    cell: Callable[[T], Part]
    rank: int = 0
    is_number: bool = True
    takes_rest: bool = False


def number_part(number: int, width: int, style: str = "") -> Part:
    """A number, short where its cells are too few for it; a dot for zero."""
    if not number:
        return "·", "rows--dim"
    text = count(number)
    return (text if len(text) <= width else short_count(number)), style


def number_column(
    name: str, width: int, number: Callable[[T], int], rank: int = 0, style: str = ""
) -> Column[T]:
    """A column of numbers; see `Column`."""
    return Column(name, width, lambda row: number_part(number(row), width, style), rank)


def fitting(columns: Sequence[Column[T]], room: int) -> list[Column[T]]:
    """The columns that there is room for, in their order; one takes what is left."""
    kept: set[int] = set()
    left = room
    for n in sorted(range(len(columns)), key=lambda n: columns[n].rank):
        if columns[n].width + GAP <= left:
            kept.add(n)
            left -= columns[n].width + GAP
    return [
        replace(one, width=one.width + max(0, left)) if one.takes_rest else one
        for n, one in enumerate(columns)
        if n in kept
    ]


def heads(columns: Sequence[Column[T]]) -> str:
    """The heads of columns."""
    return "".join(
        " " * GAP + (right if one.is_number else fit)(one.name, one.width) for one in columns
    )


def cells(columns: Sequence[Column[T]], row: T) -> list[Part]:
    """A row's cells."""
    parts: list[Part] = []
    for one in columns:
        text, style = one.cell(row)
        parts.append((" " * GAP, ""))
        parts.append(((right if one.is_number else fit)(text, one.width), style))
    return parts
