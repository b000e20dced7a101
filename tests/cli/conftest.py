"""What every test of the commands stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows import write_flows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)
