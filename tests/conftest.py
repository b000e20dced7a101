"""A world of its own for every test: no file, socket or setting of the user's is touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.machines import machines  # noqa: F401 - a fixture of every test

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parent / "data"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it for what runs behind
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a test starts would inherit it


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with HOME and the XDG folders in it; its path is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="rt-", dir="/tmp"))
    for variable, name in {
        "HOME": "home",
        "XDG_CONFIG_HOME": "config",
        "XDG_STATE_HOME": "state",
        "XDG_RUNTIME_DIR": "run",
        "XDG_CACHE_HOME": "cache",
    }.items():
        place = folder / name
        place.mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(place))
    for variable in list(os.environ):
        ours = variable.startswith(("ROUTILUX_TUI_", "SSH_", "TMUX", "STY"))
        if ours and not variable.startswith("ROUTILUX_TUI_PEER"):
            monkeypatch.delenv(variable)
    for variable in ("NO_COLOR", "COLORTERM", "COLORFGBG", "CI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    yield folder
    _end_runners(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _end_runners(folder: Path) -> None:
    """End what a test started and left: processes whose environment names its folder."""
    mark = f"{folder}/".encode()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(place.name)
            if pid != os.getpid() and mark in (place / "environ").read_bytes():
                os.kill(pid, signal.SIGKILL)


#: The environments with the library itself: version -> (environment variable, folder beside).
PEERS = {
    "0.11.0": ("ROUTILUX_TUI_PEER", ".venv-peer"),
    "0.10.0": ("ROUTILUX_TUI_PEER_0_10", ".venv-peer-0.10"),
}


@pytest.fixture(scope="session")
def peer() -> str:
    """The Python of the environment that has routilux 0.11.0."""
    return peer_of("0.11.0")


def peer_of(version: str) -> str:
    """The Python of the environment that has this version of routilux."""
    variable, folder = PEERS[version]
    python = os.environ.get(variable, "")
    beside = Path(__file__).parent.parent / folder / "bin/python"
    if not python and beside.exists():
        python = str(beside)
    if not python or not Path(python).exists():
        if os.environ.get("CI"):
            pytest.fail(f"the environment with routilux {version} is missing: make test makes it")
        pytest.skip(f"NO PEER: routilux {version} is not installed beside; run make test")
    return python


@pytest.fixture
def command() -> list[str]:
    """The words that start the program as it is installed."""
    return [sys.executable, "-m", "routilux_tui"]


def run(words: list[str], **more: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with its output as text."""
    return subprocess.run(words, capture_output=True, text=True, timeout=60, **more)  # type: ignore[call-overload, no-any-return] # whatever subprocess.run takes
