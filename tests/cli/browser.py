"""A real Chromium without a window, driven through its own protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
from typing import TYPE_CHECKING, Any

import aiohttp
import pyte

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage",
          "--disable-background-networking", "--remote-debugging-port=0",
          "--window-size=1100,640", "--force-device-scale-factor=1")  # fmt: skip


class Page:
    """One tab, what its socket was sent since it was loaded last, and what it asked the network for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._drawn: list[bytes] = []
        self.requested: list[str] = []
        self.errors: list[str] = []
        self.statuses: dict[str, int] = {}
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            event = message.json()
            if "id" in event:
                self._answers.pop(event["id"]).set_result(event)
                continue
            params = event.get("params", {})
            match event["method"]:
                case "Network.webSocketFrameReceived":
                    response = params["response"]
                    if response["opcode"] == 2:
                        self._drawn.append(base64.b64decode(response["payloadData"]))
                case "Network.webSocketCreated":
                    self._drawn.clear()
                    self.requested.append(params["url"])
                case "Network.requestWillBeSent":
                    self.requested.append(params["request"]["url"])
                case "Network.responseReceived":
                    self.statuses[params["response"]["url"]] = params["response"]["status"]
                case "Log.entryAdded":
                    self.errors.append(params["entry"]["text"])
                case "Runtime.exceptionThrown":
                    self.errors.append(str(params["exceptionDetails"]))

    async def do(self, method: str, **params: Any) -> Any:
        number = len(self._answers) + 1 + getattr(self, "_last", 0)
        self._last = number
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        found = await asyncio.wait_for(answer, 60)
        assert "error" not in found, found
        return found["result"]

    async def value(self, script: str) -> Any:
        """What a script in the page comes to."""
        found = await self.do(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        return found["result"].get("value", found["result"].get("description"))

    async def key(self, key: str) -> None:
        """Press Enter, or a key that types itself."""
        pressed = {"key": key, "text": key}
        if key == "Enter":
            pressed = {"key": key, "text": "\r", "windowsVirtualKeyCode": 13}
        await self.do("Input.dispatchKeyEvent", type="keyDown", **pressed)
        await self.do("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screen(self, columns: int = 300, lines: int = 100) -> str:
        """What a terminal shows that was sent the same."""
        screen = pyte.Screen(columns, lines)
        pyte.ByteStream(screen).feed(b"".join(self._drawn))
        return "\n".join(line.rstrip() for line in screen.display).rstrip()

    async def until(self, holds: Callable[[str], object], within: float = 60.0) -> str:
        """Wait until something holds of what is shown; returns that."""
        deadline = asyncio.get_running_loop().time() + within
        while not holds(shown := self.screen()):
            assert asyncio.get_running_loop().time() < deadline, (shown, self.errors)
            await asyncio.sleep(0.05)
        return shown

    def sockets(self) -> int:
        """How many connections to a dashboard were begun."""
        return sum(one.startswith("ws:") for one in self.requested)

    async def picture(self) -> bytes:
        """What is painted, as PNG."""
        found = await self.do("Page.captureScreenshot", format="png")
        return base64.b64decode(found["data"])


@contextlib.asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """A tab of a browser that keeps what it has in a folder."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *_FLAGS, f"--user-data-dir={folder}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        told = folder / "DevToolsActivePort"
        while not told.exists() or "\n" not in told.read_text():
            assert process.returncode is None
            await asyncio.sleep(0.05)
        port = told.read_text().split()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                pages = await answer.json(content_type=None)
            [address] = [one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Page", "Network", "Runtime", "Log"):
                    await page.do(f"{domain}.enable")
                yield page
    finally:
        process.kill()
        await process.wait()
