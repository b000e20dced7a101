"""``routilux-tui``: parse the command line, run the command, turn errors into exit codes.

Each command is a module of its own, imported only when it is asked for, so that what needs no
screen starts at once.

Exit codes: 0 done or met; 1 the job failed, or the condition can't hold any more; 2 usage;
3 unreachable; 4 asked but not confirmed in time; 124 timeout; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

from routilux_tui import __version__
from routilux_tui.errors import RoutiluxTuiError, UsageError

#: Every command: what it does, in the order of the help. The module has its name.
COMMANDS = {
    "run": "start a flow in a process of its own, and open the dashboard on it",
    "attach": "open the dashboard on a running job",
    "open": "browse saved job files",
    "ps": "list jobs, live and saved",
    "show": "one job in full: its status, routines and counts",
    "why": "why a job is as it is, in sentences, worst first",
    "runs": "the last runs of a flow beside each other",
    "trace": "what led to a record of a job, and what came of it",
    "diff": "what two jobs differ in",
    "history": "a job's records",
    "log": "a job's shared log",
    "graph": "a flow's routines and connections, as a picture or for another program",
    "tail": "the last rows of a job, and with -f what follows",
    "pause": "pause a job",
    "resume": "go on with a paused job, or take up a saved one",
    "cancel": "cancel a job",
    "wait": "wait for a job's end, or until a condition holds",
    "rm": "remove saved jobs",
    "info": "paths, versions, sockets, and what is configured",
    "completion": "print a completion script for bash, zsh or fish",
}

#: Commands that dashboards and shells call, and people don't.
_FOR_PROGRAMS = frozenset({"bridge", "complete"})


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}.", f"Try: {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """The parser of the program itself, without a command."""
    listing = "\n".join(f"  {name:<11} {what}" for name, what in COMMANDS.items())
    top = _Parser(
        prog="routilux-tui",
        description="The dashboard for routilux jobs. Without a command: the list of jobs.",
        epilog=f"commands:\n{listing}\n\nroutilux-tui COMMAND --help tells more of one.\n"
        "exit codes: 0 done or met, 1 failed, 2 usage, 3 unreachable, 4 not confirmed, "
        "124 timeout, 130 interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="routilux-tui [-h] [--version] [screen options] [COMMAND ...]",
    )
    top.add_argument("--version", action="version", version=f"routilux-tui {__version__}")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    as_json = "--json" in argv
    try:
        return _run(argv)
    except RoutiluxTuiError as error:
        return _report_error(error, as_json=as_json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has gone: nothing more to say, and nothing to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def _run(argv: list[str]) -> int:
    name = argv[0] if argv and not argv[0].startswith("-") else ""
    if name and name not in COMMANDS and name not in _FOR_PROGRAMS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"Did you mean {near[0]!r}?" if near else "Try: routilux-tui --help"
        raise UsageError(f"There is no command {name!r}.", hint)
    module, own = parser_of(name)
    return int(module.run(own.parse_args(argv[1:] if name else argv)))


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
    """Say what went wrong, on stderr."""
    from routilux_tui.views.text import printable

    trace = getattr(error, "traceback", "")
    if as_json:
        import json

        report = {
            "error": type(error).__name__,
            "message": error.message,
            "hint": error.hint,
            "exit_code": error.exit_code,
        }
        if trace:
            report["traceback"] = trace
        print(json.dumps(report), file=sys.stderr)
        return error.exit_code
    for line in trace.splitlines():
        print(printable(line), file=sys.stderr)
    print(f"routilux-tui: {printable(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  {printable(error.hint)}", file=sys.stderr)
    return error.exit_code
