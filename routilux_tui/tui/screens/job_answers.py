"""What a job's screen answers in text: why the job is as it is, and what led to a record."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from routilux_tui.errors import Unreachable
from routilux_tui.job.error_kinds import FAILURES
from routilux_tui.tui.screens.detail import json_lines
from routilux_tui.tui.widgets.values import value_parts
from routilux_tui.views import formatting, shapes
from routilux_tui.views.facts import facts_of
from routilux_tui.views.formatting import clock, count, counted, span
from routilux_tui.views.insight import PARTS, USUAL, Insight
from routilux_tui.views.reason import BAD, GOOD
from routilux_tui.views.shapes import Filter
from routilux_tui.views.text import printable
from routilux_tui.views.trace import folded, trace, waits_of, with_waits
from routilux_tui.views.why import why

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from routilux_tui.sources.base import Handle
    from routilux_tui.views.critical_path import Link
    from routilux_tui.views.insight import FailingInput, ProblemRow
    from routilux_tui.views.shapes import Header, Row
    from routilux_tui.views.trace import Step, Trace

_MARKS = {BAD: "✗", GOOD: "✓"}
_MOST_INPUTS = 200
_MOST_PRINTED = 50


async def why_lines(
    handle: Handle, last: Insight | None = None, moment: float | None = None
) -> list[str]:
    """Why the job is as it is: sentences, worst first, each with the key that leads on.

    Args:
        handle: the job.
        last: what was measured of it when it last answered.
        moment: by which ages are reckoned, in seconds since the epoch; by default now.
    """
    header, insight = handle.header, last or Insight(at="")
    pause: Row | None = None
    no_answer = None if handle.stale_since is None else formatting.now() - handle.stale_since
    with contextlib.suppress(Unreachable):  # that nobody answers is the answer then
        if header.counts.get(shapes.PAUSES):
            pause = (await handle.window(shapes.PAUSES, -1, 1 << 52, Filter())).rows[-1]
        insight = await handle.insight(*PARTS, USUAL)
    facts = facts_of(
        header,
        insight,
        formatting.now() if moment is None else moment,
        pause=pause,
        gone=handle.is_gone,
        no_answer=no_answer,
        usual=insight.usual,
        can_end="cancel" not in handle.cannot,
    )
    lines: list[str] = []
    for reason in why(facts):
        lines.append(f"{_MARKS.get(reason.weight, '!')} {reason.text}")
        key = reason.key
        if key and _is_empty(key, header, insight):
            key = "1" if key == "2" else ""  # each routine's last error stands in the flow
        way = [f"press {key}"] if key else []
        way += [reason.command] if reason.command and reason.command not in reason.text else []
        if way:
            lines.append(f"    {', or '.join(way)}")
        lines.append("")
    return lines


def _is_empty(key: str, header: Header, insight: Insight) -> bool:
    """Whether there is nothing in the pane of a key."""
    if key == "2":
        return not insight.problems
    if key == "3":
        return insight.now is None or not (insight.now.handlers or insight.now.coming)
    section = {"5": shapes.HISTORY, "6": shapes.LOG, "9": shapes.PAUSES}.get(key)
    return section is not None and not header.counts.get(section)


async def problem_lines(
    handle: Handle, problem: ProblemRow, failing: FailingInput | None
) -> list[str]:
    """A problem: the whole traceback, the input, what all inputs have in common, every input."""
    inputs = await handle.failing(problem.number, 0, _MOST_INPUTS)
    of_last = filter(problem.is_last, inputs)
    chosen = failing or next(of_last, next(iter(inputs), None))
    row = None if chosen is None else await failure_record(handle, problem, chosen)
    raised = problem.traceback or problem.message  # of its last error
    if chosen is not None and row is not None and not problem.is_last(chosen):
        record = await handle.item(shapes.HISTORY, row.n)
        raised = str(record.get("traceback") or raised) if isinstance(record, dict) else raised
    lines = raised.rstrip().split("\n")
    if problem.worker:
        lines += ["", f"in {printable(problem.worker)}"]
    if chosen is not None:
        tries = f"tried {chosen.tries} of {chosen.most_tries} times"
        moves = handle.header.status == "running" and not handle.is_gone
        due = clock(chosen.next_try, exact=False)
        then = f"{'next try' if moves else 'to be tried again, was due'} {due}"
        if chosen.gave_up or chosen.dropped:
            then = "given up" if chosen.gave_up else "dropped when the job ended"
        whole = chosen.input if chosen.input is not None else chosen.text
        lines += ["", f"its input ({tries}, {then})", "", *json_lines(whole)]
        lines += await _of_the_run(handle, chosen, row)
    if problem.common:
        lines += ["", "what all of them have, and no input that went well", ""]
        lines += json_lines(problem.common)
    lines += ["", f"{counted(problem.inputs, 'input')} failed so, {count(problem.count)} times", ""]
    for one in inputs:
        end = "gave up" if one.gave_up else f"{one.tries}/{one.most_tries}"
        end = "dropped" if one.dropped else end
        own = f"  {printable(one.error)}" if problem.form and one.error else ""
        lines.append(f"  {end:<8} {''.join(text for text, _ in value_parts(one.text))}{own}")
    return lines


async def _of_the_run(handle: Handle, chosen: FailingInput, row: Row | None) -> list[str]:
    """What a failing input's handler printed, and the records that led to its failure's ``row``."""
    where = Filter(task=chosen.task)
    printed = await handle.window(shapes.PRINTED, -_MOST_PRINTED, 1 << 52, where)
    lines = ["", "what it printed", ""] if printed.rows else []
    lines += [f"  {clock(row.at)}  {row.name}  {printable(row.text)}" for row in printed.rows]
    if row is None:
        return lines
    found = await _trace(handle, row.n)
    if found is not None and len(found.chain) > 1:
        lines += ["", "what led to it", "", *_chain(found)]
    return lines


async def failure_record(
    handle: Handle, problem: ProblemRow, failing: FailingInput | None
) -> Row | None:
    """The last record of a failure in the history."""
    for name in sorted(FAILURES):
        where = Filter(routine=problem.routine_id, name=name)
        window = await handle.window(shapes.HISTORY, -_MOST_INPUTS, 1 << 52, where)
        for row in reversed(window.rows):
            if failing is None or row.task == failing.task:
                return row
    return None


async def trace_lines(
    handle: Handle, n: int, links_to: Callable[[int], Awaitable[Sequence[Link]]] | None = None
) -> list[str]:
    """The chain of records that led to one, from the start on, and what came of it.

    Args:
        handle: the job.
        n: the record.
        links_to: gives the tasks that led to a record, with what each waited and ran.
    """
    found = await _trace(handle, n)
    if found is None:
        return ["There is no such record any more."]
    if links_to is not None:
        found = with_waits(found, await links_to(n))
    lines = [found.note, ""] if found.note else []
    lines += _chain(found)
    if found.came or not found.is_whole:
        lines += ["", "what came of it"]
    lines += [_line(step, "  " * step.depth) for step in found.came]
    if not found.is_whole:
        lines.append("  and perhaps more: not all records after it were looked at")
    return lines


async def _trace(handle: Handle, n: int) -> Trace | None:
    """The trace of a record, from rows that are asked for as they are needed."""
    asking = trace(n, handle.header.counts.get(shapes.HISTORY, 0))
    rows: Sequence[Row] | None = None
    while True:
        try:
            start, stop = asking.send(rows) if rows is not None else next(asking)
        except StopIteration as end:
            found: Trace | None = end.value
            return found
        rows = (await handle.window(shapes.HISTORY, start, stop, Filter())).rows


def _chain(found: Trace) -> list[str]:
    return [
        f"{'':10}{one}" if isinstance(one, str) else _line(one)
        for one in folded(found.chain, gap=found.gap)
    ]


def _line(step: Step, indent: str = "") -> str:
    after = "" if step.after is None else f"+{span(step.after)}"
    values = "".join(text for text, _ in value_parts(step.text)).strip()
    number = f"{indent}{count(step.n + 1)}"
    parts = [f"{number:<10}{clock(step.at)}", f"{after:>7}", step.routine, step.event]
    return "  ".join(filter(None, (*parts, waits_of(step), values)))
