"""Numbers and names on the command line, checked where they are read."""

from __future__ import annotations

import argparse
import math
import shlex

from routilux_tui.errors import NoSuchJob
from routilux_tui.views.naming import LONGEST_NAME

#: The name of the job that was started last.
LAST = "@last"


def count(text: str) -> int:
    """A whole number from 0 up."""
    return _whole(text, 0)


def row_number(text: str) -> int:
    """A row's position, from 0 up; a negative one is counted from the end."""
    return -_whole(text[1:], 1) if text.startswith("-") else _whole(text, 0)


def at_least_one(text: str) -> int:
    """A whole number from 1 up."""
    return _whole(text, 1)


def executor(text: str) -> str:
    """Where handlers run: ``threads``, ``processes``, ``dask://HOST:PORT``, and so on."""
    from routilux_tui.errors import FlowDefinitionError
    from routilux_tui.flow.executor_spec import check_executor

    if not text:  # argparse checks the default, too
        return text
    try:
        check_executor(text)
    except FlowDefinitionError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def add_worker_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how many handlers run at once, and where."""
    parser.add_argument(
        "--workers", type=at_least_one, default=0, metavar="N", help="handlers at once"
    )
    parser.add_argument(
        "--executor", type=executor, default="", metavar="WHERE",
        help="where handlers run: threads, processes[:N], dask://HOST:PORT, dask:local, "
        "or MODULE:FACTORY",
    )  # fmt: skip


def seconds(text: str) -> float:
    """A number of seconds from 0 up; ``inf`` is so many that nobody waits for their end."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number >= 0:  # NaN is not
        raise argparse.ArgumentTypeError(f"{text!r}: it is seconds, from 0 up")
    return min(number, 1e9)


def port(text: str) -> int:
    """A port to listen at; 0 takes any that is free."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: it is a port, from 0 to 65535")
    return int(text)


def address(text: str) -> tuple[str, int]:
    """Where to listen, as HOST:PORT; an IPv6 address stands in brackets."""
    host, _, number = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host:
        raise argparse.ArgumentTypeError(f"{text!r}: it is HOST:PORT, as in 127.0.0.1:9464")
    return host, port(number)


def job_name(text: str) -> str:
    """A name for a job: such that it means nothing else where a job is named."""
    if not text.strip() or len(text) > LONGEST_NAME or "@" in text or "/" in text:
        raise argparse.ArgumentTypeError(
            f"{text!r}: it is a name of at most {LONGEST_NAME} letters, without @ and /"
        )
    return text


def check_named(job: str) -> None:
    """Refuse a name that means no job here.

    Raises:
        NoSuchJob: when it is empty, as a script's variable may be, or that of another machine.
    """
    if not job.strip():
        raise NoSuchJob("JOB is empty.", f"Name a job: its id, its flow, or {LAST}")
    if job.startswith("ssh://"):
        host, _, name = job.removeprefix("ssh://").partition("/")
        raise NoSuchJob(
            f"{job[:100]} is a job of another machine, and this command is for those of this one.",
            f"Say the same there: ssh {shlex.quote(host)} routilux-tui ... "
            f"{shlex.quote(name) if name else 'JOB'}; attach and the list lead to it from here",
        )


def label(text: str) -> tuple[str, str]:
    """A label, as ``team=data``."""
    key, equals, value = text.partition("=")
    if not key.strip() or not equals or max(len(key), len(value)) > LONGEST_NAME:
        raise argparse.ArgumentTypeError(f"{text!r}: it is KEY=VALUE, as in team=data")
    return key, value


def _whole(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not least <= number < 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r}: it is a whole number, from {least} up")
    return number
