"""Say what may follow on a command line: the completion scripts of the shells ask it.

What is offered comes from files, sockets and folders; it is data in every shell. Each word is
printed as that shell takes it literally, and nothing of it is ever expanded.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from routilux_tui.cli.shell_words import bash_quoted, split_line, unquoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Candidate(NamedTuple):
    """A word that may stand there. One that is not ``whole`` goes on: a folder, ``file.py:``."""

    value: str
    what: str = ""
    whole: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])
    parser.add_argument("line", nargs=argparse.REMAINDER)


def run(args: argparse.Namespace) -> int:
    """Print the candidates. An error prints none: nobody could read it while he types."""
    with contextlib.suppress(Exception):
        sys.stdout.buffer.write(_PRINTERS[args.shell](args.line))
        sys.stdout.buffer.flush()
    return 0


def _for_bash(line: list[str]) -> bytes:
    """One candidate a line, quoted; of each only what comes after the last word break.

    The line, the cursor's place in it in bytes, and the characters that break words.
    """
    text, point, breaks = line
    typed = os.fsdecode(os.fsencode(text)[: int(point)])
    words, last = split_line(typed, breaks)
    lines = []
    for one in candidates(words[1:]):
        quoted = bash_quoted(one.value[len(last.head) :], last)
        if quoted is not None:
            ending = " " if one.whole and not last.quote else ""  # bash itself closes a quote
            lines.append(os.fsencode(quoted + ending))
    return b"".join(line + b"\n" for line in lines)


def _for_zsh(line: list[str]) -> bytes:
    """Pairs of texts that end with NUL: a mark (whole or part) and the value; what it is."""
    found = candidates(_unquote_last(line[1:]))
    return b"".join(
        os.fsencode(f"{'w' if one.whole else 'p'}{one.value}\0{one.what}\0") for one in found
    )


def _for_fish(line: list[str]) -> bytes:
    """A value, a tab and what it is, a line each."""
    return b"".join(
        os.fsencode(f"{one.value}\t{one.what}") + b"\n"
        for one in candidates(_unquote_last(line[1:]))
        if not {"\n", "\t"} & set(one.value)  # fish has no way to be given one
    )


def _unquote_last(words: list[str]) -> list[str]:
    """The words as zsh and fish give them: the last is as it was typed, with a quote still open."""
    return [*words[:-1], unquoted(words[-1])]


_PRINTERS: dict[str, Callable[[list[str]], bytes]] = {
    "bash": _for_bash,
    "zsh": _for_zsh,
    "fish": _for_fish,
}


def candidates(words: list[str]) -> list[Candidate]:
    """What the last of the words may become; those before it stand on the line already."""
    *before, last = words or [""]
    found = [one for one in _candidates(before, last) if one.value.startswith(last)]
    return list({one.value: one for one in found if _can_be_typed(one.value)}.values())


def _can_be_typed(value: str) -> bool:
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def _candidates(before: list[str], last: str) -> Iterator[Candidate]:
    from routilux_tui.cli.main import COMMANDS, parser_of

    name = before[0] if before else ""
    if name and not name.startswith("-"):
        if name in COMMANDS:
            yield from _of_command(parser_of(name)[1], before[1:], last)
        return
    if not before and not last.startswith("-"):
        yield from (Candidate(name, what) for name, what in COMMANDS.items())
    yield from _of_command(parser_of("")[1], before, last)


def _of_command(
    parser: argparse.ArgumentParser, before: list[str], last: str
) -> Iterator[Candidate]:
    """What may follow after a command's words so far."""
    # argparse has no public way to ask for what was added to it
    actions = parser._actions  # noqa: SLF001
    options = {text: one for one in actions for text in one.option_strings}
    places = [one for one in actions if not one.option_strings]
    awaited: argparse.Action | None = None
    given: list[str] = []
    only_places = False
    for word in before:
        if awaited is not None:
            awaited = None
        elif word == "--":
            only_places = True
        elif word.startswith("-") and not only_places:
            name, equals, _ = word.partition("=")
            action = options.get(name)
            awaited = action if action is not None and action.nargs != 0 and not equals else None
        else:
            given.append(word)
    name, equals, value = last.partition("=")
    if awaited is not None:
        yield from _of_argument(awaited, given, last)
    elif last.startswith("-") and not only_places:
        if equals and name in options:
            for one in _of_argument(options[name], given, value):
                yield Candidate(f"{name}={one.value}", one.what, one.whole)
        else:
            yield from (
                Candidate(text, _first_line(one.help))
                for text, one in options.items()
                if text.startswith("--") and one.help != argparse.SUPPRESS
            )
    elif places:
        yield from _of_argument(places[min(len(given), len(places) - 1)], given, last)


def _first_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _of_argument(action: argparse.Action, given: list[str], last: str) -> Iterator[Candidate]:
    """What an argument may be, by its choices, or by what its name in the help stands for."""
    if action.choices is not None:
        yield from (Candidate(str(choice)) for choice in action.choices)
        return
    for kind in str(action.metavar or "").split("|"):
        if kind == "JOB":
            yield from _jobs(saved="FILE" in str(action.metavar))
        elif kind in {"FILE", "PATH"}:
            yield from _files(last)
        elif kind == "FLOW":
            yield from _flows(last)
        elif kind in {"R", "ROUTINE"} and given:
            yield from _routines(given[0])


def _jobs(*, saved: bool) -> Iterator[Candidate]:
    from routilux_tui.cli.arguments import LAST
    from routilux_tui.cli.find_job import live_entries, saved_entries
    from routilux_tui.cli.output import safe

    entries = live_entries()
    if saved:
        entries.extend(saved_entries(entries))
    for entry in entries:
        if entry.job_id and not entry.job_id.startswith("-"):  # else it would be an option
            yield Candidate(entry.job_id, safe(f"{entry.flow_id}, {entry.status}"))
    if entries:
        yield Candidate(LAST, "the one that was started last")


def _files(last: str, suffix: str = "") -> Iterator[Candidate]:
    """Files and folders that begin so; hidden ones only where a dot was typed."""
    folder, slash, start = last.rpartition("/")
    place = os.path.expanduser(folder + slash) or "."  # noqa: PTH111 - what was typed stays
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.name.startswith(start) or (entry.name.startswith(".") and not start):
                continue
            path = f"{folder}{slash}{entry.name}"
            path = f"./{path}" if path.startswith(("-", "~")) and not slash else path
            if entry.is_dir():
                yield Candidate(f"{path}/", whole=False)
            elif entry.name.endswith(suffix):
                yield Candidate(path)


def _flows(last: str) -> Iterator[Candidate]:
    """Python files, and after a colon the flows of one. The file is read, and never run."""
    place, colon, _ = last.rpartition(":")
    if not os.path.isfile(os.path.expanduser(place)) or not colon:  # noqa: PTH111, PTH113
        yield from _files(last, ".py")
        return
    import ast

    from routilux_tui.store.files import read_regular

    tree = ast.parse(read_regular(os.path.expanduser(place), 1 << 20))  # noqa: PTH111 - as above
    for node in tree.body:
        names: list[str] = []
        if isinstance(node, ast.FunctionDef):
            returns = ast.unparse(node.returns) if node.returns else ""
            if returns.endswith("Flow") or node.name == "flow" or node.name.endswith("_flow"):
                names = [node.name]
        elif isinstance(node, ast.Assign):
            call = node.value.func if isinstance(node.value, ast.Call) else None
            if call is not None and ast.unparse(call).endswith("Flow"):
                names = [one.id for one in node.targets if isinstance(one, ast.Name)]
        yield from (Candidate(f"{place}:{name}") for name in names if name[0] != "_")


def _routines(job: str) -> Iterator[Candidate]:
    from routilux_tui.cli.find_job import readable

    with contextlib.closing(readable(job)[0]) as opened:
        yield from (Candidate(row.routine_id, row.status) for row in opened.routines())
