"""Scripts of the library: their events a second when they are observed, beside the library alone."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.bench_engine import PEER
from tests.bench.place import a_place
from tests.bench.table import Figure

AREA = "scripts"
EMITS = 6_000
ROUNDS = 5
PEERS = {"0.10.0": "ROUTILUX_TUI_PEER_0_10", "0.11.0": "ROUTILUX_TUI_PEER"}
MOST = 15.0
"""Percent of its events a second that a script may lose."""


def rate(words: list[str]) -> float:
    """Emits per second that a run of the script tells."""
    run = subprocess.run(words, capture_output=True, text=True, check=True, timeout=600)
    found: float = json.loads(run.stdout)["rate"]
    return found


def measure() -> list[Figure]:
    """All figures of scripts: with handlers that do nothing, the worst case."""
    figures = []
    with a_place() as (folder, _):
        script = folder / "script.py"
        script.write_text("import routilux\n" + PEER)
        for version, variable in PEERS.items():
            python = os.environ.get(variable, "")
            if not Path(python).is_file():
                print(f"NO PEER: set {variable}, or run make bench", file=sys.stderr)
                continue
            alone_words = [python, str(script), str(EMITS)]
            ours_words = [sys.executable, "-m", "routilux_tui", "run", "--no-tui"]
            ours_words += ["--python", python, str(script), str(EMITS)]
            alone, ours = [], []
            for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine hits both
                alone.append(rate(alone_words))
                ours.append(rate(ours_words))
            before, after = statistics.median(alone), statistics.median(ours)
            lost = 100 * (1 - after / before)
            bound = f"<= {MOST:g}"
            figures += [
                Figure(AREA, f"events/s, routilux {version} alone", before, "1/s", "", None),
                Figure(AREA, "observed and kept", after, "1/s", "", None),
                Figure(AREA, "less, of the events/s", lost, "%", bound, lost <= MOST),
            ]
    return figures
