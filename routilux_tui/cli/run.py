"""Start a flow in a process of its own, and open the dashboard on it.

FLOW is path/to/file.py[:name] or package.module[:name]; name is a Flow or a function that
returns one. Without a terminal, or with --no-tui, progress is printed line by line and the
exit code tells the job's end: 0 completed, 1 failed or cancelled; or 5 when it is paused, which
needs somebody. --json prints the summary as one JSON object. --detach starts the job, prints its
id and returns.

A script of routilux 0.10 or 0.11 is run as itself (or a flow in it by its name), by the Python in
which its routilux is installed: ours, the active virtual environment, a .venv beside it or above,
or --python. Each execution in it is a job of its own. Without a terminal its output is printed as
it comes, the exit code is its own, and its jobs are listed on standard error. Its arguments begin
with the first word after its name that is no option of ours, or after --:

    routilux-tui run --no-tui script.py --input a.csv --json
    routilux-tui run script.py --no-tui -- --name x
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.arguments import add_worker_arguments, count, job_name, label, seconds
from routilux_tui.cli.config import add_screen_arguments, effective_settings, settings
from routilux_tui.cli.script_arguments import split_arguments
from routilux_tui.errors import (
    JobFailed,
    NotPossible,
    RoutiluxTuiError,
    Unreachable,
    UsageError,
)
from routilux_tui.job import status as statuses
from routilux_tui.store.locks import is_locked
from routilux_tui.views.formatting import sentence
from routilux_tui.views.shapes import HISTORY, LOG, Filter

if TYPE_CHECKING:
    import argparse

    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch_spec import LaunchResult, Predecessor
    from routilux_tui.views.shapes import AlertRule, Header, RoutineRow

__all__ = ["add_arguments", "run", "split_arguments"]
PROGRESS_EVERY = 0.5
NOT_OVER = 5
"""The exit code of a job that was followed until it paused, which is no end to go on from."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("flow", metavar="FLOW")
    parser.add_argument("args", metavar="ARG", nargs="*", help="arguments of a script")
    parser.add_argument(
        "-p", dest="params", action="append", default=[], metavar="KEY=VALUE",
        help="a parameter of the flow or its entry routine; JSON where it parses, else text",
    )  # fmt: skip
    parser.add_argument("--entry", default="", metavar="ROUTINE", help="the routine to start with")
    parser.add_argument("--name", type=job_name, help="what it is called wherever a JOB is named")
    parser.add_argument(
        "--label", dest="labels", type=label, action="append", default=[], metavar="KEY=VALUE",
        help="shown, searched, and seen by conditions: labels.KEY",
    )  # fmt: skip
    parser.add_argument(
        "--after", action="append", default=[], metavar="JOB",
        help="begin when this job has ended; JOB:ok: only if it completed",
    )  # fmt: skip
    parser.add_argument(
        "--queue", default="", metavar="NAME",
        help="begin when it is its turn in this queue of the configuration",
    )  # fmt: skip
    parser.add_argument(
        "--alert", dest="alerts", action="append", default=[], metavar="RULE",
        help="tell people: failed, waits for you, ended, silent for 10m, a condition; help alerts",
    )  # fmt: skip
    parser.add_argument("--save", default="", metavar="FILE", help="keep the job in this file")
    parser.add_argument("--force", action="store_true", help="overwrite FILE whatever is in it")
    add_worker_arguments(parser)
    parser.add_argument(
        "--keep", metavar="HOW", help="what is kept of the changes of ended jobs: 30d, 1GB, none"
    )
    parser.add_argument(
        "--max-history-size", type=count, metavar="N", help="records that the history keeps"
    )
    parser.add_argument(
        "--history-ttl-seconds", type=seconds, metavar="S", help="seconds that it keeps them"
    )
    parser.add_argument(
        "--python", default="", metavar="PATH",
        help="the Python in which a script's routilux 0.10 or 0.11 is installed",
    )  # fmt: skip
    add_following_arguments(parser)


def add_following_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is done when the job has started."""
    parser.add_argument("--detach", action="store_true", help="print the job's id and return")
    parser.add_argument("--no-tui", action="store_true", help="plain progress lines")
    parser.add_argument("--json", action="store_true", help="the summary as JSON; implies --no-tui")
    add_screen_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Start the job."""
    try:
        started = _start(args)
    except RoutiluxTuiError as error:
        if error.exit_code == JobFailed.exit_code:
            error.exit_code = UsageError.exit_code  # 1 says that the job failed, and there is none
        raise
    return started if isinstance(started, int) else show_started(started, args)


def _start(args: argparse.Namespace) -> LaunchResult | int:
    """Start the job; of a script, what it has ended with."""
    from routilux_tui.runner.launch import start_job
    from routilux_tui.runner.script import script_of

    params = output.parse_params(args.params)
    script = script_of(args.flow, named_python=bool(args.python))
    if script is not None:
        if args.after or args.queue:
            raise UsageError(f"{args.flow} is a script of routilux: it can't wait for others.")
        from routilux_tui.cli.run_script import run_script

        return run_script(args, script, params, _alert_rules(args.alerts))
    if args.args:
        raise UsageError(
            f"{args.flow} is a flow, which takes no arguments.", "Give parameters: -p KEY=VALUE."
        )
    return start_job(
        args.flow,
        params,
        entry=args.entry,
        name=args.name or "",
        labels=dict(args.labels),
        queue=_queue(args),
        after=[_predecessor(text) for text in args.after],
        save=args.save,
        force=args.force,
        workers=args.workers,
        executor=args.executor,
        read_only=bool(args.read_only) and not output.opens_screen(args),
        keep=effective_settings(args)["keep"].value,
        alerts=_alert_rules(args.alerts),
        max_history_size=args.max_history_size,
        history_ttl_seconds=args.history_ttl_seconds,
        log_size=effective_settings()["log_size"].value,
    )


def _alert_rules(texts: list[str]) -> list[AlertRule]:
    """The rules of the configuration, and those that are given; the latter go over the former.

    Raises:
        UsageError: when one is none.
    """
    tables = effective_settings()["alert"].value
    if not texts and not tables:
        return []
    from routilux_tui.views.alerts import rule_of, rule_of_text

    rules = [*map(rule_of, tables), *map(rule_of_text, texts)]
    return list({one.name: one for one in rules}.values())


def _queue(args: argparse.Namespace) -> tuple[str, int]:
    """The queue that is named, and how many of its jobs run at once.

    Raises:
        UsageError: when there is none of that name, or the job begins after others, too.
    """
    if not args.queue:
        return "", 0
    queues = effective_settings()["queues"].value
    if args.queue not in queues:
        raise UsageError(
            f"There is no queue {args.queue!r} in the configuration.",
            f"Write there: [queues] and {args.queue} = 1, how many run at once.",
        )
    if args.after:
        raise UsageError("A job begins after others, or in its turn: --after or --queue.")
    return args.queue, queues[args.queue]


def _predecessor(text: str) -> Predecessor:
    """The job of ``JOB`` or ``JOB:ok``.

    Raises:
        NoSuchJob: when there is none, or more than one.
        NotPossible: when it is kept in no file.
    """
    from routilux_tui.cli.find_job import SavedJob, find
    from routilux_tui.runner.launch_spec import Predecessor

    name = text.removesuffix(":ok")
    found = find(name)
    if isinstance(found, Path):
        job_id, path = SavedJob(found).state.job_id, str(found.absolute())
    else:
        job_id, path = found.job_id, found.path
    if not path:
        raise NotPossible(f"Job {name!r} is kept in no file, so nobody can wait for its end.")
    return Predecessor(job_id=job_id, path=path, must_complete=name != text)


def show_started(started: LaunchResult, args: argparse.Namespace) -> int:
    """Print the id of a job that was started, follow it, or open the dashboard on it."""
    if args.detach:
        if args.json:
            output.print_json(started)
        else:
            print(started.job_id)
        return 0
    if started.queued:
        print(f"Job {started.job_id} waits: {output.safe(started.queued)}.", file=sys.stderr)
        return 0 if output.opens_screen(args) else _follow_in_turn(started, args)
    if not output.opens_screen(args):
        try:
            return follow(started.socket, as_json=args.json)
        except Unreachable as error:
            return _ended_unheard(started, args, error)
        except KeyboardInterrupt:
            return _goes_on(started.job_id[:8])
    from routilux_tui.cli.screen import show_runner

    return show_runner(settings(args), Path(started.socket))


def _ended_unheard(started: LaunchResult, args: argparse.Namespace, error: Unreachable) -> int:
    """Tell the end of a job whose runner is gone: before it was heard, or by no end of the job."""
    from routilux_tui.cli.find_job import SavedJob
    from routilux_tui.runner.launch import runner_gone

    path = Path(started.path)
    job = SavedJob(path) if path.is_file() and not is_locked(path) else None
    if job is None or not statuses.has_ended(job.state.status):
        raise runner_gone(started, args.flow) from error
    return _print_end(job.header(), job.routines(), started.path, as_json=args.json)


def _goes_on(name: str) -> int:
    print(f"The job goes on. See it: routilux-tui attach {name}", file=sys.stderr)
    print(f"  End it: routilux-tui cancel {name}", file=sys.stderr)
    return 130


def _follow_in_turn(started: LaunchResult, args: argparse.Namespace) -> int:
    """Wait until a job's turn comes in its queue, then follow it."""
    from routilux_tui.cli.find_job import SavedJob
    from routilux_tui.cli.turn import running_of, wait_for_turn, waits_for_turn
    from routilux_tui.runner.launch import runner_gone

    path, name = Path(started.path), started.job_id[:8]
    try:
        wait_for_turn(path)
        running = running_of(path)
        if running is not None:
            return follow(running.key, as_json=args.json)
    except Unreachable as error:
        raise runner_gone(started, args.flow) from error
    except KeyboardInterrupt:
        if waits_for_turn(path):
            print(f"It waits for its turn. See it: routilux-tui show {name}", file=sys.stderr)
            print(f"  Out of its queue: routilux-tui rm {name}", file=sys.stderr)
            return 130
        return _goes_on(name)
    job = SavedJob(path)  # it has ended before it was seen
    return _print_end(job.header(), job.routines(), started.path, as_json=args.json)


def follow(socket: str, *, as_json: bool = False) -> int:
    """Print a job's progress until it has ended; the exit code tells how."""
    from routilux_tui.cli.wait import wait_until_saved
    from routilux_tui.runner.client import Client

    with Client(socket) as client:
        header = client.header()
        if not as_json:
            print(f"{output.safe(header.flow_id)}  job {header.job_id}", flush=True)
        shown_at, logged = "", 0
        while not statuses.has_ended(header.status) or header.still_running:
            logged = _progress(client, header, logged, quiet=as_json)
            if header.status == "paused":
                return _paused(header, as_json=as_json)
            time.sleep(PROGRESS_EVERY if shown_at == header.updated_at else PROGRESS_EVERY / 5)
            shown_at, header = header.updated_at, client.header()
        _progress(client, header, logged, quiet=as_json, last=True)
        routines = client.routines()
        path = client.hello.path
        wait_until_saved(client)
    if not as_json:
        print()
    return _print_end(header, routines, path, as_json=as_json)


def _print_end(header: Header, routines: list[RoutineRow], path: str, *, as_json: bool) -> int:
    """Print how a job has ended; the exit code tells it, too."""
    if as_json:
        output.print_json({"header": _plain(header), "routines": _plain(routines), "file": path})
    else:
        output.print_header(header, routines, path)
    return 0 if header.status == "completed" else 1


def _plain(value: object) -> object:
    import msgspec

    return msgspec.to_builtins(value)


def _word(header: Header) -> str:
    """The job's status, in routilux's word where nothing waits for its handlers."""
    if not header.still_running:
        return header.status
    return statuses.word_of(header.status, header.still_running)


_last_line = [0.0]


def _progress(
    client: Client, header: Header, logged: int, *, quiet: bool, last: bool = False
) -> int:
    """At most two lines a second: counts, and the newest entry of the log."""
    now = time.monotonic()
    if quiet or (now - _last_line[0] < PROGRESS_EVERY and not last):
        return logged
    _last_line[0] = now
    records, entries = header.counts.get(HISTORY, 0), header.counts.get(LOG, 0)
    line = (
        f"{output.safe(_word(header)):<9} {records:>9,} records  "
        f"{header.routines_done}/{header.routines_total} routines  {header.errors:,} errors"
    )
    if entries > logged:
        window = client.window(LOG, -1, 1 << 52, Filter())
        if window.rows:
            line += f"  {output.safe(window.rows[-1].text)[:90]}"
    print(line, flush=True)
    return entries


def _paused(header: Header, *, as_json: bool) -> int:
    if as_json:
        output.print_json({"header": _plain(header)})
    name = header.job_id[:8]
    why = sentence(output.safe(header.note) or "no reason given")
    print(f"The job is paused: {why}", file=sys.stderr)
    way = f"Answer it: routilux-tui answer {name}" if header.questions else ""
    print(f"  {way or f'Go on: routilux-tui resume {name}'}", file=sys.stderr)
    return NOT_OVER
