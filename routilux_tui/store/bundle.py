"""A job in one ZIP archive, to be handed on: its file, its changes, its log, its flow's source.

An archive from elsewhere is data like any file: only names that a bundle has are taken out of it,
each into its own place, and no more bytes than are allowed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from routilux_tui.errors import JobFileError, JobFileHostile, JobFileMissing
from routilux_tui.store.files import MAX_SIZE, file_error, journal_path, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The names that an archive may have, with forward slashes.
_NAMES = re.compile(
    r"job\.json|job\.json\.journal|job\.json\.changes/[A-Za-z0-9_][A-Za-z0-9._-]{0,59}|job\.log"
    r"|flow/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
)
JOB = "job.json"
_MOST_FILES = 10_000
#: Bytes that any archive may hold, and how many times its own size a larger one may.
_ANY_SIZE, _MOST_RATIO = 64 << 20, 100
_CHUNK = 1 << 20
_UNUSED = 7 * 86_400
"""Seconds for which what was taken out is kept unused."""
_ENCRYPTED = 1
"""The bit of a member's flags that says so."""


class Packed(NamedTuple):
    """One file of a bundle: its name there, and where it is taken from."""

    name: str
    path: Path


def bundle_files(path: Path, log: Path | None = None, sources: Iterable[Path] = ()) -> list[Packed]:
    """What a bundle of a job has, of what there is.

    Args:
        path: the job's file.
        log: what its runner and its handlers printed.
        sources: the files of its flow.
    """
    wanted = [Packed(JOB, path), Packed(f"{JOB}.journal", journal_path(path))]
    folder = Path(f"{path}.changes")
    with contextlib.suppress(OSError):
        wanted += [Packed(f"{JOB}.changes/{one.name}", one) for one in sorted(folder.iterdir())]
    if log is not None:
        wanted.append(Packed("job.log", log))
    wanted += [Packed(f"flow/{one.name}", one) for one in sources]
    return [one for one in wanted if _NAMES.fullmatch(one.name) and _is_regular(one.path)]


def write_bundle(target: Path, files: Iterable[Packed]) -> None:
    """Write the archive; whole, or not at all. Only its owner may read it.

    Raises:
        JobFileError: when it can't be written, or one of the files can't be read.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                for one in files:
                    with contextlib.suppress(FileNotFoundError):  # sealed meanwhile
                        archive.write(one.path, one.name)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise file_error(str(target), error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def unpack_bundle(archive: Path, cache: Path) -> Path:
    """Take a bundle out into a folder of its own in the cache; the job's file in it.

    What was taken out before is used again, as long as the archive is the same; what nobody has
    opened for a week is removed.

    Args:
        archive: the bundle.
        cache: the folder for all that is taken out; it is there.

    Raises:
        JobFileError: when it can't be read, or is no bundle, or would take too much.
    """
    _remove_unused(cache)
    try:
        seen = archive.stat()
        if not stat.S_ISREG(seen.st_mode):
            read_regular(str(archive), 0)  # which says what it is
        place = f"{archive.resolve()}\0{seen.st_size}\0{seen.st_mtime_ns}"
        folder = cache / hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        if (folder / JOB).is_file():
            os.utime(folder)
            return folder / JOB
        fresh = folder.with_name(f"{folder.name}.{os.getpid()}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        try:
            with zipfile.ZipFile(archive) as opened:
                _take_out(opened, archive, fresh, max(_ANY_SIZE, _MOST_RATIO * seen.st_size))
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except JobFileError:
        raise
    except OSError as error:
        raise file_error(str(archive), error) from error
    except Exception as error:  # each way of packing has errors of its own
        raise JobFileError(f"{archive}: it can't be read as a bundle: {error}") from error
    return folder / JOB


def _remove_unused(cache: Path) -> None:
    """Remove what was taken out of bundles that nobody has opened for long."""
    with contextlib.suppress(OSError), os.scandir(cache) as found:
        for one in found:
            with contextlib.suppress(OSError):
                if one.stat(follow_symlinks=False).st_mtime < time.time() - _UNUSED:
                    shutil.rmtree(one, ignore_errors=True)


def _take_out(opened: zipfile.ZipFile, archive: Path, folder: Path, most: int) -> None:
    members = list(_members(opened))
    if not any(one.filename == JOB for one in members):
        raise JobFileMissing(f"{archive}: it is no bundle: it has no {JOB}.")
    left = min(MAX_SIZE, most)
    if sum(one.file_size for one in members) > left or len(opened.infolist()) > _MOST_FILES:
        raise JobFileHostile(f"{archive}: what is in it is too large.")
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise JobFileError(
                f"{archive}: {member.filename} in it is encrypted.",
                "Unpack it with its password, and open the job's file.",
            )
        target = folder / member.filename
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with opened.open(member) as source, target.open("xb") as file:
            while piece := source.read(_CHUNK):
                left -= len(piece)
                if left < 0:
                    raise JobFileHostile(f"{archive}: what is in it is too large.")
                file.write(piece)


def _members(opened: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The members that a bundle may have, each name once."""
    seen = set()
    for member in opened.infolist():
        is_link = stat.S_ISLNK(member.external_attr >> 16)
        name = member.filename
        if _NAMES.fullmatch(name) and name not in seen and not is_link:
            seen.add(name)
            yield member


def _is_regular(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISREG(path.stat().st_mode)
    return False
