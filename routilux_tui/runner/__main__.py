"""``python -m routilux_tui.runner``: how `routilux_tui.runner.launch` starts a runner."""

from __future__ import annotations

import sys

from routilux_tui.runner.host import main

sys.exit(main())
