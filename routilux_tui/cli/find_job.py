"""What commands mean by JOB: its id, four or more letters that it begins with, its flow, a file.

One rule for all commands: `find` says which job a name means, among those that run and the saved
ones of the state folder. What is inside a file counts, never how the file is called.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.cli.arguments import LAST, check_named
from routilux_tui.errors import JobFileError, NoSuchJob, NotConfirmed, Unreachable
from routilux_tui.job.status import has_ended
from routilux_tui.job.timestamps import to_epoch
from routilux_tui.sources.entry_progress import judge_by_earlier
from routilux_tui.sources.saved_entry import file_note, read_entry
from routilux_tui.store.locks import is_locked
from routilux_tui.views.naming import SHORTEST_PREFIX, command, earlier_run, jobs_named
from routilux_tui.views.shapes import ABANDONED, BADGES, SILENT, JobEntry

if TYPE_CHECKING:
    from routilux_tui.views.breakpoints import Breakpoint
    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.insight import FailingInput, Insight, NextTask
    from routilux_tui.views.projection import Projection
    from routilux_tui.views.questions import AskedQuestion
    from routilux_tui.views.shapes import AlertState, Filter, Header, RoutineRow, Window
    from routilux_tui.views.timeline import Timeline

_LISTED = 5


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

    def timeline(self, begin: float, end: float, columns: int, *, fold: bool = True) -> Timeline:
        """A stretch of its time, drawn on so many columns; 0 is its first or last moment."""

    def insight(self, *parts: str) -> Insight:
        """What is measured of it."""

    def failing(self, number: int, start: int, stop: int) -> list[FailingInput]:
        """Some of the inputs that have one kind of error, by its number in the insight."""

    def waiting_tasks(self, start: int, stop: int) -> list[NextTask]:
        """Some of the tasks that wait."""

    def stack(self, task: int) -> str:
        """Where a handler of it is at this moment."""

    def questions(self, *, answered: bool = False) -> list[AskedQuestion]:
        """What it asks people; with the answered ones, if they are wanted."""

    def breakpoints(self) -> list[Breakpoint]:
        """The breakpoints that are set on it."""

    def alerts(self) -> list[AlertState]:
        """The rules by which people are told of it."""

    def close(self) -> None:
        """Let go of it."""


class SavedJob:
    """A job in a file, for commands; ``is_silent``: its runner runs, and does not answer."""

    is_silent = False

    def __init__(self, path: Path, *, is_silent: bool = False) -> None:
        from routilux_tui.store.large_file import open_job, wait_counted
        from routilux_tui.views.projection import Projection

        self.is_silent = is_silent
        state = open_job(path)
        wait_counted(state)
        self._read_from(path, Projection(state, path))

    def _read_from(self, path: Path, projection: Projection) -> None:
        self.path = path
        self.state = projection.job
        self._projection = projection
        self.routines = projection.routines
        self.window = projection.window
        self.item = projection.item
        self.flow = projection.flow
        self.failing = projection.failing
        self.waiting_tasks = projection.waiting_tasks
        self.timeline = projection.timeline

    def header(self) -> Header:
        """The job in a line; what is not true of it is said."""
        silent = BADGES[SILENT] if self.is_silent else ""
        note = silent or file_note(self._projection, self.path)
        return self._projection.header(note=note, gone=self.is_abandoned())

    def insight(self, *parts: str) -> Insight:
        """What is measured of the job: the parts that are asked for."""
        judge_by_earlier(self._projection)
        return self._projection.insight(parts, gone=self.is_abandoned())

    def stack(self, task: int) -> str:  # noqa: ARG002 - as a job that runs
        """Nothing runs here."""
        return ""

    def questions(self, *, answered: bool = False) -> list[AskedQuestion]:
        """What it asks people; with the answered ones, if they are wanted."""
        from routilux_tui.views.questions import questions

        return questions(self.state, answered=answered)

    def breakpoints(self) -> list[Breakpoint]:
        """The breakpoints that are set on it."""
        from routilux_tui.views.breakpoints import breakpoints

        return breakpoints(self.state)

    def alerts(self) -> list[AlertState]:
        """The rules by which people are told of it."""
        from routilux_tui.views.alerts import alert_states

        return alert_states(self.state)

    def is_abandoned(self) -> bool:
        """Whether its file says that it runs, and nobody runs it."""
        return self.state.status == "running" and not is_locked(self.path)

    def close(self) -> None:
        """Nothing is held open."""


def live_entries(file: str = "") -> list[JobEntry]:
    """The jobs that run on this machine, that of a file among them; last those without answer."""
    from routilux_tui.sources.live_entries import running_entries

    return running_entries(file)


def saved_entries(live: list[JobEntry]) -> list[JobEntry]:
    """The saved jobs of the state folder, last saved first, but those that run.

    Raises:
        Unreachable: when the folder may not be read.
    """
    from routilux_tui.runner.paths import jobs_folder
    from routilux_tui.sources.scanning import is_closed, scan

    folder = jobs_folder()
    running = {entry.path for entry in live}
    paths = scan(str(folder), recursive=False)
    if not paths and is_closed(str(folder)):
        raise Unreachable(f"{folder}: you may not read it.", "Set XDG_STATE_HOME to one of yours.")
    entries = [read_entry(path) for path in paths if path not in running]
    return sorted(entries, key=lambda entry: to_epoch(entry.updated_at) or 0.0, reverse=True)


def find(name: str, *, destroys: bool = False) -> JobEntry | Path:
    """The job that a name means, to be looked at.

    A job that runs goes before saved ones of the same name, unless it is to be destroyed: then
    only one may be meant at all.

    Returns:
        Its line in the list, or the path where it is a file that is named by its path.

    Raises:
        NoSuchJob: when there is none, or more than one.
    """
    check_named(name)
    if _is_file(name):
        return Path(name) if destroys else unpacked(Path(name))
    live = live_entries()
    found = _choose(name, live)
    if name == LAST and found:
        return found[0]
    if not found or destroys:
        saved = saved_entries(live)
        found = [*found, *_choose(name, saved)]
        if not found and earlier_run(name) is not None:
            return _run_before(name, [*live, *saved])
    if found and not destroys and all(one.name == name and not _goes_on(one) for one in found):
        return max(found, key=_began)  # of a name that was given, the newest run is meant
    if len(found) == 1 or (found and name == LAST):
        return found[0]
    if not found and ("/" in name or name.endswith(".json")):
        return Path(name)  # which is not there, as reading it will say
    raise _ambiguous(name, found, live)


def unpacked(path: Path) -> Path:
    """The job's file in a bundle, taken out of it; any other file is given as it is.

    Raises:
        JobFileError: when the bundle can't be read.
    """
    if path.suffix != ".zip":
        return path
    from routilux_tui.runner.paths import bundles_folder, make_private
    from routilux_tui.store.bundle import unpack_bundle

    cache = bundles_folder()
    make_private(cache)
    return unpack_bundle(path, cache)


def find_running(name: str, *, must_answer: bool = True) -> JobEntry:
    """The job that a name means, to be steered: it runs, and no other of that name does.

    Args:
        name: what the user calls it.
        must_answer: whether one that has not answered just now is refused; else it is asked again.

    Raises:
        NoSuchJob: when there is none, or more than one; says so of saved ones, too.
        NotConfirmed: when its runner does not answer.
    """
    check_named(name)
    live = live_entries(name if _is_file(name) else "")
    found = running_from(name, live) if _is_file(name) else _choose(name, live)
    if len(found) == 1:
        return answering(name, found[0]) if must_answer else found[0]
    if not found and earlier_run(name) is not None:
        one = _run_before(name, [*live, *saved_entries(live)])
        if one.place == "live":
            return one
        raise _only_saved(name, one.path)
    if not found:
        if _is_file(name):
            raise _only_saved(name, name)
        saved = _choose(name, saved_entries(live)) if name != LAST else []
        if saved:
            raise _only_saved(name, saved[0].path)
    raise _ambiguous(name, found, live, steers=True)


def answering(name: str, entry: JobEntry) -> JobEntry:
    """A running job as it is, if it has answered.

    Raises:
        NotConfirmed: when it has not.
    """
    if entry.badge != SILENT:
        return entry
    raise NotConfirmed(
        f"Job {name!r} does not answer: its runner is stopped, or very busy.",
        f"Try again, look at its log, or end it: {command('cancel', '--force', name)}",
    )


def _goes_on(entry: JobEntry) -> bool:
    """Whether a job runs; one that has ended may still answer."""
    return entry.place == "live" and not has_ended(entry.status)


def _began(entry: JobEntry) -> float:
    return to_epoch(entry.created_at) or 0.0


def _run_before(name: str, entries: list[JobEntry]) -> JobEntry:
    """The job of ``nightly@-1``: counted back from the newest of its name.

    Raises:
        NoSuchJob: when there are not so many.
    """
    base, back = earlier_run(name) or (name, 0)
    named = jobs_named(base, [entry for entry in entries if not entry.error])
    runs = sorted(named, key=_began, reverse=True)  # one that has ended may still answer
    if back < len(runs):
        return runs[back]
    raise NoSuchJob(
        f"There is no run {name!r}: {len(runs)} are called {base!r}.",
        "Those that there are: routilux-tui ps",
    )


def running_from(path: str, live: list[JobEntry]) -> list[JobEntry]:
    """Those of the running jobs that are kept in a file."""
    place = os.path.realpath(path)
    return [entry for entry in live if entry.path and os.path.realpath(entry.path) == place]


def _is_file(name: str) -> bool:
    """Whether a name is the path of something, and no folder; a NUL or 300 letters are no error."""
    return os.path.exists(name) and not os.path.isdir(name)  # noqa: PTH110, PTH112


def _choose(name: str, entries: list[JobEntry]) -> list[JobEntry]:
    """Those of the entries that a name means; of several the ones that have not ended."""
    answering = [entry for entry in entries if not entry.error]
    if name == LAST:
        live = [entry for entry in answering if entry.place == "live"]
        return live[-1:] or answering[:1]
    found = jobs_named(name, answering)
    if len(found) > 1 and all(entry.place == "live" for entry in found):
        # one that has ended still answers for as long as somebody looks at it
        found = [entry for entry in found if not has_ended(entry.status)] or found
    return found


def _only_saved(name: str, path: str) -> NoSuchJob:
    """The error that a job can't be steered, as nobody runs it; with what can be done instead."""
    if is_locked(Path(path)):  # its socket was removed, and is made anew
        return NoSuchJob(f"Job {name!r} runs, and can't be reached now.", "Try again in seconds.")
    entry = read_entry(path)
    is_how = entry.status if has_ended(entry.status) else "not running"
    is_how += ": its process was killed" if entry.badge == ABANDONED else ""
    return NoSuchJob(f"Job {name!r} is {is_how}; it is saved in {path}.", resume_hint(path))


def resume_hint(path: str) -> str:
    """How to go on with a saved job that nobody runs, for people."""
    from routilux_tui.store.large_file import open_job

    resume = command("resume", Path(path))
    with contextlib.suppress(JobFileError):
        job = open_job(path)
        again = command("again", Path(path))
        if has_ended(job.status):
            return f"Run it again, as a new job: {again}"
        if job.library:
            return f"Its script has ended. Run it anew, or what it had not done: {again} [--from R]"
        if job.status == "pending":
            remove = command("rm", Path(path))
            return f"It has not begun. At once: {resume}; never, and out of its queue: {remove}"
    return f"Take it up: {resume}"


def _ambiguous(
    name: str, found: list[JobEntry], live: list[JobEntry], *, steers: bool = False
) -> NoSuchJob:
    """The error that a name means no job, or more than one, and what there is."""
    listed = ", ".join(map(_described, (found or live)[:_LISTED]))
    if len(found or live) > _LISTED:
        listed += f" and {len(found or live) - _LISTED} more"
    kind = "running job" if steers else "job"
    if found:
        return NoSuchJob(f"More than one {kind} is called {name!r}.", f"Name one of: {listed}.")
    if steers and not live:
        return NoSuchJob("No job is running on this machine.", "Start one: routilux-tui run FLOW")
    hint = f"There are: {listed}." if live else "Those that there are: routilux-tui ps"
    if 0 < len(name) < SHORTEST_PREFIX:
        hint = f"A beginning of an id has at least {SHORTEST_PREFIX} letters. {hint}"
    also = "" if steers else ", and no saved one"
    return NoSuchJob(f"No running job is called {name!r}{also}.", hint)


def _described(entry: JobEntry) -> str:
    where = f", {entry.path}" if entry.place == "saved" else ""
    return f"{entry.job_id[:8]} ({entry.flow_id}{where})"


def place_of(name: str) -> Path:
    """Where a job is: the socket of the running one of that name, or the file of a saved one.

    Raises:
        NoSuchJob: when there is none, or more than one.
    """
    found = find(name)
    return found if isinstance(found, Path) else Path(found.key)


def readable(name: str) -> tuple[Readable, str]:
    """A job to read from, and where it is: running, or saved under that name, or a file.

    Raises:
        NoSuchJob: when there is none, or more than one.
        JobFileError: when it is a file that can't be read.
    """
    from routilux_tui.runner.client import Client

    found = find(name)
    if isinstance(found, JobEntry) and _is_answering(found):
        client = Client(found.key)
        return client, client.hello.path
    if isinstance(found, Path):
        return SavedJob(found), str(found)
    return SavedJob(Path(found.path), is_silent=found.badge == SILENT), found.path


def _is_answering(entry: JobEntry) -> bool:
    """Whether a job is asked itself; of one that does not answer its file is read, if known."""
    return entry.place == "live" and (entry.badge != SILENT or not entry.path)
