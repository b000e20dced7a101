"""Where things are kept: the XDG folders, and the one for sockets, which must be ours alone."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import stat
from pathlib import Path

from routilux_tui.errors import Unreachable, UnsafeFolder

NAME = "routilux-tui"
_LONGEST_SOCKET = 100  # the system's limit is 107 bytes


def _xdg(variable: str, fallback: str) -> Path:
    named = os.environ.get(variable, "")
    base = Path(named) if os.path.isabs(named) else _home(variable) / fallback  # noqa: PTH117 - a str
    return base / NAME


def _home(variable: str) -> Path:
    """The user's home: HOME where it is a whole path, else what the system knows of the user.

    Raises:
        Unreachable: when there is neither.
    """
    named = os.environ.get("HOME", "")
    if os.path.isabs(named):  # noqa: PTH117 - a str
        return Path(named)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise Unreachable(
            f"There is no home folder: HOME is not set, and user {os.getuid()} has none.",
            f"Set HOME, or {variable}.",
        ) from None


def config_file() -> Path:
    """The configuration file, which need not be there."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "config.toml"


def state_folder() -> Path:
    """The folder of what outlives a login: saved jobs, logs, crash reports."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def bundles_folder() -> Path:
    """The folder of what was taken out of bundles; it may be removed at any time."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "bundles"


def jobs_folder() -> Path:
    """The folder of saved jobs."""
    return state_folder() / "jobs"


def queues_folder() -> Path:
    """The folder of the queues, in which jobs wait for their turn."""
    return state_folder() / "queues"


def log_path(job_id: str) -> Path:
    """The file that a runner's output goes to."""
    return state_folder() / "logs" / f"{safe_name(job_id)}.log"


def job_path(flow_id: str, job_id: str) -> Path:
    """The file that a job is saved to where nobody named another."""
    return jobs_folder() / f"{safe_name(flow_id)[:60]}-{safe_name(job_id)[:8]}.json"


def saved_runs_of(flow_id: str) -> list[Path]:
    """The saved jobs of the state folder that are named after a flow, in no order."""
    name = safe_name(flow_id)[:60]
    return [one for one in jobs_folder().glob("*.json") if one.stem.rpartition("-")[0] == name]


def safe_name(name: str) -> str:
    """A name as a part of a path: letters, digits, dots, dashes; never hidden, never empty."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip(".-") or "job"


def make_private(folder: Path) -> None:
    """Make a folder, and those above it, for this user alone, whatever the umask says.

    Raises:
        OSError: when it can't be made.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)


def socket_folder() -> Path:
    """The folder of the sockets, as it would be used; nothing is made or checked."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and _is_usable(runtime):  # noqa: PTH117 - a str
        folder = Path(runtime) / NAME
        if _is_short(folder):
            return folder
    return _socket_folder_without_login()


def _is_usable(runtime: str) -> bool:
    """Whether the runtime folder is ours, or could be made: the last logout takes it away."""
    try:
        return os.stat(runtime).st_uid == os.getuid()  # noqa: PTH116 - a str
    except FileNotFoundError:
        above = next(one for one in Path(runtime).parents if os.path.lexists(one))
        return os.access(above, os.W_OK)
    except OSError:
        return False


def _socket_folder_without_login() -> Path:
    import tempfile

    folder = Path(tempfile.gettempdir()) / f"{NAME}-{os.getuid()}"
    return folder if _is_short(folder) else Path("/tmp") / folder.name  # noqa: S108 - it is checked


def _is_short(folder: Path) -> bool:
    """Whether the system takes a socket's path in this folder."""
    return len(os.fsencode(folder)) + 42 <= _LONGEST_SOCKET


def safe_socket_folder() -> Path:
    """The folder of the sockets, made where it is missing.

    Raises:
        UnsafeFolder: when it is not ours, is a link, or is open to others.
    """
    folder = socket_folder()
    try:
        try:
            _make_socket_folder(folder)
        except OSError:  # the runtime folder has gone with the login, and can't be made
            folder = _socket_folder_without_login()
            _make_socket_folder(folder)
        found, above = folder.lstat(), folder.parent.stat()
    except OSError as error:
        raise UnsafeFolder(
            f"{folder}: it can't be used for sockets: {error.strerror or error}.",
            "Set XDG_RUNTIME_DIR to a folder of your own.",
        ) from error
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeFolder(
            f"{folder}: it is a link or no folder, so sockets in it would not be safe.",
            "Remove it, or set XDG_RUNTIME_DIR to a folder of your own.",
        )
    if found.st_uid != os.getuid():
        raise UnsafeFolder(
            f"{folder}: it belongs to another user (uid {found.st_uid}).",
            "Set XDG_RUNTIME_DIR to a folder of your own.",
        )
    if found.st_mode & 0o077:
        raise UnsafeFolder(
            f"{folder}: it is open to others (mode {stat.S_IMODE(found.st_mode):04o}).",
            f"Run: chmod 700 {folder}",
        )
    if above.st_mode & 0o022 and not above.st_mode & stat.S_ISVTX:
        raise UnsafeFolder(
            f"{folder.parent}: others may write to it (mode {stat.S_IMODE(above.st_mode):04o}).",
            f"Run: chmod 700 {folder.parent}",
        )
    if above.st_uid not in {os.getuid(), 0}:
        raise UnsafeFolder(
            f"{folder.parent}: it belongs to another user (uid {above.st_uid}).",
            "Set XDG_RUNTIME_DIR to a folder of your own.",
        )
    return folder


def _make_socket_folder(folder: Path) -> None:
    make_private(folder.parent)
    with contextlib.suppress(FileExistsError):  # what is there is looked at afterwards
        folder.mkdir(mode=0o700)


def socket_path(job_id: str) -> Path:
    """The socket of a job, in the checked folder."""
    return safe_socket_folder() / f"{safe_name(job_id)[:36]}.sock"
