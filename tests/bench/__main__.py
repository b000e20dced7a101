"""``python -m tests.bench [AREA...]``: measure, and print one table."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tests.bench.table import Figure, print_table


def main(areas: list[str]) -> int:
    """Run the benchmarks of these areas, or all; returns 1 when one of them crashed."""
    found = sorted(
        path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")
    )
    figures: list[Figure] = []
    crashed = False
    for area in areas or found:
        print(f"measuring: {area} …", file=sys.stderr, flush=True)
        try:
            figures.extend(importlib.import_module(f"tests.bench.bench_{area}").measure())
        except Exception as error:  # the others are worth having
            print(f"{area}: {type(error).__name__}: {error}", file=sys.stderr)
            crashed = True
    print_table(figures)
    return int(crashed)


sys.exit(main(sys.argv[1:]))
