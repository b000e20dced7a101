"""Tell Prometheus of all jobs of this machine: one exporter, and nothing in the jobs.

--listen answers GET /metrics; --textfile writes what it would answer to a file, for the textfile
collector of node_exporter, every --every seconds, or once. Labels are flow, routine, outcome and
status: never an id, a name or data. Counters are of all jobs since the exporter began, and of those
that ran then; jobs do nothing for it while nobody asks.

It needs an extra: pip install 'routilux-tui[metrics]'
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from routilux_tui.cli.arguments import address, seconds
from routilux_tui.cli.extras import imported
from routilux_tui.errors import Unreachable, UsageError

if TYPE_CHECKING:
    import argparse

_ADDRESS = ("127.0.0.1", 9464)
_INTERVAL = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--listen",
        type=address,
        default=_ADDRESS,
        metavar="HOST:PORT",
        help="127.0.0.1:9464",
    )
    where.add_argument("--textfile", metavar="FILE", help="write them to a file instead")
    parser.add_argument(
        "--every",
        type=seconds,
        default=_INTERVAL,
        metavar="S",
        help="how often FILE is written: 15",
    )
    parser.add_argument("--once", action="store_true", help="write FILE once, and end")


def run(args: argparse.Namespace) -> int:
    """Serve or write metrics until it is interrupted."""
    if args.once and not args.textfile:
        raise UsageError("--once goes with --textfile FILE.")
    prometheus = imported("prometheus_client", "metrics")
    from routilux_tui.cli.prometheus import PATH, Exporter, JobsCollector

    registry = JobsCollector().registry()
    if not args.textfile:
        host, port = args.listen
        try:
            exporter = Exporter((host, port), registry)
        except OSError as error:
            raise Unreachable(
                f"{host}:{port}: {error.strerror or error}.", "Say another: --listen 127.0.0.1:0"
            ) from error
        shown = f"[{host}]" if ":" in host else host
        print(f"http://{shown}:{exporter.server_port}{PATH}", file=sys.stderr, flush=True)
        exporter.serve_forever()
    while True:
        try:
            prometheus.write_to_textfile(args.textfile, registry)
        except OSError as error:
            raise UsageError(f"{args.textfile}: {error.strerror or error}.") from error
        if args.once:
            return 0
        time.sleep(max(1.0, args.every))
