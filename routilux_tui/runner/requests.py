"""Answering what viewers ask: the methods of the protocol, each by its name."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from routilux_tui import __version__
from routilux_tui.errors import ConditionError, ReadOnly, RoutiluxTuiError, UsageError
from routilux_tui.runner import protocol
from routilux_tui.runner.answering import Answer
from routilux_tui.runner.client import peer_of, person
from routilux_tui.runner.judge import Judge
from routilux_tui.runner.list_watch import ListWatch
from routilux_tui.views.alerts import alert_states, rule_of
from routilux_tui.views.breakpoints import breakpoints
from routilux_tui.views.choosing import selection_of
from routilux_tui.views.editing import edited_of
from routilux_tui.views.formatting import limit
from routilux_tui.views.insight import USUAL
from routilux_tui.views.measures import measures_of
from routilux_tui.views.questions import questions
from routilux_tui.views.shapes import Frame, WaitResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.runner.backend import Backend
    from routilux_tui.runner.frames import FrameSender
    from routilux_tui.runner.viewer import Viewer

logger = logging.getLogger("routilux_tui.runner")

MAX_WAITS = 16
_JUDGE_EVERY = 0.005


class Requests:
    """Answers requests about one job.

    Args:
        backend: the job.
        frames: what sends frames to those that subscribe.
        force: called for a forced cancel, with the reason and the grace in seconds.
    """

    def __init__(
        self,
        backend: Backend,
        frames: FrameSender,
        force: Callable[[str, float], None] | None = None,
    ) -> None:
        self._backend = backend
        self._frames = frames
        self._force = force
        if force is None:
            backend.unforced = f"it runs in a program of its own (process {os.getpid()})"
        self._judge = Judge()

    def close(self) -> None:
        """End what was started to answer."""
        self._judge.close()
        self._backend.close()

    async def answer(self, viewer: Viewer, line: bytes) -> bool:
        """Answer one request; False when the viewer is to be dropped."""
        number: Any = None
        try:
            message = protocol.parse(line)
            number = message.get("id")
            method, params = message.get("method"), message.get("params") or {}
            if not isinstance(method, str) or not isinstance(params, dict):
                raise ValueError("not a request")
        except ValueError as error:
            viewer.writer.write(protocol.refusal(None, (protocol.PARSE_ERROR, str(error)[:200])))
            return False
        try:
            if method == "hello":
                viewer.writer.write(protocol.answer(number, self._hello(viewer, params)))
                return True
            if not viewer.greeted:
                viewer.writer.write(
                    protocol.refusal(number, (protocol.INVALID_REQUEST, "say hello first"))
                )
                return False
            if method == "wait":
                await self._begin_wait(viewer, number, params)
                return True
            if viewer.read_only and method in _CHANGING:
                raise ReadOnly(f"It can't be asked to {method}: this viewer is read-only.")
            handler = _READING.get(method) or _CHANGING.get(method)
            if handler is None:
                viewer.writer.write(
                    protocol.refusal(number, (protocol.NO_METHOD, f"no method {method[:40]!r}"))
                )
                return True
            result = handler(self, viewer, params)
            if asyncio.iscoroutine(result):
                result = await result
            viewer.writer.write(protocol.answer(number, result))
        except (TypeError, ValueError, KeyError) as error:
            if isinstance(error, RoutiluxTuiError):
                viewer.writer.write(protocol.refusal(number, error))
            else:
                reason = (protocol.INVALID_PARAMS, f"{type(error).__name__}: {error}"[:300])
                viewer.writer.write(protocol.refusal(number, reason))
        except Exception as error:
            if not isinstance(error, RoutiluxTuiError):
                logger.exception("A request failed")
            viewer.writer.write(protocol.refusal(number, error))
        return True

    def _hello(self, viewer: Viewer, params: dict[str, Any]) -> protocol.Hello:
        theirs = params.get("protocol")
        if theirs != protocol.VERSION:
            raise protocol.protocol_mismatch(theirs, str(params.get("version", "")))
        viewer.greeted = True
        viewer.read_only = bool(params.get("read_only"))
        _, uid = peer_of(viewer.writer.get_extra_info("socket"))
        viewer.who = person(uid, str(params.get("via") or ""))
        state = self._backend.state
        return protocol.Hello(
            protocol=protocol.VERSION,
            version=__version__,
            job_id=state.job_id,
            flow_id=state.flow_id,
            pid=os.getpid(),
            path=self._backend.path,
            log=self._backend.log,
            read_only=self._backend.read_only,
            cannot=self._backend.cannot(),
        )

    # Waits

    async def _begin_wait(self, viewer: Viewer, number: Any, params: dict[str, Any]) -> None:
        if len(viewer.waits) >= MAX_WAITS:
            raise UsageError(f"There are {MAX_WAITS} waits already on this connection.")
        text = str(params.get("until") or "")
        timeout = params.get("timeout")
        timeout = None if timeout is None else float(timeout)
        if text:
            await self._backend.check(text, self._judge)
        task = asyncio.ensure_future(self._wait(viewer, number, text, timeout))
        viewer.waits.add(task)
        task.add_done_callback(viewer.waits.discard)

    async def _wait(self, viewer: Viewer, number: Any, text: str, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        result: WaitResult | None = None
        with self._frames.changes() as changed:
            while result is None:
                changed.clear()
                self._backend.rearm()
                try:
                    result = await self._backend.judge(text, self._judge)
                except ConditionError as error:
                    viewer.writer.write(protocol.refusal(number, error))
                    return
                left = None if deadline is None else deadline - time.monotonic()
                if result is None and left is not None and left <= 0:
                    status = self._backend.state.status
                    result = WaitResult("timeout", status, f"not within {limit(timeout or 0.0)}")
                if result is None:
                    # the age of a job changes by itself
                    at_most = 1.0 if left is None else min(1.0, left)
                    with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                        await asyncio.wait_for(changed.wait(), at_most)
                    await asyncio.sleep(_JUDGE_EVERY)
        viewer.writer.write(protocol.answer(number, result))

    # The other methods

    def _subscribe(self, viewer: Viewer, params: dict[str, Any]) -> Frame:
        return self._frames.subscribe(viewer, float(params.get("fps", 10)))

    def _watch(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        if viewer.is_list:
            raise UsageError("This connection watches the job already.")
        every = float(params.get("every", 1.0))
        return ListWatch(self._backend, self._frames, viewer, every).begin()

    async def _window(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        section, where = protocol.section_of(params), params.get("where") or {}
        start, stop = int(params["start"]), int(params["stop"])
        if where:
            return await asyncio.to_thread(self._backend.window, section, start, stop, where)
        return self._backend.window(section, start, stop, where)

    def _item(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        return protocol.sendable(
            self._backend.projection.item(protocol.section_of(params), params["n"])
        )

    async def _find(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        return await asyncio.to_thread(
            self._backend.find,
            protocol.section_of(params),
            str(params["text"]),
            int(params["start"]),
            bool(params.get("back")),
            params.get("where") or {},
        )

    def _header(self, _viewer: Viewer, _params: dict[str, Any]) -> Any:
        return self._backend.listed()

    def _routines(self, _viewer: Viewer, _params: dict[str, Any]) -> Any:
        return self._backend.projection.routines()

    def _flow(self, _viewer: Viewer, _params: dict[str, Any]) -> Any:
        return self._backend.projection.flow()

    async def _timeline(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        return await asyncio.to_thread(
            self._backend.projection.timeline,
            float(params.get("begin", 0)),
            float(params.get("end", 0)),
            int(params["columns"]),
            fold=bool(params.get("fold", True)),
        )

    async def _insight(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        parts = [str(part) for part in params["parts"]]
        if USUAL in parts:
            await asyncio.to_thread(self._backend.read_earlier)
        return self._backend.insight(parts)

    def _measures(self, _viewer: Viewer, _params: dict[str, Any]) -> Any:
        return measures_of(self._backend.state)

    async def _failing(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        wanted = (int(params[name]) for name in ("number", "start", "stop"))
        return await asyncio.to_thread(self._backend.projection.failing, *wanted)

    async def _stack(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        return await asyncio.to_thread(self._backend.stack, int(params["task"]))

    def _pause(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        return self._backend.pause(str(params.get("reason", "")), viewer.who)

    def _resume(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        return self._backend.resume(str(params.get("reason", "")), viewer.who)

    def _cancel(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        reason = str(params.get("reason", ""))
        if params.get("force") and self._force is not None:
            header = self._backend.cancel(reason, viewer.who, force=True)
            self._force(reason, float(params.get("grace", 10.0)))
            return header
        return self._backend.cancel(reason, viewer.who)

    def _emit(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        routine, event = str(params["routine"]), str(params["event"])
        return self._backend.emit(routine, event, params.get("data"), viewer.who)

    def _set(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        return self._backend.set_shared(str(params["key"]), params["value"], viewer.who)

    def _workers(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        return self._backend.set_workers(params["workers"], viewer.who)

    async def _retry(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        wanted, reason = selection_of(params), str(params.get("reason", ""))
        edit = edited_of(params)
        return await asyncio.to_thread(self._backend.retry, wanted, edit, reason, viewer.who)

    def _waiting_tasks(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        return self._backend.projection.waiting_tasks(int(params["start"]), int(params["stop"]))

    def _change_queue(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        tasks = [int(one) for one in params["tasks"]]
        edit = edited_of({**params, "task": tasks[0] if len(tasks) == 1 else None})
        return self._backend.change_queue(str(params["action"]), tasks, edit, viewer.who)

    def _give_up(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        return self._backend.give_up(
            selection_of(params), str(params.get("reason", "")), viewer.who
        )

    def _questions(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        found = questions(self._backend.state, answered=bool(params.get("answered")))
        return [replace(one, data=protocol.sendable(one.data)) for one in found]

    async def _breakpoint(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        condition = str(params.get("condition", ""))
        if params.get("dry"):
            return await asyncio.to_thread(self._backend.check_breakpoint, condition)
        return await asyncio.to_thread(self._backend.set_breakpoint, condition, viewer.who)

    def _breakpoint_off(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        self._backend.take_off_breakpoint(int(params.get("number", 0)), viewer.who)
        return breakpoints(self._backend.state)

    def _breakpoints(self, _viewer: Viewer, _params: dict[str, Any]) -> Any:
        return breakpoints(self._backend.state)

    def _context(self, _viewer: Viewer, _params: dict[str, Any]) -> Any:
        return self._backend.context()

    def _alerts(self, _viewer: Viewer, _params: dict[str, Any]) -> Any:
        return alert_states(self._backend.state)

    def _alert(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        self._backend.add_alert(rule_of(params.get("rule")), viewer.who)
        return alert_states(self._backend.state)

    def _alert_off(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        self._backend.take_off_alert(str(params.get("name", "")), viewer.who)
        return alert_states(self._backend.state)

    def _answer(self, viewer: Viewer, params: dict[str, Any]) -> Any:
        named = (str(params.get("question") or ""), str(params.get("choice") or ""))
        return self._backend.answer(Answer(*named, params.get("data")), viewer.who)

    async def _check(self, _viewer: Viewer, params: dict[str, Any]) -> Any:
        await self._backend.check(str(params.get("condition", "")), self._judge)
        return True


#: What is asked of a job that leaves it as it is.
_READING: dict[str, Callable[[Requests, Viewer, dict[str, Any]], Any]] = {
    "subscribe": Requests._subscribe,
    "watch": Requests._watch,
    "window": Requests._window,
    "item": Requests._item,
    "find": Requests._find,
    "header": Requests._header,
    "routines": Requests._routines,
    "flow": Requests._flow,
    "timeline": Requests._timeline,
    "insight": Requests._insight,
    "measures": Requests._measures,
    "failing": Requests._failing,
    "stack": Requests._stack,
    "queue": Requests._waiting_tasks,
    "check": Requests._check,
    "questions": Requests._questions,
    "alerts": Requests._alerts,
    "context": Requests._context,
    "breakpoints": Requests._breakpoints,
}

#: What changes it: refused to a viewer that only reads.
_CHANGING: dict[str, Callable[[Requests, Viewer, dict[str, Any]], Any]] = {
    "pause": Requests._pause,
    "resume": Requests._resume,
    "cancel": Requests._cancel,
    "emit": Requests._emit,
    "set": Requests._set,
    "workers": Requests._workers,
    "retry": Requests._retry,
    "giveup": Requests._give_up,
    "change_queue": Requests._change_queue,
    "answer": Requests._answer,
    "breakpoint": Requests._breakpoint,
    "alert": Requests._alert,
    "alert_off": Requests._alert_off,
    "breakpoint_off": Requests._breakpoint_off,
}
