"""A little memory that is kept back, so that what a job did is recorded though none is left."""

from __future__ import annotations

import contextlib
import mmap
from typing import TYPE_CHECKING, Any

from routilux_tui.job.change_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZE = 4 << 20


class SpareMemory:
    """Address space that nothing is written to: it costs nothing until it is given free."""

    def __init__(self) -> None:
        self._held: mmap.mmap | None = None
        #: Whether it was given free, and could not be had again yet.
        self.is_low = False

    def hold(self) -> bool:
        """Keep it back; False where there is no memory for that."""
        if self._held is None:
            with contextlib.suppress(OSError, MemoryError):
                self._held = mmap.mmap(-1, _SIZE)
                self.is_low = False
        return self._held is not None

    def use(self) -> bool:
        """Give it free, for what must not fail; False where that was done before."""
        held, self._held = self._held, None
        if held is None:
            return False
        self.is_low = True
        held.close()
        return True


#: That of this process.
SPARE = SpareMemory()


def carry_out_again(fold: Callable[..., None], job: Any, kind: str, args: tuple[Any, ...]) -> None:
    """Carry out a change for which there was no memory, if it must be; called where that raised.

    Raises:
        MemoryError: when it need not be, or there is still none.
    """
    if not KINDS[kind].repeatable or not SPARE.use():
        raise  # noqa: PLE0704 - the error that is being handled
    fold(job, *args)
