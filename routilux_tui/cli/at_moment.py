"""``--at MOMENT``: a job as it was, for the commands that read one.

MOMENT is a time of day (03:07 or 03:07:21), a date and time, so long after the start (+1h30m) or
before the end (-5m), a change's number, a record's (#12), or a condition: the first moment at which
it holds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.find_job import SavedJob, find, readable
from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.job import timestamps
from routilux_tui.views.conditions import Condition
from routilux_tui.views.formatting import count, zoned
from routilux_tui.views.replay import Replay
from routilux_tui.views.time_spec import moment_of, target_of

if TYPE_CHECKING:
    import argparse

    from routilux_tui.cli.find_job import Readable
    from routilux_tui.job.model import Job
    from routilux_tui.views.replay_shapes import Point
    from routilux_tui.views.shapes import Header


def add_at_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--at``."""
    parser.add_argument(
        "--at",
        metavar="MOMENT",
        help="as it was: at a time (03:07:21, +1h30m, -5m), after change N or record #N, or when a "
        "CONDITION first held",
    )


class PastJob(SavedJob):
    """A job as it was at a moment, for commands.

    Args:
        path: its file.
        moment: the moment, as people write it.
    """

    def __init__(self, path: Path, moment: str) -> None:
        replay = replay_of(path)
        self.point: Point = replay.first_held(_bounded(path, moment))
        self._read_from(path, replay.projection)

    def header(self) -> Header:
        """The job in a line."""
        return self._projection.header(note=self.point.note)

    def is_abandoned(self) -> bool:
        """What it says of itself was true then."""
        return False


def readable_at(name: str, moment: str | None) -> tuple[Readable, str]:
    """A job to read from, and where it is; with a moment, as it was then, which is said.

    Raises:
        NoSuchJob: when there is none, or more than one.
        JobFileError: when it is a file that can't be read.
        UsageError, ConditionError: when no moment is meant.
        NotPossible: when there is no such moment, or it can't be known.
    """
    if moment is None:
        return readable(name)
    path = file_of(name)
    job = PastJob(path, moment)
    point = job.point
    sign = "" if point.is_exact else "≈ " if output.is_utf8(sys.stderr) else "~ "
    what = f": {output.safe(point.what)}" if point.what else ""
    note = f" ({point.note})" if point.note else ""
    at = zoned(timestamps.to_iso(point.at), exact=True)
    unit = "change" if point.is_exact else "entry"
    number = f"{unit} {count(point.seq)} of {count(point.last)}"
    print(f"routilux-tui: as it was {sign}at {at}, {number}{what}{note}", file=sys.stderr)
    return job, str(path)


def file_of(name: str) -> Path:
    """The file of a job that a name means.

    Raises:
        NoSuchJob: when there is none, or more than one.
        NotPossible: when it is kept in no file.
    """
    found = find(name)
    path = found if isinstance(found, Path) else Path(found.path)
    if path.suffix == ".sock" or not str(path).strip("."):
        raise NotPossible("Nothing tells how this job was before: it is kept in no file.")
    return path


def replay_of(path: Path) -> Replay:
    """The past of the job of a file."""

    def read() -> Job:
        from routilux_tui.store.large_file import open_job, wait_counted

        job = open_job(path)
        wait_counted(job)
        return job

    return Replay(path, read)


def time_of_moment(name: str, moment: str, first: float, last: float) -> float:
    """When a moment was, in seconds since the epoch; a time needs no look at the job's past.

    Raises:
        UsageError, ConditionError: when no moment is meant.
        NotPossible: when there is no such moment, or it can't be known.
    """
    if target_of(moment, first, last).at is not None:
        return moment_of(moment, first, last)
    path = file_of(name)
    return replay_of(path).first_held(_bounded(path, moment)).at


def _bounded(path: Path, moment: str) -> str:
    """A moment that is found in bounded time: in place of a costly condition the change it means.

    Raises:
        TooCostly: when judging the condition takes too much time or memory.
    """
    try:
        condition = target_of(moment, 0.0, 0.0).condition
    except UsageError:  # a time that needs the job's own beginning and end, or none
        return moment
    if not condition or Condition(condition).is_light:
        return moment
    import asyncio

    from routilux_tui.sources.search_process import SearchProcess

    return str(asyncio.run(SearchProcess(path).find_first(moment)).seq)
