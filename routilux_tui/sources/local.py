"""This machine's jobs: those that run, and the saved ones of the state folder."""

from __future__ import annotations

from routilux_tui.runner.paths import jobs_folder
from routilux_tui.sources.live_source import LiveSource
from routilux_tui.sources.merged import MergedSource
from routilux_tui.sources.saved import SavedSource


def local_source(*, poll: bool = False, fps: float = 10.0, read_only: bool = False) -> MergedSource:
    """What runs on this machine, then what is saved; a job that ends moves by itself.

    Args:
        poll: look for changes of the saved ones, where no events come.
        fps: frames a second of a handle.
        read_only: give handles that ask for no control.
    """
    saved = SavedSource([str(jobs_folder())], poll=poll, must_exist=False)
    return MergedSource([LiveSource(fps=fps, read_only=read_only), saved])
