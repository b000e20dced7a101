"""Both versions of the library, and a script under observation without a runner around it."""

from __future__ import annotations

import pytest

from tests.conftest import PEERS, peer_of


@pytest.fixture(params=sorted(PEERS))
def python(request: pytest.FixtureRequest) -> str:
    """The Python of an environment with routilux; a test with it runs with each version."""
    return peer_of(request.param)
