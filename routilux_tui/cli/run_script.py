"""Running a script of routilux 0.10 or 0.11: what it prints is printed, as it comes."""

from __future__ import annotations

import os
import select
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.cli import output
from routilux_tui.cli.config import effective_settings, settings
from routilux_tui.errors import JobFileError, NotPossible, Unreachable, UsageError
from routilux_tui.runner.launch_spec import LaunchSpec
from routilux_tui.runner.script_launch import ScriptRun, start_script

if TYPE_CHECKING:
    import argparse

    from routilux_tui.runner.launch_spec import LaunchResult
    from routilux_tui.runner.script import Script
    from routilux_tui.views.shapes import AlertRule

_PIECE = 1 << 16


def run_script(
    args: argparse.Namespace, script: Script, params: dict[str, Any], alerts: list[AlertRule]
) -> int:
    """Start the script, and open the dashboard on its first job, or follow it."""
    if script.name and args.args:
        raise UsageError(
            f"{args.flow} names a flow, which takes no arguments.",
            "Give it parameters: -p KEY=VALUE.",
        )
    if (
        not script.name
        and not script.is_bare
        and (params or args.entry or args.workers or args.executor)
    ):
        raise UsageError(
            f"{script.place} is run as itself: -p, --entry, --workers and --executor mean nothing.",
            f"Give it arguments: routilux-tui run {script.place} ARG...; "
            f"or name a flow in it: {script.place}:NAME.",
        )
    if args.executor:
        raise UsageError(
            f"{args.flow} runs by its own routilux, which has no executors.",
            "Leave --executor away.",
        )
    spec = LaunchSpec(
        flow=args.flow,
        job_id="",
        socket="",
        log="",
        params=params,
        entry=args.entry,
        name=args.name or "",
        labels=dict(args.labels),
        save=str(Path(args.save).absolute()) if args.save else "",
        force=args.force,
        workers=args.workers,
        read_only=bool(args.read_only) and not output.opens_screen(args),
        keep=effective_settings(args)["keep"].value,
        alerts=alerts,
        max_history_size=args.max_history_size,
        history_ttl_seconds=args.history_ttl_seconds,
        log_size=effective_settings(args)["log_size"].value,
    )
    started = start_script(
        script, args.args, spec, python=args.python, is_followed=is_followed(args)
    )
    return show_script(started, script.place, args)


def is_followed(args: argparse.Namespace) -> bool:
    """Whether what a script prints is to be printed here."""
    return not (args.detach or output.opens_screen(args))


def show_script(started: ScriptRun, place: str, args: argparse.Namespace) -> int:
    """Print the first job of a script that was started, follow it, or open the dashboard on it."""
    if args.detach:
        first = _first_job(started, place)
        if args.json:
            output.print_json(first)
        else:
            print(first.job_id)
        return 0
    if is_followed(args):
        return _follow(started, place, as_json=args.json)
    first = _first_job(started, place)
    from routilux_tui.cli.screen import show_runner

    return show_runner(settings(args), Path(first.socket))


def _first_job(started: ScriptRun, place: str) -> LaunchResult:
    """The script's first job, as soon as it begins; what a script without one printed is shown."""
    result = next(started.results(), None)
    if result is not None and result.job_id:
        started.detach()
        return result
    for line in Path(started.log).read_text("utf-8", "replace").splitlines():
        print(output.safe(line), file=sys.stderr)
    code = "" if result is None else f" (exit code {result.exit_code})"
    raise NotPossible(
        f"{place} has ended{code} and started no job.",
        f"What it printed is kept: {started.log}",
    )


class _Relay:
    """Prints what a script prints, to the stream that it chose.

    Args:
        started: the script.
        as_json: whether standard output is kept for something else.
    """

    def __init__(self, started: ScriptRun, *, as_json: bool = False) -> None:
        self._targets = dict(zip(started.printed, (2 if as_json else 1, 2), strict=True))
        self._ending, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        ended = False
        while self._targets:
            ready = select.select([*self._targets, self._ending], [], [], 0 if ended else None)[0]
            if ended and ready == [self._ending]:
                break
            ended |= self._ending in ready
            for source in ready:
                if source in self._targets:
                    self._copy(source)
        for source in self._targets:
            os.close(source)

    def _copy(self, source: int) -> None:
        part, target = os.read(source, _PIECE), self._targets[source]
        has_ended = not part
        try:
            while part:
                part = part[os.write(target, part) :]
        except OSError:  # nobody reads it any more; the script goes on
            has_ended = True
        if has_ended:
            os.close(source)
            del self._targets[source]

    def end(self) -> None:
        """Print what has come, and nothing that comes later."""
        os.write(self._end, b"\n")
        self._thread.join()


def _follow(started: ScriptRun, place: str, *, as_json: bool) -> int:
    """Print what the script prints to its end; then its jobs, and end as it did."""
    sys.stdout.flush()
    relay = _Relay(started, as_json=as_json)
    jobs: list[LaunchResult] = []
    code: int | None = None
    try:
        for result in started.results():
            if result.exit_code is not None:
                code = result.exit_code
                break
            jobs.append(result)
    except KeyboardInterrupt:
        names = " ".join(job.job_id[:8] for job in jobs)
        print(f"The script goes on. Its jobs: {names or 'none yet'}", file=sys.stderr)
        return 130
    finally:
        relay.end()
        started.detach()
    if code is None:
        raise Unreachable(
            "The runner of the script is gone: it was killed. The script itself goes on.",
            f"What was heard of it is kept: {started.log}",
        )
    _print_jobs(jobs, code, as_json=as_json)
    if not jobs and code == 0 and not as_json:
        print(f"{output.safe(place)} has started no job.", file=sys.stderr)
    return code


def _print_jobs(jobs: list[LaunchResult], code: int, *, as_json: bool) -> None:
    """The jobs of a script that has ended: on standard error, for what it printed is the data."""
    from routilux_tui.runner.client import Client

    rows = []
    for job in jobs:
        try:
            with Client(job.socket) as client:
                header, routines = client.header(), client.routines()
        except Unreachable:
            header, routines = _saved(job.path)
        if header is not None:
            rows.append((header, routines, job.path))
    if as_json:
        import msgspec

        plain = [
            {"header": msgspec.to_builtins(h), "routines": msgspec.to_builtins(r), "file": path}
            for h, r, path in rows
        ]
        output.print_json({"exit_code": code, "jobs": plain})
        return
    for header, _, path in rows:
        line = f"{output.safe(header.flow_id)}  job {header.job_id}  {output.safe(header.status)}"
        print(f"{line}  {output.safe(path)}", file=sys.stderr)


def _saved(path: str) -> tuple[Any, Any]:
    from routilux_tui.job.model import Job
    from routilux_tui.store.reading import load_job
    from routilux_tui.views.projection import Projection

    try:
        projection = Projection(load_job(path, into=Job))
    except JobFileError:
        return None, []
    return projection.header(), projection.routines()
