"""Both versions of the library, and a script under observation without a runner around it."""

from __future__ import annotations

import pytest

from tests.conftest import PEERS, peer_of


@pytest.fixture(params=sorted(PEERS))
def python(request: pytest.FixtureRequest) -> str:
    """The Python of an environment with routilux; a test with it runs with each version."""
    return peer_of(request.param)


@pytest.fixture
def python_0_11() -> str:
    """The Python of the environment with routilux 0.11.0."""
    return peer_of("0.11.0")
