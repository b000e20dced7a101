"""A sentence of the answer to why a job is as it is."""

from __future__ import annotations

from typing import Any

import msgspec

BAD, LOOK, GOOD = "bad", "look", "good"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence of the answer.

    ``code`` is for programs and stays; ``text`` is the sentence, ``short`` what a column of some
    twenty cells has room for; ``key`` leads on in the dashboard, ``command`` without it;
    ``weight`` is `BAD`, `LOOK` or `GOOD`; ``figures`` are the numbers in it, times in seconds.
    """

    code: str
    text: str
    short: str
    weight: str = LOOK
    key: str = ""
    command: str = ""
    figures: dict[str, Any] = {}


def make_reason(
    code: str,
    text: str,
    short: str,
    weight: str = LOOK,
    *,
    key: str = "",
    command: str = "",
    **figures: Any,
) -> Reason:
    """A sentence; see `Reason`."""
    return Reason(
        code=code, text=text, short=short, weight=weight, key=key, command=command, figures=figures
    )


def be(number: int) -> str:
    """The verb beside a number of things."""
    return "is" if number == 1 else "are"


def verb(number: int, does: str) -> str:
    """Any other verb beside it."""
    return f"{does}s" if number == 1 else does
