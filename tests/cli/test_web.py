"""``routilux-tui web``: the dashboard in a real browser, and what everybody else gets: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from routilux_tui.cli.main import parser_of
from routilux_tui.errors import UsageError
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.tui.web.guard import Guard
from tests.cli.browser import CHROMIUM, browser
from tests.cli.program import tui
from tests.processes import is_gone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


HISTORY = re.compile(r"History ([\d,]+)")
ATTACK = """new Promise(done => {
    const socket = new WebSocket("ws://127.0.0.1:%d/socket");
    socket.onopen = () => done("open"); socket.onerror = () => done("refused");
})"""


class Server:
    """A server that runs, and the address that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.address = address
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{43})", address)
        assert found is not None
        self.port, self.token = int(found[1]), found[2]

    @property
    def tabs(self) -> list[int]:
        """The processes of the dashboards that it has started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split() if not is_gone(int(pid))]


@contextlib.asynccontextmanager
async def serving(*words: str) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "routilux_tui", "web", "--port", "0", *words,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield Server(process, (await process.stdout.readline()).decode().strip())
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) in {0, -signal.SIGKILL}


def records(shown: str) -> int:
    """How many records the screen of a job says that there are."""
    found = HISTORY.search(shown)
    return int(found[1].replace(",", "")) if found else 0


def visitor() -> aiohttp.ClientSession:
    """Keeps cookies, of addresses without a name, too."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def until(holds: Any) -> None:
    deadline = asyncio.get_running_loop().time() + 60
    while not holds():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
async def test_a_browser_shows_a_live_job_and_a_foreign_page_gets_nothing(
    flows: str, world: Path
) -> None:
    job = start_job(f"{flows}:counting", {"n": 100_000, "pace": 0.02})
    async with serving("--allow-control") as server, browser(world / "chromium") as page:
        await page.do("Page.navigate", url=server.address)
        await page.until(lambda shown: "counting" in shown and job.job_id[:8] in shown)
        assert await page.value("location.href") == f"http://127.0.0.1:{server.port}/"
        assert await page.value("document.cookie") == ""  # no script may read it
        await page.key("Enter")
        shown = await page.until(lambda shown: "source" in shown and HISTORY.search(shown))
        before = records(shown)
        await page.until(lambda shown: records(shown) > before)
        [first] = server.tabs
        sockets = page.sockets()
        await page.do("Page.reload")
        await until(lambda: page.sockets() > sockets)  # what is shown is the new one's
        await page.until(lambda shown: job.job_id[:8] in shown)
        await until(lambda: is_gone(first))
        assert len(server.tabs) == 1
        await page.key("p")
        await page.until(lambda shown: "A reason" in shown)
        await page.key("Enter")
        with Client(job.socket) as client:
            await asyncio.to_thread(client.wait_for_status, {"paused"}, 60.0)
        hosts = {re.sub(r"^\w+://([^/]*)/.*", r"\1", one) for one in page.requested}
        assert {one for one in hosts if not one.startswith("data:")} == {f"127.0.0.1:{server.port}"}
        assert not page.errors
        # A page of the same host at another port: the cookie goes along, the origin is another.
        [mine] = server.tabs
        foreign = await asyncio.start_server(_answer_page, "127.0.0.1", 0)
        await page.do(
            "Page.navigate", url=f"http://127.0.0.1:{foreign.sockets[0].getsockname()[1]}/"
        )
        await until(lambda: is_gone(mine))
        assert await page.value(ATTACK % server.port) == "refused"
        assert server.tabs == []
        foreign.close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
async def test_a_tab_is_loaded_anew_where_no_more_may_be_open(flows: str, world: Path) -> None:
    job = start_job(f"{flows}:stuck", {"seconds": 600})
    async with serving("--tabs", "1") as server, browser(world / "chromium") as page:
        await page.do("Page.navigate", url=server.address)
        await page.until(lambda shown: job.job_id[:8] in shown)
        for sockets in range(1, 4):
            [former] = server.tabs
            await page.do("Page.reload")
            await until(lambda so_far=sockets: page.sockets() > so_far)
            await page.until(lambda shown: job.job_id[:8] in shown)
            assert is_gone(former)
            assert len(server.tabs) == 1


async def _answer_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:  # a browser connects beforehand, and asks nothing
        writer.close()
        return
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi")
    await writer.drain()
    writer.close()


async def test_only_who_has_the_token_and_names_this_host_is_let_in() -> None:
    async with serving("--tabs", "1") as server, aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{server.port}"

        async def status(path: str, **headers: str) -> int:
            async with session.get(base + path, headers=headers, allow_redirects=False) as answer:
                return answer.status

        async def socket(**headers: str) -> int:
            try:
                async with session.ws_connect(f"{base}/socket", headers=headers):
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status

        for path in (
            "/",
            "/textual.js",
            "/page.js",
            "/socket",
            "/static/",
            "/?token=",
            "/?token=é",
        ):
            assert await status(path) == 403, path
        assert await status(f"/socket?token={server.token}", Origin=base) == 403
        assert await status(f"/?token={server.token}", Host="evil.example") == 403
        assert await status(f"/?token={server.token}", Origin="https://evil.example") == 403
        async with session.get(server.address, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "./")
            [cookie] = answer.cookies.values()
            assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
            assert server.token not in cookie.value
        given = {"Cookie": f"{cookie.key}={cookie.value}"}
        assert await status("/", **given) == 200
        assert await status("/", Host="evil.example", **given) == 403
        assert await status("/nothing", **given) == 404
        assert await status("/socket", Origin=base, **given) == 400
        assert await socket(**given) == 403  # no origin: no page of ours
        assert await socket(Origin="https://evil.example", **given) == 403
        assert await socket(Origin="null", **given) == 403
        assert await socket(Origin=f"http://127.0.0.1:{server.port + 1}", **given) == 403
        assert await socket(Origin=base, Host="evil.example", **given) == 403
        assert server.tabs == []
        # as `ssh -L 7000:localhost:8642` has it
        tunnelled = {"Host": "localhost:7000", "Origin": "http://localhost:7000", **given}
        async with session.ws_connect(f"{base}/socket", headers=tunnelled) as first:
            assert (await first.receive()).type == aiohttp.WSMsgType.BINARY
            [tab] = server.tabs
            async with session.ws_connect(f"{base}/socket", headers=tunnelled) as second:
                assert (await second.receive()).type == aiohttp.WSMsgType.CLOSE  # one at once
            await first.send_str('["resize", {"width": "x"}]')
            while (await first.receive()).type == aiohttp.WSMsgType.BINARY:
                pass  # it talked nonsense, and is dropped
        await until(lambda: is_gone(tab))


async def test_nothing_can_be_steered_unless_it_is_allowed(flows: str) -> None:
    job = start_job(f"{flows}:stuck", {"seconds": 600})
    async with serving() as server, visitor() as session:
        base = f"http://127.0.0.1:{server.port}"
        async with session.get(server.address):
            pass
        async with session.ws_connect(f"{base}/socket", headers={"Origin": base}) as socket:
            drawn = b""

            async def press(keys: str, until: bytes) -> None:
                nonlocal drawn
                await socket.send_json(["stdin", keys])
                while until not in drawn:
                    drawn += (await asyncio.wait_for(socket.receive(), 60)).data
                drawn = b""

            while b"stuck" not in drawn:
                drawn += (await asyncio.wait_for(socket.receive(), 60)).data
            await press("\x0f", b"No control")  # ctrl+o, which lets controls be asked for elsewhere
            await press("p", b"pause: this")
            await press("\r", b"read-only")
    with Client(job.socket) as client:
        assert client.header().status == "running"


async def test_a_tabs_dashboard_ends_with_the_server_that_was_killed(flows: str) -> None:
    start_job(f"{flows}:stuck", {"seconds": 600})
    async with serving() as server, visitor() as session:
        base = f"http://127.0.0.1:{server.port}"
        async with session.get(server.address):
            pass
        async with session.ws_connect(f"{base}/socket", headers={"Origin": base}) as socket:
            assert (await socket.receive()).type == aiohttp.WSMsgType.BINARY
            [tab] = server.tabs
            server.process.kill()
            await server.process.wait()
            await until(lambda: is_gone(tab))


def test_names_that_a_foreign_server_could_point_here_are_refused() -> None:
    guard = Guard("build1.lan")
    told = guard.token
    for host in ("127.0.0.1:8642", "localhost", "[::1]:80", "10.0.0.7:8642", "Build1.LAN:8642"):
        assert not guard.refusal({"Host": host}, told, by_page=False), host
    for host in ("", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8642", "["):
        assert guard.refusal({"Host": host}, told, by_page=False), host
    assert guard.refusal({"Host": "localhost"}, "", by_page=False)
    assert guard.refusal({"Host": "localhost"}, told[:-1], by_page=False)


def test_a_wrong_call_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tui("web", "--port", "65536", code=2)
    tui("web", "--listen", "nonsense", code=2)
    tui("web", "--fps", "1000", code=2)
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    module, parser = parser_of("web")
    with pytest.raises(UsageError, match="textual_serve is not installed") as raised:
        module.run(parser.parse_args([]))
    assert raised.value.hint == "Say: pip install 'routilux-tui[web]'"
