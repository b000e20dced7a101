"""What a forked child lets go of: locks, sockets, journals are its parent's, which runs the job.

A child that ``os.fork`` or ``multiprocessing`` makes has a copy of all that its parent holds. Kept,
a file's lock outlives the parent, a socket seems to have somebody behind it, and two processes
write one journal. So whoever holds such a thing says here how a child gives it up.

A child that a C library forks without Python's knowledge runs none of this, and no Python: it
can't write into a journal, but it keeps a file's lock for as long as it lives (a lock goes with
the last copy of its handle, and the system has no way to take one from a child). What runs
another program (``exec``) lets go of all of it, as every handle of ours is closed then.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
import weakref
from typing import NoReturn, Protocol


class Holder(Protocol):
    """Something that only the process which made it may use."""

    #: Held while the process forks, so that the child finds things whole; or None.
    fork_lock: threading.RLock | None

    def release_in_child(self) -> None:
        """Called in the child, before anything else runs there."""


_holders: weakref.WeakSet[Holder] = weakref.WeakSet()
_locked: list[threading.RLock] = []
_withheld: set[signal.Signals] = set()
_masks: dict[int, set[int]] = {}
"""What the threads that fork have blocked otherwise, by their idents."""


def release_in_children(holder: Holder) -> None:
    """Have a holder's `release_in_child` called in every child that is forked from now on."""
    _holders.add(holder)


def keep_for_children(*signals: signal.Signals) -> None:
    """Have signals reach a new child only when it has let go of their handlers.

    Python forgets one that comes in between: ``Process.terminate`` right after ``start`` would
    do nothing. Their handlers here must not raise: they may be called in the middle of a fork.
    """
    _withheld.update(signals)


def blank(handle: int) -> None:
    """Have an open file's number stand for nothing in this process, to be closed in time."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null, handle, inheritable=False)
    os.close(null)


def end_child(error: BaseException | None) -> NoReturn:
    """End a child that has come back from the handler which forked it: the rest is its parent's."""
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        traceback.print_exception(type(error), error, error.__traceback__)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def _before() -> None:
    if _withheld:
        _masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _withheld)
    # always in the same order: two threads may fork at once
    locks = {id(one.fork_lock): one.fork_lock for one in _holders if one.fork_lock is not None}
    for _, lock in sorted(locks.items()):
        lock.acquire()
        _locked.append(lock)


def _after() -> None:
    while _locked:
        _locked.pop().release()
    mask = _masks.pop(threading.get_ident(), None)
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _after_in_child() -> None:
    for holder in list(_holders):
        with contextlib.suppress(Exception):
            holder.release_in_child()
    _after()


os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)
