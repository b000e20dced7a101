"""A running job's line in the list (its `JobEntry`)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.views.list_line import entry_of_header

if TYPE_CHECKING:
    from routilux_tui.runner.survey import Found
    from routilux_tui.views.shapes import JobEntry


def entry_of(found: Found) -> JobEntry:
    """The line of a job that answers."""
    hello, header = found.hello, found.header
    size = 0
    with contextlib.suppress(OSError):
        size = Path(hello.path).stat().st_size if hello.path else 0
    entry = entry_of_header(
        header, key=str(found.socket), path=hello.path, size=size, badge="live", place="live"
    )
    return msgspec.structs.replace(
        entry,
        progress=header.progress,
        reason=header.reason,
        reminders=header.reminders,
        alerts=header.alerts,
        told=header.told,
    )
