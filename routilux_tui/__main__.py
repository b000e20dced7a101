"""The program's beginning: ``routilux-tui``, and ``python -m routilux_tui``."""

from __future__ import annotations

import signal
import sys

_MAY_INTERRUPT = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _MAY_INTERRUPT:  # Ctrl-C while all else is imported ends it, without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> int:
    """Run the command of the command line; returns its exit code."""
    try:
        from routilux_tui.cli.main import main as run

        if _MAY_INTERRUPT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
