"""The past of a job wherever it is: that of a far machine is read there; what is shown travels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.errors import NotPossible
from routilux_tui.runner import protocol
from routilux_tui.sources.base import ACTIONS
from routilux_tui.sources.live import LiveHandle
from routilux_tui.sources.past_handle import WHY_NOT, PastHandle
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.views.critical_path import CriticalPath
from routilux_tui.views.replay_shapes import Point, Seek
from routilux_tui.views.shapes import Frame
from routilux_tui.views.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routilux_tui.sources.base import Handle
    from routilux_tui.sources.connection import OpenStream

PATIENCE = 60.0
"""Seconds to wait for a moment that is searched for on a far machine."""


class FarPastHandle(LiveHandle):
    """A job of another machine in its past, read there.

    Args:
        open_stream: makes a new connection to whoever reads it there.
        place: where it is, for people.
    """

    def __init__(self, open_stream: OpenStream, place: str) -> None:
        super().__init__(open_stream, place, read_only=True)
        self._point: Point | None = None

    @property
    def cannot(self) -> Mapping[str, str]:
        """Nothing can be done in the past."""
        return dict.fromkeys(ACTIONS, WHY_NOT)

    @property
    def is_gone(self) -> bool:
        """What it says of itself was true then."""
        return False

    async def _connect(self) -> None:
        """A link that is made anew leads to a reader that stands elsewhere."""
        await super()._connect()
        if self._point is not None:
            await self.seek(Seek(to=str(self._point.seq)))

    async def seek(self, seek: Seek) -> Point:
        """Go to a moment; see `PastHandle.seek`."""
        answer = await self._request("seek", patience=PATIENCE, seek=msgspec.to_builtins(seek))
        self._point, frame = protocol.understood(self._place, answer, tuple[Point, Frame])
        self._routines.clear()
        self._apply(frame)
        return self._point

    async def stop(self) -> None:
        """End a search that is under way where it is."""
        await self._request("stop")

    async def detail(
        self, begin: float, end: float, columns: int, *, fold: bool, expanded: Sequence[str]
    ) -> Timeline:
        """A stretch of time drawn from the changes themselves; see `Replay.detail`."""
        answer = await self._request(
            "detail",
            patience=PATIENCE,
            begin=begin,
            end=end,
            columns=columns,
            fold=fold,
            expanded=list(expanded),
        )
        return protocol.understood(self._place, answer, Timeline)

    async def chain(self, record: int | None = None) -> CriticalPath:
        """What led to a record, or what the job's end waited for; see `Replay.chain`."""
        answer = await self._request("chain", patience=PATIENCE, record=record)
        return protocol.understood(self._place, answer, CriticalPath)

    async def marks(self, columns: int) -> list[str]:
        """What matters of all of the job, on so many columns."""
        answer = await self._request("marks", columns=columns)
        return protocol.understood(self._place, answer, list[str])


def past_of(handle: Handle) -> PastHandle | FarPastHandle:
    """The past of a job, not yet open.

    Raises:
        NotPossible: when nobody says where its file is.
    """
    if isinstance(handle, SavedHandle):
        return PastHandle(handle.path)
    path = handle.hello.path if isinstance(handle, LiveHandle) else ""
    if isinstance(handle, LiveHandle) and path:
        if handle.open_past is None:
            return PastHandle(Path(path))
        return FarPastHandle(handle.open_past(path), handle.place)
    raise NotPossible("Nothing tells how this job was before: it is kept in no file.")
