"""The problems pane: errors by kind, worst first, with their inputs and the line of code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len

from routilux_tui.job import timestamps
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.panes.row_target import NOTHING, RowTarget
from routilux_tui.tui.widgets.lines import cell_width, fit, fit_parts, right
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.tui.widgets.values import flattened, pair_parts, value_parts
from routilux_tui.views.formatting import ago, clock, count, span
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.insight import CodeLine, FailingInput, Insight, ProblemRow

_TIMES = "\N{MULTIPLICATION SIGN}"
_NAME = 24
_HIGH = 24
"""Lines of a terminal from which on there is room for the code before the line that raised."""
_THEN = 10
"""Cells of what becomes of an input: ``in 59m59s``, and a gap."""


class Line(NamedTuple):
    """A line of the pane: a problem, something that is known of it, or one of its inputs."""

    kind: str
    problem: ProblemRow
    failing: FailingInput | None = None
    code: CodeLine | None = None


class ProblemsPane(Pane):
    """The errors of a job by kind."""

    section = "problems"
    name_shown = "Problems"
    key_shown = "2"

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[ProblemRow] = []
        self.beyond = 0
        self._lines: list[Line] = []
        #: How long ago each line was painted to have been.
        self._said: dict[int, str] = {}

    def show(self, problems: list[ProblemRow], beyond: int) -> bool:
        """Take over the problems; whether there are some now where there were none."""
        before, self.problems, self.beyond = self.problems, problems, beyond
        self._arrange()
        self._refresh_ages(by_second=True)
        if before != problems:
            self.refresh_title()
        return bool(problems) and not before

    def on_resize(self) -> None:
        """There is room for lines of code, or none any more."""
        super().on_resize()
        self._arrange()

    def _arrange(self) -> None:
        """Give each problem its lines; the worst ones have code, as far as there is room."""
        needed = [_lines_of(one, with_code=False) for one in self.problems]
        room = self.page - sum(map(len, needed))
        if self.app.size.height < _HIGH:
            room = 0
        for n, one in enumerate(self.problems):
            room -= len(one.code)
            if room < 0:
                break
            needed[n] = _lines_of(one, with_code=True)
        lines = [line for part in needed for line in part]
        known, self._lines = self._lines, lines
        if len(lines) != len(known):
            self.set_total(len(lines))
            self.refresh()
        for n, line in enumerate(lines):
            if n >= len(known) or line != known[n]:
                self.refresh_rows(n, n + 1)

    @property
    def rows_wanted(self) -> int:
        """How many rows it has where there is room for the code of the worst problem."""
        return sum(len(_lines_of(one, with_code=False)) for one in self.problems) + self.code_rows

    @property
    def code_rows(self) -> int:
        """How many rows the code of the worst problem takes."""
        is_high = self.app.size.height >= _HIGH
        return len(self.problems[0].code) if self.problems and is_high else 0

    def tick(self, *, is_running: bool) -> None:
        """A second has passed: that much less until the next try, that much more since the last.

        A job that stands still costs its terminal nothing in most seconds: it is told by the
        minute.
        """
        self._refresh_ages(by_second=is_running)
        for n, line in enumerate(self._lines if self.is_shown and is_running else ()):
            if line.failing is not None and line.failing.next_try:
                self.refresh_rows(n, n + 1)

    def _refresh_ages(self, *, by_second: bool) -> None:
        """Paint anew what is said to have been longer or less long ago than it is."""
        moment = self.time_shown()
        for n, line in enumerate(self._lines if self.is_shown else ()):
            if line.kind == "kind" and n in self._said:
                said = ago(line.problem.last, moment)
                if said != self._said[n] and (by_second or not said.endswith("s")):
                    self.refresh_rows(n, n + 1)

    def line_at(self, n: int) -> Line | None:
        """What stands in a line."""
        return self._lines[n] if n < len(self._lines) else None

    def target(self, n: int) -> RowTarget:
        """The kind of error that a line is of, and the input that has it."""
        line = self.line_at(n)
        if line is None:
            return NOTHING
        return RowTarget(line.problem.routine_id, problem=line.problem, failing=line.failing)

    def show_insight(self, insight: Insight) -> bool:
        """Take over the problems; they come to the front where there were none."""
        return self.show(insight.problems, insight.problems_beyond)

    def tab(self, *, is_front: bool = False) -> Tab:
        """The name, with the number of errors."""
        number = sum(one.count for one in self.problems) + self.beyond
        return Tab(self.key_shown, self.name_shown, number, is_front)

    def title_parts(self) -> list[Part]:
        """In how many inputs, and what Enter does."""
        inputs = sum(one.inputs for one in self.problems)
        if not inputs:
            return []
        text = f"in {count(inputs)} {'input' if inputs == 1 else 'inputs'}  "
        keys = (("Enter", " opens  "), ("R", " again  "), ("X", " give up"))
        parts = [part for key, does in keys for part in ((key, "rows--key"), (does, "rows--dim"))]
        return [(text, ""), *parts]

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A line."""
        line = self._lines[n]
        one = line.problem
        if line.failing is not None:
            return _input_parts(line.failing, one, width, self.time_shown() if self.moves else None)
        if line.code is not None:
            return _code_parts(line.code, one)
        if line.kind in {"place", "code"}:
            code = f"  {one.line.strip()}" if line.kind == "place" and one.line.strip() else ""
            ends = [f"in {one.worker}" if one.worker else "", one.code_note]
            return [
                ("  at  ", "rows--dim"),
                (one.place, ""),
                (code, "rows--error"),
                ("".join(f"  {end}" for end in ends if end), "rows--dim"),
            ]
        if line.kind == "more":
            failing = max(one.failing, len(one.samples))
            more, since = failing - len(one.samples), one.inputs - failing
            parts = [f"{count(more)} more"] if more > 0 else []
            parts += [f"{count(since)} no longer"] if since > 0 else []
            text = f"  {', '.join(parts)}" if parts else " "
            if not one.common:
                return [(text, "rows--dim")]
            values = "  ".join(f"{key} = {_quoted(value)}" for key, value in one.common.items())
            return [
                (f"{text}   all: ", "rows--dim"),
                (fit(values, width - len(text) - 8), "rows--match"),
            ]
        last = self._said[n] = ago(one.last, self.time_shown())
        return _kind_parts(one, width, last)

    def empty_text(self) -> str:
        """Nothing is wrong."""
        return "No handler has failed."


def _lines_of(one: ProblemRow, *, with_code: bool) -> list[Line]:
    """The lines of a problem: what it is, its inputs, and where it was raised."""
    lines = [Line("kind", one), *(Line("input", one, failing) for failing in one.samples)]
    if one.inputs > len(one.samples) or one.common:
        lines.append(Line("more", one))
    if with_code and one.code:
        lines.append(Line("code", one))
        lines.extend(Line("code", one, code=code) for code in one.code)
    elif one.place:
        lines.append(Line("place", one))
    return lines


def _code_parts(code: CodeLine, one: ProblemRow) -> list[Part]:
    """A line of code with its number; that which raised is marked."""
    raised = code is one.code[-1]
    number = right(str(code.number), len(str(one.code[-1].number)))
    return [
        ("    ▸ " if raised else "      ", "rows--error"),
        (f"{number}  ", "rows--dim"),
        (code.text, "rows--error" if raised else "rows--dim"),
    ]


def _kind_parts(one: ProblemRow, width: int, last: str) -> list[Part]:
    """A problem: what, how often, in how many inputs, and how long ago it was last."""
    end = f" {count(one.count)}{_TIMES} in {count(one.inputs)}{f', {last} ago' if last else ''} "
    name = min(_NAME, cell_width(one.routine_id))
    return [
        ("✗ ", "rows--error"),
        (fit(one.routine_id, name), "rows--name"),
        ("  ", ""),
        (fit(one.error, max(0, width - len(end) - name - 4)), "rows--error"),
        (end, "rows--name"),
    ]


def _input_parts(
    failing: FailingInput, problem: ProblemRow, width: int, moment: float | None
) -> list[Part]:
    """An input: its tries, when the next is, and its values, but for those that all have.

    Without a moment the job stands still, and so does what is to be tried again.
    """
    due = timestamps.to_epoch(failing.next_try)
    if failing.gave_up:
        then: Part = ("gave up", "rows--error")
    elif failing.dropped:
        then = ("dropped", "rows--warning")
    elif due is not None and moment is None:
        then = ("waits", "rows--warning")
    elif due is not None and moment is not None:
        then = (f"in {span(max(0.0, due - moment))}", "rows--warning")
    else:
        then = ("runs", "rows--dim")
    tries = (
        f"{failing.tries}/{failing.most_tries}" if failing.most_tries > 1 else f"{failing.tries}"
    )
    if isinstance(failing.input, dict):
        values = pair_parts(flattened(failing.input), "rows--name", problem.common)
    else:
        values = value_parts(failing.text)
    parts: list[Part] = [("  ", ""), (fit(tries, 6), "rows--warning" if due else "")]
    parts += [(fit(then[0], _THEN), then[1])]
    if width >= 80:
        parts.append((fit(clock(failing.at, exact=False), 10), "rows--dim"))
    if problem.form and failing.error:  # what its own message is
        room = width - sum(len(text) for text, _ in parts)
        own = printable(failing.error).removeprefix(f"{problem.error_type}: ")
        kept = room - min(cell_len(own), room // 2) - 1
        used = sum(cell_width(text) for text, _ in values)
        parts += [*fit_parts(values, min(used, kept)), (f" {own}", "rows--error")]
        return parts
    return parts + values


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
