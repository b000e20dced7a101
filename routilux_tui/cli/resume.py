"""Go on with a paused job, or take up a saved one: JOB, or FILE FLOW.

A running runner's paused job is named by JOB alone. A saved job that nobody runs (paused, or
killed) is taken up in a new runner: FILE is the job's, FLOW the flow it was made by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import control, output
from routilux_tui.cli.arguments import add_worker_arguments
from routilux_tui.cli.config import effective_settings

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_control_arguments(parser)
    parser.add_argument("flow", metavar="FLOW", nargs="?", default="")
    add_worker_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Ask, and wait for the job's word."""
    if not args.flow:
        return control.request(args, "resume", {"running", "completed", "failed", "cancelled"})
    from routilux_tui.runner.launch import resume_job

    chosen = effective_settings()
    started = resume_job(
        args.job,
        args.flow,
        workers=args.workers,
        executor=args.executor,
        keep=chosen["keep"].value,
        log_size=chosen["log_size"].value,
    )
    if args.json:
        output.print_json(started)
    else:
        print(started.job_id)
    return 0
