"""Who is let in: whoever has the token, from this server's own page, by a name that is ours."""

from __future__ import annotations

import ipaddress
import secrets
from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


class Guard:
    """The token of one server, and the cookie that is given for it.

    Args:
        host: where the server listens; a name in it may stand in addresses.
    """

    def __init__(self, host: str) -> None:
        self._host = host.lower()
        self.token = secrets.token_urlsafe(32)
        self.cookie = secrets.token_urlsafe(32)
        #: Cookies are told apart by host alone, not by port: each server has a name of its own.
        self.cookie_name = f"routilux-tui-{secrets.token_hex(4)}"

    def is_token(self, text: str) -> bool:
        """Whether a text is the token."""
        return compare_digest(text.encode("utf-8", "replace"), self.token.encode())

    def refusal(self, headers: Mapping[str, str], cookie: str, *, by_page: bool) -> str:
        """Why a request is refused; empty where it is not.

        Args:
            headers: its headers.
            cookie: what it has under our cookie's name; the token where that was given instead.
            by_page: whether only our own page asks this, so that it must say so.
        """
        host = headers.get("Host", "")
        if not self._is_ours(host):
            return "This server is not called so: use the address that it printed."
        origin = headers.get("Origin")
        if (by_page or origin is not None) and not _is_same(origin or "", host):
            return "Another page asks this."
        given = cookie.encode("utf-8", "replace")
        if not (compare_digest(given, self.cookie.encode()) or self.is_token(cookie)):
            return "Open the whole address that the server printed, with its token."
        return ""

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names this server, by a name that nobody else can point to it."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
            if name in {"localhost", self._host}:
                return bool(name)
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _is_same(origin: str, host: str) -> bool:
    """Whether an origin is the page of this very host and port, whichever way it was tunnelled."""
    scheme, separator, rest = origin.partition("://")
    return scheme in {"http", "https"} and bool(separator) and rest.lower() == host.lower()
