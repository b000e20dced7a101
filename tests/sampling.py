"""How many of all the places at which something may be cut or killed a test goes through.

All of them take minutes: a test takes some, spread over the whole. With ``ROUTILUX_TUI_EVERY=1``
(``make every``) it takes each.
"""

from __future__ import annotations

import os

#: Asked before a test begins: each has an environment of its own.
_IS_EACH_WANTED = bool(os.environ.get("ROUTILUX_TUI_EVERY"))


def every(sampled: int) -> int:
    """The step from one place to the next: ``sampled``, or 1 where each is wanted."""
    return 1 if _IS_EACH_WANTED else sampled
