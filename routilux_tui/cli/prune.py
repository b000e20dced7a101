"""Remove saved jobs that have ended: old ones, all but the newest, or large ones."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from routilux_tui.cli.arguments import count
from routilux_tui.cli.output import print_json, safe
from routilux_tui.errors import UsageError
from routilux_tui.views.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Callable


class _Ended(NamedTuple):
    """A job that has ended: when, where, and what it takes."""

    at: float
    path: Path
    job_id: str
    status: str
    flow_id: str
    size: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "paths", metavar="FOLDER", nargs="*", help="by default the jobs' own folder"
    )
    parser.add_argument(
        "--older", type=_age, metavar="AGE", help="that ended so long ago: 30d, 12h"
    )
    parser.add_argument("--keep", type=count, metavar="N", help="all but the newest N")
    parser.add_argument("--larger", type=_size, metavar="SIZE", help="that take more: 1GB, 500MB")
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed")
    parser.add_argument("--json", action="store_true", help="what is removed, an object a line")


def _age(text: str) -> float:
    from routilux_tui.store.retention import parse_age

    return _parsed(parse_age, text)


def _size(text: str) -> float:
    from routilux_tui.store.retention import parse_size

    return _parsed(parse_size, text)


def _parsed(parse: Callable[[str], float], text: str) -> float:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def run(args: argparse.Namespace) -> int:
    """Remove those that every given limit names, if the user is sure."""
    import time

    from routilux_tui.runner.paths import jobs_folder, log_path
    from routilux_tui.store.removal import remove_job

    if args.older is None and args.keep is None and args.larger is None:
        raise UsageError(
            "prune is told which jobs.", "One of: --older 30d, --keep 100, --larger 1GB"
        )
    found = sorted(_ended(args.paths or [str(jobs_folder())]), reverse=True)
    if args.keep is not None:
        found = found[args.keep :]
    if args.older is not None:
        found = [one for one in found if one.at < time.time() - args.older]
    if args.larger is not None:
        found = [one for one in found if one.size > args.larger]
    for one in found:
        line = f"{one.size:>15,}  {one.status:<9}  {one.flow_id}  {one.job_id[:8]}  {one.path}"
        if args.json and args.dry_run:
            print_json(_plain(one))
        elif not args.json:
            print(safe(line), file=sys.stdout if args.dry_run else sys.stderr)
    total = _total(found)
    if args.dry_run or not found:
        print(total, file=sys.stderr)
        return 0
    if not args.yes and not _is_sure(total):
        return 1
    kept: OSError | None = None
    removed = []
    for one in found:
        try:
            remove_job(one.path)
        except OSError as error:  # the others are removed all the same
            kept = kept or error
            continue
        with contextlib.suppress(OSError):
            log_path(one.job_id).unlink()
        removed.append(one)
        if args.json:
            print_json(_plain(one))
    print(f"removed {_total(removed)}", file=sys.stderr)
    if kept is not None:
        raise kept
    return 0


def _total(jobs: list[_Ended]) -> str:
    return f"{counted(len(jobs), 'job')}, {sum(one.size for one in jobs):,} bytes"


def _is_sure(total: str) -> bool:
    print(f"Remove {total}? [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print(file=sys.stderr)
        raise UsageError("prune asks, and nobody answers.", "Without a question: prune -y")
    return answer.strip().lower() in {"y", "yes"}


def _plain(one: _Ended) -> dict[str, object]:
    return {"removed": str(one.path), "job_id": one.job_id, "bytes": one.size}


def _ended(places: list[str]) -> list[_Ended]:
    """The jobs of some folders that have ended, and that nobody runs."""
    from routilux_tui.job import status as statuses
    from routilux_tui.sources.saved_entry import read_entry
    from routilux_tui.sources.scanning import scan
    from routilux_tui.store.files import journal_path
    from routilux_tui.store.locks import is_locked
    from routilux_tui.store.removal import change_files, size_of

    ended = []
    for place in places:
        if not Path(place).is_dir():
            raise UsageError(f"{place}: it is no folder.", "Name a folder of saved jobs.")
        for name, stamp in scan(place, recursive=False).items():
            path, entry = Path(name), read_entry(name)
            if entry.error or not statuses.has_ended(entry.status):
                continue
            if is_locked(path) or journal_path(path).exists():
                continue
            size = size_of([path, *change_files(path)])
            at = stamp[0] / 1e9
            ended.append(_Ended(at, path, entry.job_id, entry.status, entry.flow_id, size))
    return ended
