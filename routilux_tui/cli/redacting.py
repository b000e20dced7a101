"""--redact KEY of what is handed on: asked for, and what it can't take out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from routilux_tui.views.redaction import SHORTEST

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.redaction import Redaction


def add_redact_argument(parser: argparse.ArgumentParser) -> None:
    """Add --redact, which may be given more than once."""
    parser.add_argument(
        "--redact", action="append", default=[], metavar="KEY", help="take its values out"
    )


def say_what_may_stay(redaction: Redaction) -> None:
    """Say of values that are too short to be looked for in texts that they may stand there."""
    if redaction.has_short:
        print(
            f"Some values have fewer than {SHORTEST} characters: they are taken out where they "
            "stand under their key, and not of texts.",
            file=sys.stderr,
        )
