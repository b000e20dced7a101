"""The program, run as a process: what it prints, and how it ends."""

from __future__ import annotations

import subprocess
import sys


def tui(*words: str, code: int | None = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "routilux_tui", *words],
        capture_output=True,
        text=True,
        timeout=60,
        input=stdin,
    )
    assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "\x1b" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr or "the factory is broken" in done.stderr
    return done
