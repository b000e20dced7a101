"""Pack a job into one archive that can be handed on, with its changes, its log and its flow.

Says what will be in it and asks, unless -y is given. `open FILE.zip`, `show FILE.zip` and their
like read it like any job. With --redact, the values of a key are taken out, wherever they stand;
then the archive has the job's file alone, since its changes and its log tell the same again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.find_job import SavedJob, readable
from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.store.bundle import JOB, Packed, bundle_files, write_bundle
from routilux_tui.views.formatting import size

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("target", metavar="FILE.zip")
    parser.add_argument(
        "--with", dest="sources", action="append", default=[], metavar="FILE",
        help="a file of the flow that goes along",
    )  # fmt: skip
    parser.add_argument(
        "--redact", action="append", default=[], metavar="KEY", help="take its values out"
    )
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")


def run(args: argparse.Namespace) -> int:
    """Write the archive, if the user is sure."""
    from routilux_tui.runner.paths import log_path

    job, place = readable(args.job)
    if not place:
        raise NotPossible("The job is kept in no file.", "Start it with: run FLOW --save FILE")
    path = Path(place)
    sources = [Path(one) for one in args.sources]
    missing = next((one for one in sources if not one.is_file()), None)
    if missing is not None:
        raise UsageError(f"{missing} is no file.")
    target = Path(args.target)
    if target.is_dir():
        raise UsageError(f"{target} is a folder.", "Name the archive that is written.")
    files = bundle_files(path, log_path(job.header().job_id), sources)
    with tempfile.TemporaryDirectory() as folder:
        if args.redact:
            clean = Path(folder) / JOB
            _save_redacted(path, clean, frozenset(args.redact))
            files = [Packed(JOB, clean), *(one for one in files if one.name.startswith("flow/"))]
        if not args.yes and not _is_sure(files, target):
            return 1
        write_bundle(target, files)
    print(f"{output.safe(str(target))}  {size(target.stat().st_size)}", file=sys.stderr)
    return 0


def _is_sure(files: list[Packed], target: Path) -> bool:
    for one in files:
        bytes_there = size(one.path.stat().st_size)
        print(f"  {bytes_there:>6}  {one.name:<28} {output.safe(str(one.path))}", file=sys.stderr)
    what = "over what is there" if target.exists() else ""
    print(f"Write {output.safe(str(target))} {what}".rstrip(), end="", file=sys.stderr)
    print("? [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print(file=sys.stderr)
        raise UsageError("bundle asks, and nobody answers.", "Without a question: bundle -y")
    return answer.strip().lower() in {"y", "yes"}


def _save_redacted(path: Path, target: Path, keys: frozenset[str]) -> None:
    """Save the job of a file without the values of some keys."""
    from routilux_tui.job.jsonable import to_plain
    from routilux_tui.job.model import Job
    from routilux_tui.store.writing import save_job
    from routilux_tui.views.redaction import Redaction

    redaction = Redaction(keys)
    plain = redaction.data(to_plain(SavedJob(path).state.to_plain()))
    save_job(Job.from_plain(redaction.texts_in(plain)), target)
