"""Opening the dashboard from a command, and what is said when it is left."""

from __future__ import annotations

import gc
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.job.status import has_ended, word_of
from routilux_tui.runner.paths import jobs_folder
from routilux_tui.views.naming import command
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle, Source
    from routilux_tui.tui.app import Exit
    from routilux_tui.tui.settings import Settings


def _jobs_here(settings: Settings) -> Source:
    """The list behind a job that was opened alone."""
    from routilux_tui.sources.local import local_source

    return local_source(fps=settings.fps, read_only=settings.read_only)


def _saved_name(left: Exit) -> str | Path:
    """What a job is called now that it has ended: one that is not among ours, by its file."""
    file = Path(left.file)
    known = left.job is not None and (not left.file or file.parent == jobs_folder())
    return left.job.job_id[:8] if known and left.job is not None else file


def show_runner(settings: Settings, socket: Path) -> int:
    """Run the dashboard on the job behind a socket of this machine."""
    from routilux_tui.sources.live import socket_handle

    handle = socket_handle(socket, fps=settings.fps, read_only=settings.read_only)
    return show(settings, handle=handle)


def show(settings: Settings, *, handle: Handle | None = None, source: Source | None = None) -> int:
    """Run the dashboard; returns the exit code."""
    gc.disable()  # what is imported stays: looking through it for garbage only takes time
    from routilux_tui.tui.app import run_dashboard

    gc.freeze()
    gc.enable()
    left = run_dashboard(
        settings,
        handle=handle,
        source=source,
        make_source=partial(_jobs_here, settings) if source is None else None,
    )
    if left.report is not None or (left.code and left.error):
        print(f"routilux-tui: the dashboard ended: {printable(left.error)}", file=sys.stderr)
        if left.report is not None:
            print(f"  The report, without job data: {left.report}", file=sys.stderr)
    if left.job is not None:
        name = printable(left.job.job_id[:8])
        is_far = left.place.startswith("ssh://")
        address = f"{printable(left.place)}/{name}" if is_far else name
        message = f"Job {name} ({printable(left.job.flow_id)})"
        if left.silent:
            message += " does not answer. Look for it: routilux-tui ps"
        elif left.job.still_running and has_ended(left.job.status):
            word = word_of(left.job.status, left.job.still_running)
            message += f" is {word}. Come back: routilux-tui attach {address}"
        elif not has_ended(left.job.status):
            message += f" goes on. Come back: {command('attach', address)}"
        else:
            message += f" is {printable(left.job.status)}."
            if not is_far:
                message += f" See it again: {printable(command('show', _saved_name(left)))}"
        print(message, file=sys.stderr)
    return left.code
