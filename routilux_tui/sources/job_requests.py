"""Requests about one job to whoever holds it, over a stream that speaks the runner's protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible

if TYPE_CHECKING:
    from collections.abc import Mapping


class JobRequests(ABC):
    """What all requests about a job stand on."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the job is, for people."""

    @property
    @abstractmethod
    def cannot(self) -> Mapping[str, str]:
        """Action -> why it can't be done now."""

    @abstractmethod
    async def _request(self, method: str, **params: Any) -> Any:
        """Ask, and return the answer."""

    def _check_possible(self, action: str, wanted: str) -> None:
        """Refuse an action that can't be done now; ``wanted`` says it: ``asked to pause``."""
        why = self.cannot.get(action)
        if why is not None:
            raise NotPossible(f"It can't be {wanted}: {why}.")
