"""Paths, versions, sockets, and what is configured, with where each value came from."""

from __future__ import annotations

import contextlib
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui import __version__
from routilux_tui.cli import output
from routilux_tui.cli.config import effective_settings
from routilux_tui.runner import paths, protocol
from routilux_tui.store.removal import size_of

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    from routilux_tui.flow.executor_spec import PROMISES
    from routilux_tui.runner.discover import sockets

    versions = {"routilux-tui": __version__, "protocol": str(protocol.VERSION),
                "python": platform.python_version()}  # fmt: skip
    for name in ("textual", "watchfiles", "serilux", "msgspec", "common-expression-language"):
        versions[name] = installed(name)
    places = {
        "configuration": str(paths.config_file()),
        "jobs": str(paths.jobs_folder()),
        "logs": str(paths.state_folder() / "logs"),
        "sockets": str(paths.socket_folder()),
        "bundles": str(paths.bundles_folder()),
    }
    settings = effective_settings()
    jobs = paths.jobs_folder()
    space = {
        "jobs": _space(jobs, "*.json"),
        "changes": _space(jobs, "*.journal", "*.changes/*"),
        "logs": _space(paths.state_folder() / "logs", "*"),
        "bundles": _space(paths.bundles_folder(), "**/*"),
    }
    if args.json:
        output.print_json(
            {
                "versions": versions,
                "paths": places,
                "bytes": space,
                "executors": PROMISES,
                "sockets": [str(path) for path in sockets()],
                "settings": {
                    name: {"value": one.value, "from": one.origin} for name, one in settings.items()
                },
            }
        )
        return 0
    lines = [*versions.items(), *places.items()]
    lines += [(f"space of {name}", f"{size:,} bytes") for name, size in space.items()]
    lines += [("socket", str(path)) for path in sockets()]
    lines += [(f"executor {name}", promise) for name, promise in PROMISES.items()]
    for name, one in settings.items():
        value = "automatic" if one.value is None else one.value
        lines.append((name, f"{value}   ({one.origin})"))
    for name, value in lines:
        print(output.safe(f"{name:<28} {value}"))
    return 0


def _space(folder: Path, *patterns: str) -> int:
    """How many bytes some files of a folder take; none where it may not be read."""
    size = 0
    for pattern in patterns:
        with contextlib.suppress(OSError):
            size += size_of(folder.glob(pattern))
    return size


def installed(name: str) -> str:
    """The version of a distribution, from its folder's name.

    Python's own way to ask, `importlib.metadata`, takes as long as all the rest of the command.
    """
    stem = name.replace("-", "_")
    for folder in sys.path:
        for path in Path(folder or ".").glob(f"{stem}-*.dist-info"):
            return path.name.removeprefix(f"{stem}-").removesuffix(".dist-info")
    return "missing"
