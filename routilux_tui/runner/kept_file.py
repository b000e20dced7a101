"""The file of a runner's job: kept while the job runs, closed at its end, opened if it goes on."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.errors import JobFileError, Unreachable
from routilux_tui.job.status import has_ended
from routilux_tui.state.job_state import JobState
from routilux_tui.store.files import journal_path
from routilux_tui.store.journal import Journal
from routilux_tui.store.large_file import open_job
from routilux_tui.store.reading import load_job
from routilux_tui.store.retention import parse_keep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from routilux_tui.runner.announce import Announcement
    from routilux_tui.runner.full_disk import FullDisk

logger = logging.getLogger("routilux_tui.runner")

_RETRY = 0.5


def finish_file(path: Path) -> bool:
    """Write the file of a job that had ended, but whose process was killed before it had done so.

    Returns:
        False where there is nothing to be done: the job has not ended, or its file is complete.

    Raises:
        JobFileError: when it can't be written.
        RunElsewhere: when another process has the job.
    """
    if not journal_path(path).exists() or not has_ended(open_job(path).status):
        return False
    state = load_job(path, into=JobState, strict=True)
    journal = Journal(state, path, _ignore, _ignore, read_at=state.seq)
    try:
        journal.close()
    finally:
        journal.abandon()
    return True


def _ignore(*_: object) -> None:
    """What a full disk says to a job that has ended."""


class KeptFile:
    """Keeps a job's file true, from its start to each of its ends.

    Args:
        state: the job.
        path: its file.
        disk: told when the disk is full, and when it has room again.
        ending: set when this process is to end.
        keep: what is kept of its changes; see `routilux_tui.store.retention.parse_keep`.
        read_at: the job's last change when it was read from this file, if it was.

    Raises:
        JobFileError: when the file can't be written.
        RunElsewhere: when another process runs the job, or has run it meanwhile.
    """

    def __init__(
        self,
        state: JobState,
        path: Path,
        disk: FullDisk,
        ending: threading.Event,
        keep: str = "",
        read_at: int | None = None,
    ) -> None:
        self._state = state
        self._path = path
        self._disk = disk
        self._ending = ending
        self._keeps_changes = not parse_keep(keep).nothing
        self._place: Announcement | None = None
        #: Held while the job ends for good, or goes on after its end.
        self._turning = threading.Lock()
        self._is_closed = self._is_left = False
        self.journal = self._open(read_at)

    def _open(self, read_at: int | None) -> Journal:
        return Journal(
            self._state,
            self._path,
            self._disk.is_full,
            self._disk.is_free,
            keeps_changes=self._keeps_changes,
            read_at=read_at,
        )

    def flush(self) -> bool:
        """Write what the job did; returns whether all is written."""
        return self.journal.flush()

    def note_place(self, place: Announcement) -> None:
        """Have the lock of the job's file say where the job answers."""
        self._place = place
        if not self._is_closed:
            self.journal.set_owner(msgspec.to_builtins(place))

    def close(self, set_note: Callable[[str], None]) -> None:
        """Save the job at its end; without room, wait for it as long as nobody ends this process.

        The journal has all of the job already: nothing is lost by waiting, or by ending.
        """
        with self._turning:
            is_logged = False
            while not self._is_closed:
                try:
                    self.journal.close()
                except JobFileError as error:
                    if not is_logged:
                        logger.warning("Job %s is not saved yet: %s", self._state.job_id, error)
                    is_logged = True
                    set_note(error.message)
                    if self._ending.wait(_RETRY):
                        self.journal.abandon()
                        return
                else:
                    if is_logged:
                        set_note("")
                    self._is_closed = True

    @contextlib.contextmanager
    def taking_up(self) -> Iterator[None]:
        """Have the file of a job that has ended kept again, while it is made to go on.

        Raises:
            Unreachable: when this process is about to end.
            RunElsewhere: when somebody else has changed the file meanwhile.
        """
        with self._turning:
            if self._is_left or self._ending.is_set():
                raise Unreachable(
                    f"The runner of job {self._state.job_id} is just ending.",
                    "Say the same again: it is taken up from its file then.",
                )
            if self._is_closed:
                self.journal = self._open(self._state.seq)
                self._is_closed = False
                if self._place is not None:
                    self.note_place(self._place)
            yield

    def goes_on(self) -> bool:
        """Whether the job was taken up again since its file was closed."""
        return not self._is_closed

    def leave(self) -> bool:
        """This process is about to end; False when the job has just been taken up again."""
        with self._turning:
            self._is_left = self._is_closed or self._ending.is_set()
            return self._is_left
