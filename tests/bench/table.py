"""Figures, and the table that they are printed as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One thing that was measured.

    ``goal`` is what it should be, in words; ``ok`` whether it is, or None where nothing is asked.
    """

    area: str
    what: str
    value: float
    unit: str = ""
    goal: str = ""
    ok: bool | None = None


def shown(value: float) -> str:
    """A number with the digits that mean something."""
    if value >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def print_table(figures: list[Figure]) -> None:
    """All figures, aligned."""
    rows = [("area", "what", "measured", "goal", "")]
    for one in figures:
        verdict = {True: "ok", False: "MISSED", None: ""}[one.ok]
        rows.append(
            (one.area, one.what, f"{shown(one.value)} {one.unit}".strip(), one.goal, verdict)
        )
    widths = [max(len(row[n]) for row in rows) for n in range(5)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
