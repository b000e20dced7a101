"""A handle, served over a stream as a runner serves its job: how a far file is looked at."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui import __version__
from routilux_tui.errors import NotPossible, ReadOnly, RoutiluxTuiError
from routilux_tui.runner import protocol
from routilux_tui.sources.past_handle import PastHandle
from routilux_tui.views.choosing import selection_of
from routilux_tui.views.editing import edited_of
from routilux_tui.views.replay_shapes import Point, Seek
from routilux_tui.views.shapes import SECTIONS, Frame

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from routilux_tui.sources.saved_handle import SavedHandle
    from routilux_tui.views.choosing import Sent
    from routilux_tui.views.critical_path import CriticalPath
    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.insight import FailingInput, Insight
    from routilux_tui.views.shapes import Header
    from routilux_tui.views.timeline import Timeline


class Relay:
    """Answers one viewer's requests from a handle.

    Args:
        handle: the job, open.
        reader: where the requests come from.
        writer: where the answers go.
    """

    def __init__(
        self, handle: SavedHandle, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._handle = handle
        self._reader = reader
        self._writer = writer
        self._read_only = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._methods: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "hello": self._hello,
            "subscribe": self._subscribe,
            "window": self._window,
            "item": self._item,
            "find": self._find,
            "wait": self._wait,
            "check": self._check,
            "header": self._header,
            "flow": self._flow,
            "timeline": self._timeline,
            "insight": self._insight,
            "failing": self._failing,
            "stack": self._stack,
            "questions": self._questions,
            "answer": self._answer_question,
            "breakpoints": self._breakpoints,
            "breakpoint": self._control,
            "alerts": self._alerts,
            "context": self._context,
            "alert": self._control,
            "alert_off": self._control,
            "breakpoint_off": self._control,
            "pause": self._control,
            "resume": self._control,
            "cancel": self._control,
            "seek": self._seek,
            "marks": self._marks,
            "detail": self._detail,
            "chain": self._chain,
            "stop": self._stop,
            "giveup": self._control,
            "change_queue": self._control,
            "workers": self._control,
            "retry": self._retry,
            "take_up": self._take_up,
        }

    async def run(self) -> None:
        """Serve until the viewer hangs up."""
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                try:
                    message = protocol.parse(line)
                except ValueError:
                    return
                # a wait takes long, and so may a search: the rest goes on meanwhile
                self._begin(self._answer(message))
        except (OSError, ValueError, asyncio.LimitOverrunError):
            return
        finally:
            for task in self._tasks:
                task.cancel()

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: dict[str, Any]) -> None:
        number, params = message.get("id"), message.get("params")
        try:
            does = self._methods.get(str(message.get("method")))
            if does is None or not isinstance(params, dict):
                line = protocol.refusal(number, (protocol.NO_METHOD, "no such method"))
            else:
                line = protocol.answer(number, await does(params))
        except (TypeError, ValueError, KeyError) as error:
            line = protocol.refusal(
                number,
                error
                if isinstance(error, RoutiluxTuiError)
                else (protocol.INVALID_PARAMS, f"{type(error).__name__}: {error}"[:300]),
            )
        except RoutiluxTuiError as error:
            line = protocol.refusal(number, error)
        with contextlib.suppress(OSError):
            self._writer.write(line)
            await self._writer.drain()

    async def _hello(self, params: dict[str, Any]) -> protocol.Hello:
        if params.get("protocol") != protocol.VERSION:
            raise protocol.protocol_mismatch(params.get("protocol"), str(params.get("version", "")))
        header = self._handle.header
        self._read_only = bool(params.get("read_only"))
        self._handle.via = str(params.get("via") or "")[:100]
        return protocol.Hello(
            protocol=protocol.VERSION,
            version=__version__,
            job_id=header.job_id,
            flow_id=header.flow_id,
            path=self._handle.place,
            cannot=dict(self._handle.cannot),
        )

    async def _subscribe(self, params: dict[str, Any]) -> Frame:
        self._begin(self._send_frames(1.0 / max(0.1, float(params.get("fps", 10)))))
        return self._whole()

    def _whole(self) -> Frame:
        handle = self._handle
        routines = list(handle.routines.values())
        return Frame(seq=0, header=self._marked_header(), routines=routines, stale=list(SECTIONS))

    def _marked_header(self) -> Header:
        """The job in a line, and whether its runner is gone, which no file says by itself."""
        return msgspec.structs.replace(self._handle.header, gone=self._handle.is_gone)

    async def _send_frames(self, interval: float) -> None:
        async for frame in self._handle.changes():
            marked = msgspec.structs.replace(frame, header=self._marked_header())
            with contextlib.suppress(OSError):
                self._writer.write(protocol.notice("frame", marked))
                await self._writer.drain()
            await asyncio.sleep(interval)

    async def _window(self, params: dict[str, Any]) -> Any:
        start, stop = int(params["start"]), int(params["stop"])
        return await self._handle.window(
            protocol.section_of(params), start, stop, protocol.filter_of(params.get("where"))
        )

    async def _item(self, params: dict[str, Any]) -> Any:
        return protocol.sendable(await self._handle.item(protocol.section_of(params), params["n"]))

    async def _find(self, params: dict[str, Any]) -> Any:
        return await self._handle.find(
            protocol.section_of(params),
            str(params["text"]),
            int(params["start"]),
            back=bool(params.get("back")),
            where=protocol.filter_of(params.get("where")),
        )

    async def _wait(self, params: dict[str, Any]) -> Any:
        timeout = params.get("timeout")
        return await self._handle.wait(
            str(params.get("until") or ""), None if timeout is None else float(timeout)
        )

    async def _check(self, params: dict[str, Any]) -> bool:
        await self._handle.check(str(params.get("condition", "")))
        return True

    async def _header(self, _params: dict[str, Any]) -> Header:
        return self._marked_header()

    async def _flow(self, _params: dict[str, Any]) -> FlowShape:
        return await self._handle.flow()

    async def _timeline(self, params: dict[str, Any]) -> Timeline:
        return await self._handle.timeline(
            float(params.get("begin", 0)),
            float(params.get("end", 0)),
            int(params["columns"]),
            fold=bool(params.get("fold", True)),
        )

    async def _insight(self, params: dict[str, Any]) -> Insight:
        return await self._handle.insight(*map(str, params["parts"]))

    async def _failing(self, params: dict[str, Any]) -> list[FailingInput]:
        number, start, stop = (int(params[name]) for name in ("number", "start", "stop"))
        return await self._handle.failing(number, start, stop)

    async def _stack(self, params: dict[str, Any]) -> str:
        return await self._handle.stack(int(params["task"]))

    def _past(self) -> PastHandle:
        if not isinstance(self._handle, PastHandle):
            raise NotPossible("The past of a job is asked of another: bridge --past.")
        return self._handle

    async def _seek(self, params: dict[str, Any]) -> tuple[Point, Frame]:
        point = await self._past().seek(msgspec.convert(params["seek"], Seek))
        return point, self._past().state()

    async def _detail(self, params: dict[str, Any]) -> Timeline:
        return await self._past().detail(
            float(params["begin"]),
            float(params["end"]),
            int(params["columns"]),
            fold=bool(params.get("fold", True)),
            expanded=[str(one) for one in params.get("expanded") or ()],
        )

    async def _chain(self, params: dict[str, Any]) -> CriticalPath:
        record = params.get("record")
        return await self._past().chain(None if record is None else int(record))

    async def _marks(self, params: dict[str, Any]) -> list[str]:
        return await self._past().marks(int(params["columns"]))

    async def _stop(self, _params: dict[str, Any]) -> bool:
        await self._past().stop()
        return True

    async def _questions(self, _params: dict[str, Any]) -> Any:
        return await self._handle.questions()

    async def _context(self, _params: dict[str, Any]) -> Any:
        return await self._handle.context()

    async def _alerts(self, _params: dict[str, Any]) -> Any:
        return await self._handle.alerts()

    async def _breakpoints(self, _params: dict[str, Any]) -> Any:
        return await self._handle.breakpoints()

    async def _answer_question(self, params: dict[str, Any]) -> Header:
        question, choice = str(params.get("question") or ""), str(params.get("choice") or "")
        await self._handle.answer(question, choice, params.get("data"))
        return self._handle.header

    async def _retry(self, params: dict[str, Any]) -> Sent:
        self._check_asking("retry")
        wanted, edit = selection_of(params), edited_of(params)
        return await self._handle.retry(wanted, edit, str(params.get("reason", "")))

    async def _take_up(self, _params: dict[str, Any]) -> Sent:
        self._check_asking("take it up")
        return await self._handle.take_up()

    def _check_asking(self, action: str) -> None:
        if self._read_only:
            raise ReadOnly(f"It can't be asked to {action}: this viewer is read-only.")

    async def _control(self, _params: dict[str, Any]) -> Any:
        raise NotPossible(next(iter(self._handle.cannot.values()), "A file takes no controls."))
