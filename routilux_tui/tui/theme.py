"""Colours: one calm palette, dark and light; status is told by glyph and word as well."""

from __future__ import annotations

from textual.theme import Theme

# The greys have so little colour in them that they stay grey in a terminal of 256 colours.
DARK = Theme(
    name="routilux-dark",
    dark=True,
    primary="#7aa2c8",
    secondary="#8a94a6",
    accent="#7aa2c8",
    foreground="#c8ccd4",
    background="#16181d",
    surface="#1d2025",
    panel="#2b2e35",
    success="#87b379",
    warning="#d8b26a",
    error="#d9777a",
    variables={"border": "#474b53"},
)
LIGHT = Theme(
    name="routilux-light",
    dark=False,
    primary="#2f5f8f",
    secondary="#5b6472",
    accent="#2f5f8f",
    foreground="#24292f",
    background="#fbfbfa",
    surface="#f3f3f1",
    panel="#e8e8e4",
    success="#3d7a33",
    warning="#8a6100",
    error="#b3343a",
    variables={"border": "#c3c3bf"},
)

WIDE = (110, 30)
"""Cells from which on a screen has room for more than it must show: columns and lines."""

#: The component class that paints each status.
STATUS_STYLE = {
    "pending": "rows--dim",
    "running": "rows--running",
    "paused": "rows--warning",
    "completed": "rows--success",
    "failed": "rows--error",
    "error": "rows--error",
    "cancelled": "rows--cancelled",
    "error_continued": "rows--warning",
    "skipped": "rows--dim",
}
