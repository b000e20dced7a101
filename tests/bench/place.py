"""A place of its own for what a benchmark starts."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flows import write_flows

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def a_place() -> Iterator[tuple[Path, str]]:
    """A folder for sockets and saved jobs, and a file of flows; its runners end with it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.environ.update(
            XDG_RUNTIME_DIR=folder, XDG_STATE_HOME=folder, XDG_CONFIG_HOME=f"{folder}/config"
        )
        Path(folder).chmod(0o700)
        try:
            yield Path(folder), write_flows(Path(folder))
        finally:
            _end_runners(folder)


def _end_runners(folder: str) -> None:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            ours = folder.encode() in (place / "environ").read_bytes()
            if ours and int(place.name) != os.getpid():
                os.kill(int(place.name), 9)
        except (OSError, ValueError):
            continue
