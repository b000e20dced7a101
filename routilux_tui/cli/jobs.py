"""What commands mean by JOB: a running job, or a saved one, by id, beginning, flow or file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import NoSuchJob
from routilux_tui.sources.headers import file_note

if TYPE_CHECKING:
    from routilux_tui.runner.client import Client
    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.shapes import Filter, Header, RoutineRow, Window


class Readable(Protocol):
    """A job that can be read, wherever it is."""

    def header(self) -> Header:
        """The job in a line."""

    def routines(self) -> list[RoutineRow]:
        """Its routines."""

    def window(self, section: str, start: int, stop: int, where: Filter) -> Window:
        """Rows of a section."""

    def item(self, section: str, n: int | str) -> Any:
        """The whole value behind a row."""

    def flow(self) -> FlowShape:
        """What its flow is made of."""

    def close(self) -> None:
        """Let go of it."""


class SavedJob:
    """A job in a file, for commands."""

    def __init__(self, path: Path) -> None:
        from routilux_tui.store.large_file import open_job, wait_counted
        from routilux_tui.views.projection import Projection

        self.path = path
        self.state = open_job(path)
        wait_counted(self.state)
        self._projection = Projection(self.state)
        self.routines = self._projection.routines
        self.window = self._projection.window
        self.item = self._projection.item
        self.flow = self._projection.flow

    def header(self) -> Header:
        """The job in a line; what is not true of it is said."""
        return self._projection.header(note=file_note(self._projection, self.path))

    def is_abandoned(self) -> bool:
        """Whether its file says that it runs, and nobody runs it."""
        from routilux_tui.store.locks import is_locked

        return self.state.status == "running" and not is_locked(self.path)

    def close(self) -> None:
        """Nothing is held open."""


def running(name: str) -> Client:
    """A connection to the running job of a name.

    Raises:
        NoSuchJob: when there is none, or more than one, or the name is empty; says so of saved
            ones, too.
    """
    _check_named(name)
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.discover import find_job, running_jobs

    jobs = running_jobs()
    try:
        return Client(find_job(name, jobs).socket)
    except NoSuchJob as error:
        saved = _saved_named(name) if name else []
        if saved and not any(name in (one.hello.job_id, one.hello.flow_id) for one in jobs):
            raise NoSuchJob(
                f"Job {name!r} is not running; it is saved in {saved[0]}.",
                f"Take it up: routilux-tui resume {saved[0]} FLOW",
            ) from None
        raise error from None


def place_of(name: str) -> Path:
    """Where a job is: the socket of the running one of that name, or the file of a saved one.

    Raises:
        NoSuchJob: when there is none, or more than one.
    """
    from routilux_tui.runner.discover import find_job

    if "/" in name or name.endswith(".json") or (name and Path(name).is_file()):
        return Path(name)
    try:
        return find_job(name).socket
    except NoSuchJob:
        saved = _saved_named(name)
        if len(saved) == 1 or (saved and name == "@last"):
            return saved[0]
        if len(saved) > 1:
            listed = ", ".join(map(str, saved[:5]))
            raise NoSuchJob(f"More than one saved job is called {name!r}: {listed}.") from None
        raise


def readable(name: str) -> tuple[Readable, str]:
    """A job to read from, and where it is: running, or saved under that name, or a file.

    Raises:
        NoSuchJob: when there is none, or more than one.
        JobFileError: when it is a file that can't be read.
    """
    _check_named(name)
    from routilux_tui.runner.client import Client

    place = place_of(name)
    if place.suffix == ".sock":
        client = Client(place)
        return client, client.hello.path
    return SavedJob(place), str(place)


def _check_named(name: str) -> None:
    """Refuse an empty name: a script whose variable is empty doesn't mean the only job there is."""
    if not name.strip():
        raise NoSuchJob("JOB is empty.", "Name a job: its id, its flow, or @last")


def _saved_named(name: str) -> list[Path]:
    """Saved jobs of the state folder, newest first, whose id begins so, or whose flow it is."""
    from routilux_tui.runner.paths import jobs_folder

    paths = sorted(
        jobs_folder().glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    if name == "@last" or not name:
        return paths[:1] if name else []
    found = []
    for path in paths:
        flow, _, short = path.stem.rpartition("-")
        if flow == name or (short and (name.startswith(short) or short.startswith(name[:8]))):
            found.append(path)
    return found
