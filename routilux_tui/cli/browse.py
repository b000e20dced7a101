"""The list of this machine's jobs: those that run on top, the saved ones below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.config import add_screen_arguments, settings
from routilux_tui.errors import UsageError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("--poll", action="store_true", help="look for changes: no events come here")
    add_screen_arguments(parser)


def run(words: argparse.Namespace) -> int:
    """Open the list."""
    from routilux_tui.cli.output import is_interactive
    from routilux_tui.cli.screen import show

    if not is_interactive():
        raise UsageError("The list needs a terminal.", "Without one: routilux-tui ps")
    from routilux_tui.runner.paths import jobs_folder
    from routilux_tui.sources.live import LiveSource
    from routilux_tui.sources.merged import MergedSource
    from routilux_tui.sources.saved import SavedSource

    chosen = settings(words)
    saved = SavedSource([str(jobs_folder())], poll=words.poll, must_exist=False)
    live = LiveSource(fps=chosen.fps, read_only=chosen.read_only)
    return show(chosen, source=MergedSource([live, saved]))
