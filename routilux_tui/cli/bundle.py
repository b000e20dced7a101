"""Pack a job into one archive that can be handed on, with its changes, its log and its flow.

Says what will be in it and asks, unless -y is given. The flow's source goes along where this user
started the job on this machine; what a file from elsewhere names is never packed. `open FILE.zip`,
`show FILE.zip` and their like read it like any job. With --redact, the values of a key are taken
out, wherever they stand; then the archive has the job's file alone, and what --with names, since
its changes, its log and its flow's source tell the same again.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.find_job import SavedJob, readable
from routilux_tui.cli.redacting import add_redact_argument, say_what_may_stay
from routilux_tui.cli.target_file import target_file
from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.store.bundle import JOB, Packed, bundle_files, write_bundle
from routilux_tui.store.job_file import save_job
from routilux_tui.views.formatting import size
from routilux_tui.views.redaction import Redaction
from routilux_tui.views.shapes import JOB as JOB_PARTS

if TYPE_CHECKING:
    import argparse

    from routilux_tui.cli.find_job import Readable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("target", metavar="FILE.zip")
    parser.add_argument(
        "--with", dest="sources", action="append", default=[], metavar="FILE",
        help="a file of the flow that goes along",
    )  # fmt: skip
    parser.add_argument("--no-source", action="store_true", help="leave the flow's source out")
    add_redact_argument(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")


def run(args: argparse.Namespace) -> int:
    """Write the archive, if the user is sure."""
    from routilux_tui.runner.paths import log_path

    job, place = readable(args.job)
    if not place:
        raise NotPossible("The job is kept in no file.", "Start it with: run FLOW --save FILE")
    path = Path(place)
    sources = [Path(one) for one in args.sources]
    if not args.redact and not args.no_source:
        sources += _own_source(job, place, sources)
    missing = next((one for one in sources if not one.is_file()), None)
    if missing is not None:
        raise UsageError(f"{missing} is no file.")
    target = target_file(args.target, place, is_replaced=True)
    files = bundle_files(path, log_path(job.header().job_id), sources)
    with tempfile.TemporaryDirectory() as folder:
        if args.redact:
            clean = Path(folder) / JOB
            redaction = Redaction(args.redact)
            save_job(redaction.job(SavedJob(path).state), clean)
            say_what_may_stay(redaction)
            files = [Packed(JOB, clean), *(one for one in files if one.name.startswith("flow/"))]
        if not args.yes and not _is_sure(files, target):
            return 1
        write_bundle(target, files)
    print(f"{output.safe(str(target))}  {size(target.stat().st_size)}", file=sys.stderr)
    return 0


def _own_source(job: Readable, place: str, named: list[Path]) -> list[Path]:
    """The source of the job's flow, if this user started it here; says why it is left out."""
    from routilux_tui.runner.launch_record import flow_to_resume

    launch = job.item(JOB_PARTS, "launch")
    path = Path(str(launch.get("path") or "")) if isinstance(launch, dict) else Path()
    if path.name in {one.name for one in named}:
        return []
    try:
        flow_to_resume(launch, job.header().job_id, place, any_source=True)
    except NotPossible as error:
        shown = output.safe(error.message)
        print(f"routilux-tui: its flow's source is left out: {shown}", file=sys.stderr)
        return []
    if not path.is_file():
        return []
    if launch.get("sha256") != hashlib.sha256(path.read_bytes()).hexdigest():
        shown = output.safe(str(path))
        print(f"routilux-tui: {shown} has changed since; it is packed as it is", file=sys.stderr)
    return [path]


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
