"""The lines of the jobs that run on this machine, those that don't answer among them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.errors import NotPossible
from routilux_tui.runner.discover import all_jobs
from routilux_tui.runner.force_cancel import job_files_of
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.views.list_line import entry_of_header
from routilux_tui.views.shapes import SILENT, JobEntry

if TYPE_CHECKING:
    from routilux_tui.runner.survey import Found, Silent, Survey


def running_entries(file: str = "") -> list[JobEntry]:
    """A line for each job that runs, oldest first; those that don't answer come last.

    Args:
        file: a job's file; its job is among them even where its socket is nowhere to be found.

    Raises:
        UnsafeFolder: when the socket folder is not safe.
    """
    return entries_of(all_jobs(file=file))


def entries_of(found: Survey) -> list[JobEntry]:
    """The lines of those that answer, and of those that don't."""
    return [*map(entry_of, found.answering), *map(_entry_of_silent, found.silent)]


def entry_of(found: Found) -> JobEntry:
    """The line of a job that answers."""
    hello, header = found.hello, found.header
    size = 0
    with contextlib.suppress(OSError):
        size = Path(hello.path).stat().st_size if hello.path else 0
    return entry_of_header(
        header, key=str(found.socket), path=hello.path, size=size, badge="live", place="live"
    )


def _own(silent: Silent, saved: list[JobEntry]) -> JobEntry:
    """Of the jobs that a runner keeps (a script may have several) the one of a socket."""
    own = [one for one in saved if one.job_id == silent.socket.stem]
    return (own or saved)[0]


def _entry_of_silent(silent: Silent) -> JobEntry:
    """What the file of a job says whose runner does not answer; at least the job's id."""
    try:
        saved = _own(silent, [read_entry(file) for file in job_files_of(silent.pid)])
    except (OSError, NotPossible):
        saved = JobEntry(key="")
    return msgspec.structs.replace(
        saved,
        key=str(silent.socket),
        place="live",
        job_id=saved.job_id or silent.socket.stem,
        status=saved.status or "running",
        badge=SILENT,
        error="",
    )
