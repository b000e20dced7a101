"""A text given to the reader's own editor, in the same terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from routilux_tui.errors import NotPossible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import App


def editor_command() -> list[str]:
    """The program that ``VISUAL`` or ``EDITOR`` names, with its arguments; no shell reads them.

    Raises:
        NotPossible: when it can't be understood.
    """
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        command = shlex.split(named)
    except ValueError as error:
        raise NotPossible(f"EDITOR is {named!r}: {error}.") from None
    return command or ["vi"]


@contextlib.contextmanager
def _terminal_lent(app: App[Any]) -> Iterator[None]:
    """The terminal is another program's: nothing is written, and Ctrl+C is meant for that."""
    driver: Any = app._driver  # noqa: SLF001 - our own
    driver.is_lent = True
    # A handler, and not SIG_IGN: the editor would inherit that.
    former = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        driver.is_lent = False


async def edited(app: App[Any], text: str, name: str) -> str | None:
    """What the reader made of a text; None when the editor says by its exit code that he left it.

    The terminal is the editor's meanwhile; all else goes on. The text lies in a file that nobody
    else can read, and that is removed with whatever the editor put beside it.

    Raises:
        NotPossible: when there is no such editor, no terminal for it, or no place for the file.
    """
    command = editor_command()
    if shutil.which(command[0]) is None:
        raise NotPossible(f"There is no editor {command[0]!r} here.", "Set EDITOR to one there is.")
    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix="routilux-tui-"))
        place = folder / name
        place.touch(mode=0o600)
        place.write_text(text, encoding="utf-8", errors="replace")
        with app.suspend(), _terminal_lent(app):
            done = await asyncio.to_thread(subprocess.run, [*command, str(place)], check=False)
        return place.read_text(encoding="utf-8") if done.returncode == 0 else None
    except SuspendNotSupported:
        raise NotPossible("There is no terminal for an editor here.") from None
    except (OSError, ValueError) as error:
        raise NotPossible(f"The input can't be edited: {error}.") from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
