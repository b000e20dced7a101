"""The server that shows the dashboard to browsers: a page, and a socket for each of its tabs."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import weakref
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, web

from routilux_tui.tui.web.guard import Guard
from routilux_tui.tui.web.page import HEADERS, PAGE, SCRIPT, STYLE
from routilux_tui.tui.web.session import Session, cells

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Handler = Callable[[Any], Awaitable[Any]]

#: What of textual-serve the page needs, by the name that it has there.
_FOREIGN = {
    "textual.js": ("js/textual.js", "text/javascript"),
    "xterm.css": ("css/xterm.css", "text/css"),
    "mono.ttf": ("fonts/RobotoMono-VariableFont_wght.ttf", "font/ttf"),
}
_LARGEST_MESSAGE = 1 << 20
_HEARTBEAT = 15.0
"""Seconds after which a tab that says nothing is asked whether it is still there."""


class WebServer:
    """Serves dashboards.

    Args:
        command: the program that is a tab's dashboard, and its arguments.
        host: where to listen.
        port: as that; 0 takes any that is free.
        most: tabs at once.
    """

    def __init__(self, command: Sequence[str], host: str, port: int, most: int) -> None:
        self._command = command
        self._host, self._port = host, port
        self._most = most
        self._tabs: set[Session] = set()
        self._sockets: weakref.WeakSet[Any] = weakref.WeakSet()
        self.guard = Guard(host)

    async def serve(self, ready: Callable[[int], None]) -> None:
        """Serve until a signal ends it.

        Args:
            ready: called with the port when it listens.

        Raises:
            OSError: when it can't listen there.
        """
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stopping.set)
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=5.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port)
            await site.start()
            ready(runner.addresses[0][1])
            await stopping.wait()
        finally:
            for socket in list(self._sockets):
                await socket.close(code=WSCloseCode.GOING_AWAY)
            await runner.cleanup()

    def _application(self) -> Any:
        application = web.Application(middlewares=[web.middleware(partial(self._guarded))])
        application.router.add_get("/", self._page)
        application.router.add_get("/socket", self._socket)
        for name, (text, kind) in {
            "page.js": (SCRIPT, "text/javascript"),
            "page.css": (STYLE, "text/css"),
        }.items():
            application.router.add_get(f"/{name}", _giving(text.encode(), kind))
        for name, (path, kind) in _FOREIGN.items():
            content = resources.files("textual_serve").joinpath("static", *path.split("/"))
            application.router.add_get(f"/{name}", _giving(content.read_bytes(), kind))
        return application

    async def _guarded(self, request: Any, handler: Handler) -> Any:
        """Refuse whoever is not to be let in, before anything else is looked at."""
        cookie = request.cookies.get(self.guard.cookie_name, "")
        if request.path == "/" and "token" in request.query:
            cookie = request.query["token"]
        by_page = request.path == "/socket"
        why = self.guard.refusal(request.headers, cookie, by_page=by_page)
        try:
            response = web.Response(status=403, text=f"{why}\n") if why else await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=f"{error.reason}\n")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _page(self, request: Any) -> Any:
        """The page; whoever comes with the token is given the cookie first, and loses the token."""
        if "token" not in request.query:
            return web.Response(text=PAGE, content_type="text/html")
        response = web.Response(status=303, headers={"Location": "./"})
        response.set_cookie(
            self.guard.cookie_name, self.guard.cookie, httponly=True, samesite="Strict", path="/"
        )
        return response

    async def _socket(self, request: Any) -> Any:
        """A tab: its dashboard runs as long as its socket is open."""
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_LARGEST_MESSAGE)
        if not socket.can_prepare(request):
            return web.Response(status=400, text="This is for the page's own socket.\n")
        await socket.prepare(request)
        if not await self._has_place():
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too many tabs")
            return socket
        tab = Session(self._command, socket)
        self._tabs.add(tab)
        self._sockets.add(socket)
        try:
            width, height = 80, 24
            with contextlib.suppress(ValueError, KeyError):
                width, height = cells(request.query["width"]), cells(request.query["height"])
            await tab.serve(width, height)
        finally:
            self._tabs.discard(tab)
            tab.ended.set()
            await socket.close()
        return socket

    async def _has_place(self) -> bool:
        """Whether one more tab may be open.

        A tab that is loaded anew comes back before its former dashboard has ended: that is waited
        for.
        """
        while len(self._tabs) >= self._most:
            ending = [one for one in self._tabs if one.is_ending]
            if not ending:
                return False
            await ending[0].ended.wait()
        return True


def _giving(content: bytes, kind: str) -> Handler:
    async def give(_request: Any) -> Any:
        return web.Response(body=content, content_type=kind)

    return give
