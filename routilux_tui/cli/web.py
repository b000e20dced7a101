"""Show the dashboard in a browser, on this machine alone.

It prints an address with a token in it: whoever opens that is let in, and nobody else, no page
that the browser has open either. Without a PATH it is the list of jobs; PATHs are saved jobs, as
for open. Nothing can be steered from there unless --allow-control is given. From another machine:
ssh -L 8642:localhost:8642 HOST, then open the address that is printed there. A tab that is closed
ends its dashboard, and no job.

It needs an extra: pip install 'routilux-tui[web]'
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from routilux_tui.cli.arguments import address, at_least_one, port
from routilux_tui.cli.browse import add_host_arguments
from routilux_tui.cli.config import add_screen_arguments, effective_settings
from routilux_tui.cli.extras import imported
from routilux_tui.errors import Unreachable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_PORT = 8642
_TABS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_shown_arguments(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--port", type=port, default=_PORT, help=f"of 127.0.0.1; {_PORT}")
    where.add_argument(
        "--listen", type=address, metavar="HOST:PORT", help="elsewhere than on this machine alone"
    )
    parser.add_argument("--allow-control", action="store_true", help="let jobs be steered")
    parser.add_argument(
        "--tabs", type=at_least_one, default=_TABS, metavar="N", help=f"tabs at once: {_TABS}"
    )


def add_shown_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which jobs are shown, and how."""
    parser.add_argument("paths", metavar="PATH", nargs="*")
    parser.add_argument("-r", "--recursive", action="store_true", help="with subfolders")
    add_host_arguments(parser)
    add_screen_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until it is interrupted."""
    import asyncio

    effective_settings(args)  # what is wrong with them is said here, and not in a tab
    imported("textual_serve", "web")
    imported("aiohttp", "web")
    from routilux_tui.runner.interpreter import python_of
    from routilux_tui.tui.web.server import WebServer

    host, number = args.listen or ("127.0.0.1", args.port)
    command = python_of("routilux_tui.cli.tab", *_tab_arguments(args))
    server = WebServer(command, host, number, args.tabs)

    def ready(at: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        print(f"http://{shown}:{at}/?token={server.guard.token}", flush=True)
        if args.listen:
            print("What is shown goes over the network as it is.", file=sys.stderr, flush=True)

    try:
        asyncio.run(server.serve(ready))
    except OSError as error:
        raise Unreachable(
            f"{host}:{number}: {error.strerror or error}.", "Say another: --port 0 takes any."
        ) from error
    return 0


def _tab_arguments(args: argparse.Namespace) -> Iterator[str]:
    """The arguments of a tab's dashboard."""
    if not args.allow_control:
        yield "--stay-read-only"
    for name in ("recursive", "poll", "ascii", "read_only"):
        if getattr(args, name):
            yield f"--{name.replace('_', '-')}"
    if args.mouse is False:
        yield "--no-mouse"
    for name in ("theme", "fps", "remote_command"):
        if getattr(args, name) is not None:
            yield f"--{name.replace('_', '-')}={getattr(args, name)}"
    for host in args.hosts or []:
        yield f"--host={host}"
    yield from ("--", *args.paths)
