"""``routilux-tui``: parse the command line, run the command, turn errors into exit codes.

Each command is a module of its own, imported only when it is asked for, so that what needs no
screen starts at once.

Exit codes: 0 done or met; 1 the job failed, or the condition can't hold any more; 2 usage;
3 unreachable; 4 asked but not confirmed in time; 5 the job is paused, so not over;
70 a fault of this program; 124 timeout; 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

from routilux_tui import __version__
from routilux_tui.errors import OutputFailed, RoutiluxTuiError, Unreachable, UsageError

#: Every command: what it does, in the order of the help. The module has its name.
COMMANDS = {
    "run": "start a flow in a process of its own, and open the dashboard on it",
    "attach": "open the dashboard on a running job",
    "open": "browse saved job files",
    "ps": "list jobs, live and saved",
    "show": "one job in full: its status, routines and counts",
    "why": "why a job is as it is, in sentences, worst first",
    "runs": "the last runs of a flow beside each other",
    "report": "a job as one HTML page that can be handed on",
    "bundle": "pack a job into one archive that can be handed on",
    "export": "a job's runs and emits for another program, such as Perfetto",
    "timeline": "when which routine was busy, retried, gave up or stood still",
    "trace": "what led to a record of a job, and what came of it",
    "diff": "what two jobs differ in",
    "history": "a job's records",
    "log": "a job's shared log",
    "graph": "a flow's routines and connections, as a picture or for another program",
    "tail": "the last rows of a job, and with -f what follows",
    "pause": "pause a job",
    "resume": "go on with a paused job, or take up a saved one",
    "cancel": "cancel a job",
    "breakpoints": "conditions before whose tasks a job pauses",
    "alerts": "the rules by which people are told of a job",
    "questions": "what jobs ask people, and nobody has answered",
    "answer": "answer what a job asks",
    "emit": "emit an event of a routine into a running job",
    "set": "set a key of a running job's shared data",
    "workers": "give a running job more or fewer handlers at once",
    "retry": "send failed inputs again, in the same job",
    "queue": "the tasks of a job that wait: hold, drop, move first, edit them",
    "giveup": "have failed inputs not tried again",
    "again": "run a job again as a new one, or only what failed of it",
    "wait": "wait for a job's end, or until a condition holds",
    "watch": "run a command for each job of which a condition comes to hold",
    "web": "show the dashboard in a browser, on this machine alone",
    "metrics": "tell Prometheus of all jobs of this machine",
    "rm": "remove saved jobs",
    "prune": "remove saved jobs that have ended: old ones, large ones, all but the newest",
    "info": "paths, versions, sockets, and what is configured",
    "help": "explain a topic or a command",
    "completion": "print a completion script for bash, zsh or fish",
}

#: Commands that dashboards and shells call, and people don't.
_FOR_PROGRAMS = frozenset({"bridge", "complete", "tab"})
#: The options whose values are moments.
_MOMENTS = frozenset({"--at", "--from", "--to"})
#: Options whose value may as well be empty, by their names in what is parsed.
_MAY_BE_EMPTY = frozenset({"reason", "grep"})

FAULT = 70
"""The exit code of a fault of this program: none that a script could take for a job's."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message.removesuffix('.')}.", f"Try: {self.prog} --help")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Refuse an option whose value is empty, as a script's variable may be.

        As if it had not been given, it would do what nobody asked for: ``pause --when ""`` would
        pause at once, ``again --from ""`` run the whole.
        """
        if arg_strings == [""] and action.option_strings and action.dest not in _MAY_BE_EMPTY:
            raise argparse.ArgumentError(action, "its value is empty")
        return super()._get_values(action, arg_strings)

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse's own says nothing where it can't be written


def parser() -> argparse.ArgumentParser:
    """The parser of the program itself, without a command."""
    listing = "\n".join(f"  {name:<11} {what}" for name, what in COMMANDS.items())
    top = _Parser(
        prog="routilux-tui",
        description="The dashboard for routilux jobs. Without a command: the list of jobs.",
        epilog=f"commands:\n{listing}\n\nroutilux-tui COMMAND --help tells more of one.\n"
        "exit codes: 0 done or met, 1 failed, 2 usage, 3 unreachable, 4 not confirmed, "
        "5 paused, 70 a fault of this program, 124 timeout, 130 interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="routilux-tui [-h] [--version] [screen options] [COMMAND ...]",
    )
    top.add_argument("--version", action="version", version=f"routilux-tui {__version__}")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    as_json = "--json" in argv
    _open_streams()
    try:
        try:
            return _run(argv)
        finally:
            _flush()
    except BrokenPipeError:
        # whoever read our output has gone: nothing more to say, and nothing to flush
        _discard(1)
        return 0
    except RoutiluxTuiError as error:
        return _report_error(error, as_json=as_json)
    except OSError as error:
        return _report_error(_unforeseen(error), as_json=as_json)
    except UnicodeEncodeError as error:
        return _report_error(_unnameable(error), as_json=as_json)
    except KeyboardInterrupt:
        return 130
    except Exception:
        import traceback

        traceback.print_exc()
        return FAULT


def _open_streams() -> None:
    """Have three streams, whoever started us: the next file would take a closed one's place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # takes the lowest number that is free: this one
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)  # no data is lost unsaid
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    """Write what was printed, so that a full disk is an error and no silence.

    Raises:
        OutputFailed: when it can't be written.
        BrokenPipeError: when nobody reads it.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _not_written(error) from error


def _not_written(error: OSError) -> OutputFailed:
    """What is printed goes nowhere: why."""
    _discard(1)
    why = {errno.EBADF: "it is closed", errno.ENOSPC: "no room is left"}.get(error.errno or 0)
    return OutputFailed(
        f"What is printed can't be written to standard output: {why or error.strerror or error}.",
        "Look at where standard output goes.",
    )


def _discard(number: int) -> None:
    """Have what is still to be flushed to a stream go nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def _unforeseen(error: OSError) -> RoutiluxTuiError:
    """Our own error for one of the system's that no command foresaw."""
    if error.errno in {errno.ENOSPC, errno.EBADF} and error.filename is None:
        return _not_written(error)
    where = f"{error.filename}: " if error.filename is not None else ""
    return Unreachable(f"{where}{error.strerror or error}.", "routilux-tui info: where things are")


def _unnameable(error: UnicodeEncodeError) -> UsageError:
    """Our own error for a name that this locale's encoding has no letters for."""
    name = error.object[:200].encode("ascii", "backslashreplace").decode()
    return UsageError(
        f"{name}: a name with letters that {error.encoding}, the encoding here, has not.",
        "Say so: LC_ALL=C.UTF-8, or PYTHONUTF8=1",
    )


def _run(argv: list[str]) -> int:
    name = argv[0] if argv and not argv[0].startswith("-") else ""
    if name and name not in COMMANDS and name not in _FOR_PROGRAMS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"Did you mean {near[0]!r}?" if near else "Try: routilux-tui --help"
        raise UsageError(f"There is no command {name!r}.", hint)
    module, own = parser_of(name)
    words, rest = _with_signed_moments(argv[1:] if name else argv), []
    if hasattr(module, "split_arguments"):
        words, rest = module.split_arguments(own, words)
    args = _parsed(own, words)
    if rest:
        args.args = rest
    return int(module.run(args))


def _parsed(own: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace:
    """The arguments; an option may stand between the words of which a command takes several."""
    actions = own._actions  # noqa: SLF001 - argparse tells them nowhere else
    several = any(one.nargs in {"*", "+", "?"} for one in actions if not one.option_strings)
    if several and "--" not in words:  # which that way of reading would lose
        return own.parse_intermixed_args(words)
    return own.parse_args(words)


def _with_signed_moments(argv: list[str]) -> list[str]:
    """The arguments, with a moment before the end (``--at -5m``) as the value that it is.

    argparse takes all that begins with a hyphen for an option, unless it is a number.
    """
    made: list[str] = []
    for one in argv:
        if made and made[-1] in _MOMENTS and one[:1] == "-" and one[1:2].isdigit():
            made[-1] += f"={one}"
        else:
            made.append(one)
    return made


def parser_of(name: str) -> tuple[Any, argparse.ArgumentParser]:
    """A command's module, and the parser of its arguments; without a name, of the list of jobs."""
    module: Any = import_module(f"routilux_tui.cli.{name or 'browse'}")
    own = parser()
    if name:
        own = _Parser(
            prog=f"routilux-tui {name}",
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    module.add_arguments(own)
    return module, own


def _report_error(error: RoutiluxTuiError, *, as_json: bool) -> int:
    """Say what went wrong, on stderr; where that takes nothing, the exit code alone says it."""
    try:
        for line in _error_lines(error, as_json=as_json):
            print(line, file=sys.stderr)
        sys.stderr.flush()
    except OSError:
        _discard(2)
    return error.exit_code


def _error_lines(error: RoutiluxTuiError, *, as_json: bool) -> list[str]:
    from routilux_tui.views.text import printable

    trace = getattr(error, "traceback", "")
    if as_json:
        from routilux_tui.cli.output import json_line

        report = {
            "error": type(error).__name__,
            "message": error.message,
            "hint": error.hint,
            "exit_code": error.exit_code,
        }
        if trace:
            report["traceback"] = trace
        return [json_line(report, ascii_only=True)]
    lines = [*trace.splitlines(), f"routilux-tui: {error.message}"]
    if error.hint:
        lines.append(f"  {error.hint}")
    return [printable(line) for line in lines]
