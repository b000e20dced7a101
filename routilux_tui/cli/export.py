"""Write a job's runs and emits for another program, from its changes.

--perfetto writes Chrome trace events, which ui.perfetto.dev and chrome://tracing show: a slice for
each run of a handler, an arrow for each emit. FILE may be - for stdout, and end in .gz.

--otlp sends a span for each run to a collector of OpenTelemetry at URL, as http://localhost:4318: a
trace each, linked to the run that emitted its input, or with --one-trace all in one. No data is in
them. OTEL_EXPORTER_OTLP_HEADERS is minded. It needs an extra: pip install 'routilux-tui[otel]'
"""

from __future__ import annotations

import contextlib
import gzip
import sys
from typing import IO, TYPE_CHECKING, Any

from routilux_tui.cli import output
from routilux_tui.cli.find_job import readable
from routilux_tui.cli.target_file import target_file
from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.store.changes_reading import all_changes
from routilux_tui.views.chrome_trace import chrome_trace
from routilux_tui.views.formatting import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from routilux_tui.cli.find_job import Readable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--perfetto", metavar="FILE", help="where the trace is written")
    where.add_argument("--otlp", metavar="URL", help="the collector that spans are sent to")
    parser.add_argument("--one-trace", action="store_true", help="all spans in one trace")


def run(args: argparse.Namespace) -> int:
    """Write the trace, or send it."""
    job, place = readable(args.job)
    if not place:
        raise NotPossible("The job is kept in no file.", "Start it with: run FLOW --save FILE")
    if args.otlp:
        return _send(args.otlp, job, place, one_trace=args.one_trace)
    events = chrome_trace(job.header().flow_id, all_changes(place))
    if args.perfetto == "-":
        write_events(sys.stdout.buffer, events)
        return 0
    target = target_file(args.perfetto, place)
    with _opened(target) as file:
        written = write_events(file, events)
    print(f"{output.safe(str(target))}  {counted(written, 'event')}", file=sys.stderr)
    return 0


def _send(url: str, job: Readable, place: str, *, one_trace: bool) -> int:
    """Send the job's spans to a collector."""
    from routilux_tui.cli.otlp import send_spans
    from routilux_tui.views.spans import spans

    header = job.header()
    found = spans(all_changes(place))
    sent = send_spans(url, header.flow_id, header.job_id, found, one_trace=one_trace)
    print(f"{output.safe(url)}  {counted(sent, 'span')}", file=sys.stderr)
    return 0


def write_events(file: IO[bytes], events: Iterable[dict[str, Any]]) -> int:
    """Write trace events, an event a line; returns how many."""
    written = 0
    for written, event in enumerate(events, 1):
        file.write(b'{"displayTimeUnit":"ms","traceEvents":[\n' if written == 1 else b",\n")
        file.write(output.json_line(event).encode())
    file.write(b"\n]}\n" if written else b'{"traceEvents":[]}\n')
    return written


@contextlib.contextmanager
def _opened(target: Path) -> Iterator[IO[bytes]]:
    try:
        with target.open("wb") as file:
            if target.suffix == ".gz":
                with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6) as packed:
                    yield packed  # type: ignore[misc] # a GzipFile is written like any file
            else:
                yield file
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror or error}.") from error
