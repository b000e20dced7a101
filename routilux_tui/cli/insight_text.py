"""What is measured of a job, for people who read it line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.output import safe
from routilux_tui.job.jsonable import preview
from routilux_tui.views.formatting import counted, span, zoned
from routilux_tui.views.insight import PAUSING
from routilux_tui.views.reason import verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.views.insight import FailingInput, Insight, Now, ProblemRow, RunningHandler


def print_problems(insight: Insight, *, stands: bool = False) -> None:
    """Errors by kind, worst first: how often, their inputs, what these share, the traceback.

    ``stands``: nothing is tried again by itself, as the job is paused, or its process was killed.
    """
    if not insight.problems:
        print("No problems.")
    for problem in insight.problems:
        _print_problem(problem, stands=stands)
    if insight.problems_beyond:
        print(f"and {counted(insight.problems_beyond, 'kind')} more")


def _print_problem(problem: ProblemRow, *, stands: bool) -> None:
    print(f"{safe(problem.routine_id)}: {safe(problem.error)}")
    parts = [counted(problem.count, "time"), f"in {counted(problem.inputs, 'input')}"]
    if problem.gave_up:
        parts.append(f"{problem.gave_up:,} gave up")
    if problem.dropped:
        parts.append(f"{problem.dropped:,} dropped before another try")
    if problem.retrying:
        due = zoned(problem.next_try)
        then = f"to be tried again, was due {due}" if stands else f"tried again, next {due}"
        parts.append(f"{problem.retrying:,} {then}")
    if problem.last:
        parts.append(f"last {zoned(problem.last)}")
    print(f"  {safe(', '.join(parts))}")
    if problem.common:
        shared = ", ".join(f"{key} = {preview(value)}" for key, value in problem.common.items())
        print(f"  all have: {safe(shared)}")
    if problem.place:
        print(f"  at {safe(problem.place)}: {safe(problem.line)}")
    if problem.worker:
        print(f"  in {safe(problem.worker)}")
    for sample in problem.samples:
        own = f"  {safe(sample.error)}" if problem.form and sample.error else ""
        print(f"  input {_input_line(sample, stands=stands)}{own}")
    if len(problem.samples) < problem.inputs:
        print(f"  and {counted(problem.inputs - len(problem.samples), 'input')} more")
    for line in problem.traceback.splitlines():
        print(f"    {safe(line)}")
    print()


def _input_line(sample: FailingInput, *, stands: bool) -> str:
    tries = f"{sample.tries} of {sample.most_tries} tries"
    due = zoned(sample.next_try)
    end = f"{'was due' if stands else 'next'} {due}"
    if not sample.next_try:
        end = "gave up" if sample.gave_up else "dropped" if sample.dropped else "runs"
    return safe(f"#{sample.task}  {sample.text}  ({tries}, {end})")


def print_now(now: Now, stacks: Mapping[int, str], *, stands: bool = False) -> None:
    """What runs at this moment, the longest first, and what comes next.

    ``stands``: nothing comes next by itself, as the job is paused, or its process was killed.
    """
    if now.killed_after:
        ran = "while these ran" if now.handlers else "while no handler ran"
        print(f"Its process was killed {ran}, after {zoned(now.killed_after)}:")
    elif not now.handlers:
        print("No handler runs.")
    if now.awaited:
        asked = "asked to pause" if now.awaited == PAUSING else safe(now.awaited)
        at = f" at {safe(zoned(now.awaited_since))}" if now.awaited_since else ""
        still = f"{counted(len(now.handlers), 'handler')} still {verb(len(now.handlers), 'run')}"
        print(f"{asked[0].upper()}{asked[1:]}{at}: {still}.")
    for handler in now.handlers:
        print(_handler_line(handler, is_cut_off=bool(now.killed_after)))
        for line in stacks.get(handler.task, "").splitlines():
            print(f"    {safe(line)}")
    if now.queued:
        print(f"{counted(now.queued, 'task')} queued; next{', when it goes on' if stands else ''}:")
    for task in now.coming:
        due = f"  {'was due' if stands else 'due'} {zoned(task.due)}" if task.due else ""
        print(safe(f"  #{task.task}  {task.routine_id}  behind {task.behind:,}{due}  {task.text}"))


def _handler_line(handler: RunningHandler, *, is_cut_off: bool) -> str:
    beside = " at least" if is_cut_off else ""
    if handler.median and not is_cut_off:
        beside = f" ({handler.elapsed / handler.median:.1f} times its median)"
    tries = f"  try {handler.tries} of {handler.most_tries}" if handler.most_tries > 1 else ""
    thread = f"  in {handler.thread}" if handler.thread else ""
    return safe(
        f"{handler.routine_id}  for {span(handler.elapsed)}{beside}{tries}{thread}"
        f"  #{handler.task}  {handler.text}"
    )
