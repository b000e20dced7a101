"""``python -m routilux_tui``: the same as ``routilux-tui``."""

from __future__ import annotations

import sys

from routilux_tui.cli.main import main

sys.exit(main())
