"""What commands print: aligned for people, JSON for programs, always harmless."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from routilux_tui.job.jsonable import dumps, to_plain
from routilux_tui.job.status import KILLED, NO_ANSWER, appearance_of, word_of
from routilux_tui.views.formatting import zoned
from routilux_tui.views.list_line import status_of
from routilux_tui.views.shapes import SECTIONS, Header, RoutineRow, Row
from routilux_tui.views.text import cells, escaped, printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from routilux_tui.views.insight import Insight
    from routilux_tui.views.shapes import JobEntry

_COLOURS = {
    "running": "36",
    "paused": "33",
    "completed": "32",
    "failed": "31",
    "error": "31",
    "cancelled": "35",
    "error_continued": "33",
}

_LONGEST = 100_000
_WIDEST = 300
"""Characters of a line, and of a column that others stand behind."""
_NO_NUMBER = re.compile(r"NaN|Infinity")
_LONE = re.compile(r"\\ud[89a-f]", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_ascii() -> bool:
    """Whether the output takes ASCII alone: its encoding or the user's locale is not UTF-8.

    Python takes the C locale for UTF-8, and says so in LC_CTYPE (PEP 538); a terminal does not.
    """
    named = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or ""
    if named in {"", "C.UTF-8"} and not os.environ.get("LC_ALL"):
        named = os.environ.get("LANG") or named
    takes_utf8 = not named or "utf" in named.lower()
    return not (takes_utf8 and is_utf8(sys.stdout))


def safe(text: str, most: int = _LONGEST) -> str:
    """Foreign text as one harmless line, cut where it is longer than any has to be."""
    if len(text) > most:
        text = f"{text[:most]}…"
    return printable(text, ascii_only=is_ascii())


def status_word(status: str, still_running: int = 0) -> str:
    """A status by glyph and words, in colour on a terminal that wants it.

    ``still_running`` counts the handlers that have not returned, as in a `Header`.
    """
    seen = appearance_of(status)
    word = word_of(status, still_running)
    text = f"{seen.ascii if is_ascii() else seen.glyph} {safe(word)}"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and status in _COLOURS:
        return f"\x1b[{_COLOURS[status]}m{text}\x1b[0m"
    return text


def print_json(value: Any) -> None:
    """One value as one line of JSON."""
    sys.stdout.write(json_line(value, ascii_only=not is_utf8(sys.stdout)) + "\n")


def json_line(value: Any, *, ascii_only: bool = False) -> str:
    """One value as JSON that every reader takes, and that no terminal obeys.

    Numbers that JSON has no word for are texts: ``"NaN"``, ``"Infinity"``, ``"-Infinity"``. A lone
    surrogate is U+FFFD. Controls and what turns the direction of writing are escaped.
    """
    if isinstance(value, (msgspec.Struct, list)):
        value = msgspec.to_builtins(value)
    text = dumps(value).decode("utf-8", "replace")
    if _NO_NUMBER.search(text) or _LONE.search(text):
        text = dumps(_strict(to_plain(value))).decode("utf-8", "replace")
    return escaped(text, ascii_only=ascii_only)


def _strict(plain: Any) -> Any:
    if isinstance(plain, float) and not math.isfinite(plain):
        return json.dumps(plain)
    if isinstance(plain, str):
        return _SURROGATE.sub("\ufffd", plain)
    if isinstance(plain, list):
        return [_strict(item) for item in plain]
    if isinstance(plain, dict):
        return {_strict(key): _strict(item) for key, item in plain.items()}
    return plain


def is_utf8(stream: TextIO) -> bool:
    """Whether a stream takes every character."""
    return "utf" in (stream.encoding or "").lower()


def table(heads: list[str], rows: Iterable[list[str]], right: frozenset[int] = frozenset()) -> None:
    """A table with aligned columns; those in ``right`` are numbers. The last may be long."""
    lines = [heads, *([*(safe(cell, _WIDEST) for cell in row[:-1]), safe(row[-1])] for row in rows)]
    widths = [max(cells(line[n]) for line in lines) for n in range(len(heads))]
    for line in lines:
        made = [
            padded(cell, width, right=n in right)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(made).rstrip())


def padded(text: str, width: int, *, right: bool = False) -> str:
    """A text filled up with blanks to so many cells of a terminal."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def print_header(
    header: Header, routines: list[RoutineRow], place: str, insight: Insight | None = None
) -> None:
    """A job for people: what it is, how it is, how far and until when, what its routines did."""
    outlook = insight.outlook if insight is not None else None
    word = KILLED if header.gone else header.status
    if outlook is not None and outlook.word == NO_ANSWER:
        word = NO_ANSWER
    status = status_word(word, header.still_running)
    print(f"{status}  {safe(header.flow_id)}  {safe(header.job_id)}")
    if header.name or header.labels:
        print(f"  {safe(' '.join([header.name, *labels_of(header.labels)]).strip())}")
    if header.note or header.by:
        by = f"by {safe(header.by)}" if header.by else ""
        print(f"  {': '.join(part for part in (by, safe(header.note)) if part)}")
    if header.control is not None:
        since = f" since {safe(zoned(header.control.since))}" if header.control.since else ""
        print(f"  asked: {safe(header.control.action)}{since}, {header.control.running} running")
    created, updated = zoned(header.created_at), zoned(header.updated_at)
    print(f"  created {safe(created)}   updated {safe(updated)}")
    print(f"  {safe(place)}")
    counts = (
        f"{header.counts.get(one, 0):,} {one}" for one in SECTIONS[1:] if header.counts.get(one)
    )
    print(f"  {', '.join(counts) or 'nothing recorded'}")
    if outlook is not None and header.status not in {"completed", "pending"}:
        from routilux_tui.views.estimate import ending

        far = [] if outlook.progress is None else [f"{outlook.progress:.0%} done"]
        if outlook.eta and not header.gone:
            now = time.time()
            far.append(ending(outlook.low, outlook.high, now, is_overdue=outlook.is_overdue))
        if far:
            print(f"  {', '.join(far)}")
    rows = _with_records(routines, insight) if insight else routines
    if rows:
        print()
        figures = insight.figures if insight else []
        print_routines(rows, {one.routine_id: one.state for one in figures})


def _with_records(rows: list[RoutineRow], insight: Insight) -> list[RoutineRow]:
    """Routines as their records tell of them, where the file does not: one of routilux itself."""
    if insight.outlook is None or not insight.outlook.approximate:
        return rows
    known = {row.routine_id: row for row in rows}
    return [
        RoutineRow(
            routine_id=one.routine_id,
            status=one.state,
            runs=one.done + one.errors,
            errors=one.errors,
            retries=one.retries,
            busy=known[one.routine_id].busy if one.routine_id in known else 0.0,
            error=one.last_error,
        )
        for one in insight.figures
    ]


def labels_of(labels: Mapping[str, str]) -> list[str]:
    """Labels as they are given: ``team=data``."""
    return [f"{key}={value}" for key, value in labels.items()]


def print_routines(routines: list[RoutineRow], states: Mapping[str, str]) -> None:
    """The routines' table; a routine's state now is told instead of its file's word, if known."""
    table(
        ["routine", "status", "runs", "errors", "retries", "seconds", "last error"],
        (
            [
                row.routine_id,
                states.get(row.routine_id) or appearance_of(row.status).word,
                f"{row.runs:,}",
                f"{row.errors:,}",
                f"{row.retries:,}",
                f"{row.busy:.2f}",
                row.error[:80],
            ]
            for row in routines
        ),
        frozenset({2, 3, 4, 5}),
    )


def row_line(row: Row) -> str:
    """A row for people."""
    parts = [zoned(row.at, exact=True), row.routine, row.name, row.text]
    return "  ".join(safe(part) for part in parts if part)


def entry_object(entry: JobEntry) -> dict[str, Any]:
    """A job's line for programs; ``word`` is its status as conditions on a list see it."""
    plain: dict[str, Any] = msgspec.to_builtins(entry)
    return {**plain, "word": status_of(entry)}


def row_object(row: Row) -> dict[str, Any]:
    """A row for programs."""
    shown = {"n": row.n, "at": row.at, "routine": row.routine, "name": row.name, "text": row.text}
    return {key: value for key, value in shown.items() if value != ""}


def wait_while_read(seconds: float) -> None:
    """Wait, for as long as somebody reads what is printed.

    Raises:
        BrokenPipeError: when nobody does any more, which else only the next line would show.
    """
    import select

    poll = select.poll()
    poll.register(sys.stdout, 0)
    if poll.poll(seconds * 1000):
        raise BrokenPipeError


def is_interactive() -> bool:
    """Whether a person sits at a terminal that can hold a screen."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb"


def opens_screen(args: argparse.Namespace) -> bool:
    """Whether a command that starts a job opens the dashboard on it."""
    return is_interactive() and not (args.detach or args.no_tui or args.json)


def parse_params(pairs: list[str]) -> dict[str, Any]:
    """The parameters of ``-p KEY=VALUE``; a value is JSON where it parses, else text.

    Raises:
        UsageError: when one has no ``=``, or is nested too deeply.
    """
    from routilux_tui.errors import UsageError
    from routilux_tui.job.jsonable import parse_json

    params: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{pair!r} is not KEY=VALUE.")
        try:
            params[key] = parse_json(value)
        except ValueError:
            params[key] = value
        except RecursionError:
            raise UsageError(f"-p {key}=...: its value is nested too deeply.") from None
    return params
