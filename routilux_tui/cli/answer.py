"""Answer what a job asks: its event is emitted, and a job that only waited for it goes on.

QUESTION is the id that `questions` shows; it may be left out where one is open. CHOICE is one of
the answers that it takes; where one value is asked for, that value. A deferred event takes yes, or
drop, or other data. An answer is checked before it is given: 2 when it is none, and 1 when the
question is answered already. In a saved job that nobody runs the answer is written to its file, and
the job is taken up again where it was started.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.cli import control, output
from routilux_tui.cli.find_job import find
from routilux_tui.errors import RunElsewhere, UsageError
from routilux_tui.job.jsonable import parse_json
from routilux_tui.store.locks import is_locked
from routilux_tui.views.naming import command

if TYPE_CHECKING:
    import argparse

_TAKEN_UP_WITHIN = 5.0
"""Seconds within which a job that another has just answered is seen to be taken up."""
_AGAIN = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("words", metavar="[QUESTION] CHOICE", nargs="*")
    parser.add_argument("--data", metavar="JSON", help="the answer's data, an object")
    parser.add_argument("--json", action="store_true", help="what became of it as JSON")


def run(args: argparse.Namespace) -> int:
    """Answer it; of two who do at once, the second is told who was first."""
    question, choice = _question_and_choice(args)
    data = _data(args.data)
    deadline = time.monotonic() + _TAKEN_UP_WITHIN
    while True:
        try:
            return _answer(args, question, choice, data)
        except RunElsewhere:  # another has answered it just now, and it is being taken up
            if time.monotonic() > deadline:
                raise
        time.sleep(_AGAIN)


def _answer(args: argparse.Namespace, question: str, choice: str, data: Any) -> int:
    """Answer it where the job lives, or in its file."""
    found = find(args.job, destroys=True)
    if isinstance(found, Path):
        path = None if is_locked(found) else found
    else:
        path = Path(found.path) if found.place == "saved" else None
    if path is None:
        return control.send(args, "answer", question=question, choice=choice, data=data)
    from routilux_tui.runner.answering import Answer, answer_saved
    from routilux_tui.runner.launch_record import user_name

    done = answer_saved(path, Answer(question, choice, data), {"name": user_name()})
    if args.json:
        output.print_json(
            {"question": done.question, "file": str(path),
             "taken_up": msgspec.to_builtins(done.taken_up), "why_not": done.why_not}
        )  # fmt: skip
    elif done.taken_up is not None:
        print(done.taken_up.job_id)
    if done.taken_up is None:
        message = f"It is answered, and nobody runs the job: {done.why_not} {done.hint}".strip()
        print(output.safe(message), file=sys.stderr)
    return 0


def _question_and_choice(args: argparse.Namespace) -> tuple[str, str]:
    """The question and the choice that were named, either of which may be empty."""
    named = list(args.words)
    most = 1 if args.data is not None else 2
    if len(named) > most or (not named and args.data is None):
        raise UsageError(
            "It is not said what the answer is.",
            f"Say: {command('answer', args.job)} [QUESTION] CHOICE, or --data JSON",
        )
    if args.data is not None:
        return (named[0] if named else ""), ""
    return (named[0] if len(named) == 2 else ""), named[-1]


def _data(text: str | None) -> Any:
    if text is None:
        return None
    try:
        data = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--data is no JSON: {error}.") from None
    if not isinstance(data, dict):
        raise UsageError("--data is no object.", "Say: --data '{\"n\": 1}'")
    return data
