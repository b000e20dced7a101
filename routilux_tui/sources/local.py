"""This machine's jobs: those that run, and the saved ones of the state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.runner.discover import socket_of_file
from routilux_tui.runner.paths import jobs_folder
from routilux_tui.sources.live_source import LiveSource
from routilux_tui.sources.merged import MergedSource
from routilux_tui.sources.saved import SavedSource

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle


class LocalSource(MergedSource):
    """What runs and what is saved on this machine; a job that runs is steered at its runner.

    Args:
        live: the jobs that run.
        saved: the saved ones; of a job that runs its file may be listed a moment before it.
    """

    def __init__(self, live: LiveSource, saved: SavedSource) -> None:
        super().__init__([live, saved])
        self._live = live

    def handle(self, key: str) -> Handle:
        """A handle on a job: on its runner where it has one, though its file was listed."""
        socket = socket_of_file(key) if key.endswith(".json") else None
        if socket is not None and socket.exists():
            return self._live.handle(str(socket), key)
        return super().handle(key)


def local_source(*, poll: bool = False, fps: float = 10.0, read_only: bool = False) -> MergedSource:
    """What runs on this machine, then what is saved; a job that ends moves by itself.

    Args:
        poll: look for changes of the saved ones, where no events come.
        fps: frames a second of a handle.
        read_only: give handles that ask for no control.
    """
    saved = SavedSource([str(jobs_folder())], poll=poll, must_exist=False)
    return LocalSource(LiveSource(fps=fps, read_only=read_only), saved)
