"""Browse saved job files: a live list of files, folders and globs.

A single file opens at once, in the same panes as a running job, read-only; so does a bundle (.zip).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli.config import add_screen_arguments, settings
from routilux_tui.errors import UsageError
from routilux_tui.views.naming import command

if TYPE_CHECKING:
    import argparse

    from routilux_tui.sources.base import Handle, Source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.add_argument("-r", "--recursive", action="store_true", help="with subfolders")
    parser.add_argument("--poll", action="store_true", help="look for changes: no events come here")
    add_screen_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Open the list, or the one file."""
    from routilux_tui.cli.output import is_interactive
    from routilux_tui.cli.screen import show

    handle, source = opened(args)
    if not is_interactive():
        way = command("show", Path(args.paths[0])) if handle else command("ps")
        raise UsageError("open needs a terminal.", f"Without one: {way}")
    return show(settings(args), handle=handle, source=source)


def opened(args: argparse.Namespace) -> tuple[Handle | None, Source | None]:
    """The one file that is named, or the list of what is."""
    from routilux_tui.cli.find_job import unpacked
    from routilux_tui.sources.saved import SavedSource
    from routilux_tui.sources.saved_handle import SavedHandle

    paths = [str(unpacked(Path(one))) for one in args.paths]
    source = SavedSource(paths, recursive=args.recursive, poll=args.poll)
    only = Path(paths[0]).absolute()
    if len(paths) == 1 and only.is_file():
        return SavedHandle(only, poll=args.poll), None
    return None, source
