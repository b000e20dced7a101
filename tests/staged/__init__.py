"""Jobs in which something is wrong, for tests that look for it as an operator would."""

from __future__ import annotations

from pathlib import Path

ORDERS = Path(__file__).parent / "nightly_orders.py"
ETL = Path(__file__).parent / "nightly_etl.py"
LEDGER = Path(__file__).parent / "nightly_ledger.py"
