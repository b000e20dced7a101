"""Handlers that run on the workers of a Dask cluster, on this machine or on others.

A worker that dies has its handlers run again by another: at least once. With a fence they are run
at the most once, and fail in place of a second run. Dask keeps nothing of a job: results are taken
and let go at once, so that nothing that has ended is ever run anew.
"""

from __future__ import annotations

import contextlib
import importlib.util
import pickle
import queue
import threading
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.errors import ExecutionError, FlowDefinitionError, JobCancelled, NotPossible
from routilux_tui.flow.calls import End, apply_message, not_begun, pack_call, raised_by
from routilux_tui.flow.dask_connection import DaskConnection
from routilux_tui.flow.dask_sources import sources_of
from routilux_tui.flow.dask_worker import Batch, Done, Packed, Refused, cancel, run_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routilux_tui.flow.context import Invocation
    from routilux_tui.flow.slot import Slot

_SMALL = 0.02
"""Seconds: handlers that take less on the average are sent together."""
_AT_ONCE = 64
_BATCH_SECONDS = 0.1
"""A batch is made to take so long at the most, by what its handlers took so far."""
_GATHER = 0.002
_LOOKS_EVERY = 0.5
"""Seconds between two looks at what is left of a job that was cancelled."""


#: How a call is sent: together with others, by itself, or with no other suspect beside it.
_FREE, _SINGLE, _ALONE, _LAST = 0, 1, 2, 3


class _Answer(NamedTuple):
    """What is told of a call: messages from the ``first`` on, the `End` last, or why it is lost.

    It is dropped where its job was cancelled before it had begun.
    """

    messages: tuple[bytes, ...] = ()
    first: int = 0
    lost: str = ""
    worker: str = ""
    is_dropped: bool = False


class _Waiting:
    """A call that has been sent, or will be, and what is told of it."""

    def __init__(self, packed: Packed, routine_id: str) -> None:
        self.packed = packed
        self.routine_id = routine_id
        self.answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        #: Dask's task that has it, with others perhaps; None while it is not sent.
        self.future: Any = None
        self.stage = _FREE
        self.is_dropped = False


class DaskExecutor:
    """Runs handlers on a Dask cluster.

    Args:
        address: its scheduler's, as HOST:PORT; empty for a cluster of this machine's processes.
        processes: how many of these; by default one for each processor.
        fence: whether no handler is ever begun twice.

    Raises:
        FlowDefinitionError: when Dask is not installed.
    """

    def __init__(self, address: str, processes: int = 0, *, fence: bool = False) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise FlowDefinitionError(
                "distributed is not installed.", "Say: pip install 'routilux-tui[dask]'"
            )
        self._fence = fence
        self._connection = DaskConnection(address, processes, self._on_event)
        self._lock = threading.Condition()
        self._number = 0
        self._calls: dict[int, _Waiting] = {}
        self._pending: list[_Waiting] = []
        self._is_sending = False
        #: Calls under which workers have died, to be run one after another; the one that is sent.
        self._suspects: deque[_Waiting] = deque()
        self._alone: _Waiting | None = None
        #: What a handler of each routine takes, in seconds, the last ones weighing most.
        self._usual: dict[str, float] = {}

    def run(self, invocation: Invocation, slot: Slot, data: dict[str, Any]) -> BaseException | None:
        """Run a handler to its end; returns what it raised.

        Raises:
            SerializationError: when it can't be taken there.
            ExecutionError: when the cluster has lost it, or can't be reached.
        """
        content = pack_call(invocation, slot, data)
        kind: Any = type(invocation.routine)
        self._connection.connect()
        with self._lock:
            if invocation.job.cancelled:
                return not_begun()
            self._number += 1
            packed = Packed(self._number, content, sources_of(kind.__module__))
            call = _Waiting(packed, invocation.task.routine_id)
            self._calls[packed.number] = call
            self._pending.append(call)
        self._begin_sending()
        try:
            return _follow(call, invocation)
        finally:
            with self._lock:
                del self._calls[packed.number]

    def _begin_sending(self) -> None:
        """Have what waits sent."""
        with self._lock:
            if self._pending and not self._is_sending:
                self._is_sending = True
                threading.Thread(target=self._send_pending, name="dask", daemon=True).start()
            self._lock.notify()

    def _on_event(self, event: Any) -> None:
        """A handler that takes long has done something."""
        message = event[1]
        with self._lock:
            call = self._calls.get(message["n"])
        if call is not None:
            told = tuple(map(bytes, message["messages"]))
            call.answers.put(_Answer(told, message["first"], worker=str(message["process"])))

    def _send_pending(self) -> None:
        """Send what waits, small handlers together, until nothing has come for a while."""
        while True:
            with self._lock:
                if not self._pending and not self._lock.wait_for(lambda: self._pending, 1.0):
                    self._is_sending = False
                    return
                small = self._is_small(self._pending[0])
            if small:
                threading.Event().wait(_GATHER)
            with self._lock:
                taken, self._pending = self._pending, []
                batches = list(self._batches(taken))
            for calls in batches:
                self._submit(calls)

    def _is_small(self, call: _Waiting) -> bool:
        is_free = call.stage == _FREE and not self._fence
        return is_free and self._usual.get(call.routine_id, _SMALL) < _SMALL

    def _batches(self, calls: Iterable[_Waiting]) -> Iterable[list[_Waiting]]:
        batch: list[_Waiting] = []
        seconds = 0.0
        for call in calls:
            if not self._is_small(call):
                yield [call]
                continue
            if len(batch) == _AT_ONCE or seconds > _BATCH_SECONDS:
                yield batch
                batch, seconds = [], 0.0
            batch.append(call)
            seconds += self._usual[call.routine_id]
        if batch:
            yield batch

    def _submit(self, calls: list[_Waiting]) -> None:
        client, token = self._connection.client, None
        try:
            if self._fence or calls[0].stage != _FREE:
                from distributed import Queue

                name = f"{self._connection.topic}-{uuid.uuid4()}"
                token = Queue(name, client=client, maxsize=1)
                token.put(1)
            packed = [one.packed for one in calls]
            fence = token.name if token is not None else ""
            small = self._is_small(calls[0])
            batch = Batch(self._connection.topic, packed, fence, small)
            future = client.submit(pickle.loads, _called(run_batch, batch), pure=False)
            for one in calls:
                one.future = future
            client.loop.add_callback(self._take, client, calls, future, token)
        except Exception as error:
            self._fail(calls, f"{type(error).__name__}: {error}")
            self._go_on_after(calls)

    async def _take(self, client: Any, calls: list[_Waiting], future: Any, token: Any) -> None:
        """Take what comes of some calls, and have Dask forget it; in the client's own thread."""
        from asyncio import CancelledError

        try:
            done: list[Done] = await client.gather(future, asynchronous=True)
        except (Exception, CancelledError) as error:
            kind = type(error).__name__
            if isinstance(error, Refused) or kind == "KilledWorker":
                is_begun = isinstance(error, Refused) or await _is_taken(token)
                self._lost(calls, is_begun=is_begun)
            elif not calls[0].is_dropped:
                if "Cancelled" in kind:  # as all is when the scheduler is gone
                    threading.Thread(target=self._connection.disconnect, daemon=True).start()
                self._fail(calls, f"{kind}: {error}")
        else:
            self._give(calls, done)
        with contextlib.suppress(Exception):
            future.release()
            if token is not None:
                token.close()
        self._go_on_after(calls)

    def _go_on_after(self, calls: list[_Waiting]) -> None:
        """Have the next of the suspects sent, if these were one."""
        if calls[0] is self._alone:
            self._send_alone()

    def _lost(self, calls: list[_Waiting], *, is_begun: bool) -> None:
        """Workers have died under some calls, though it may be another's fault: send them again.

        Dask blames all that those workers had, begun or not, and a batch for each of its calls.
        So each is sent by itself with a token, which tells whether it had begun when its worker
        died, then with no other suspect beside it. A worker that dies even so was ended by it, or
        it had just returned there when something else ended that: so it takes two of them.
        """
        if self._fence and is_begun:
            self._fail(calls, "its worker died while it ran, and its fence lets it run no more")
        elif is_begun and calls[0].stage == _LAST:
            self._fail(calls, "again and again its workers died while it ran")
        else:
            for call in calls:
                call.future = None
                call.stage = max(call.stage + 1, _ALONE) if is_begun else max(call.stage, _SINGLE)
            alone = [one for one in calls if one.stage >= _ALONE]
            with self._lock:
                self._suspects.extend(alone)
                self._pending.extend(one for one in calls if one.stage < _ALONE)
            if alone and self._alone is None:
                self._send_alone()
            self._begin_sending()

    def _send_alone(self) -> None:
        """Have the next of the suspects sent."""
        with self._lock:
            self._alone = self._suspects.popleft() if self._suspects else None
            if self._alone is not None:
                self._pending.append(self._alone)
        self._begin_sending()

    def _give(self, calls: list[_Waiting], done: list[Done]) -> None:
        for call, one in zip(calls, done, strict=True):
            before = self._usual.get(call.routine_id, one.seconds)
            self._usual[call.routine_id] = before * 0.8 + one.seconds * 0.2
            call.answers.put(_Answer(tuple(one.messages)))

    def _fail(self, calls: list[_Waiting], why: str) -> None:
        for call in calls:
            call.answers.put(_Answer(lost=why))

    def cancel(self) -> None:
        """Tell the handlers that run that their job has been cancelled; drop those that don't."""
        with self._lock:
            calls = list(self._calls.values())
        if calls:
            threading.Thread(
                target=self._cancel_all, args=(calls,), name="dask cancel", daemon=True
            ).start()

    def _cancel_all(self, calls: list[_Waiting]) -> None:
        """Go on until nothing is left of some calls, for workers come and go."""
        before: set[str] = set()
        topic = self._connection.topic
        while True:
            with self._lock:
                not_sent = [*self._pending, *self._suspects]
                self._pending.clear()
                self._suspects.clear()
                known = [one for one in calls if one.packed.number in self._calls]
                sent = [one for one in known if one not in not_sent]
            self._drop(not_sent)
            client = self._connection.client
            if not sent or client is None:
                return
            threading.Thread(target=_tell_cancelled, args=(client, topic), daemon=True).start()
            with contextlib.suppress(Exception):
                begun = {key for some in client.processing().values() for key in some}
                keys = {one: one.future.key for one in sent if one.future is not None}
                idle = set(keys.values()) - begun
                # a task that no worker had a while ago and none has now is not under way
                self._drop([one for one, key in keys.items() if key in idle & before])
                before = idle
            time.sleep(_LOOKS_EVERY)

    def _drop(self, calls: Iterable[_Waiting]) -> None:
        """Have calls not begun any more."""
        for one in calls:
            one.is_dropped = True
            if one.future is not None:
                with contextlib.suppress(Exception):
                    one.future.cancel()
            one.answers.put(_Answer(is_dropped=True))

    def close(self) -> None:
        """The job has ended, or is paused: let go of the cluster; a local one ends."""
        self._connection.disconnect()


def _tell_cancelled(client: Any, topic: str) -> None:
    """Have all workers tell the handlers of a job."""
    with contextlib.suppress(Exception):
        client.run(pickle.loads, _called(cancel, topic), on_error="ignore")


def _follow(call: _Waiting, invocation: Invocation) -> BaseException | None:
    """Do to the job what a call is told to have done, each once; returns what it raised.

    Raises:
        ExecutionError: when it is lost.
    """
    applied = 0
    while True:
        answer = call.answers.get()
        if answer.is_dropped:
            return not_begun()
        if answer.lost:
            raise ExecutionError(f"Dask lost this handler: {answer.lost}")
        invocation.runs_in(answer.worker)
        for content in answer.messages[max(0, applied - answer.first) :]:
            message = pickle.loads(content)  # noqa: S301 - our own workers' bytes
            if isinstance(message, End):
                return raised_by(invocation, message)
            applied += 1
            with contextlib.suppress(JobCancelled, NotPossible):  # the worker has been told
                apply_message(invocation, message)


async def _is_taken(token: Any) -> bool:
    """Whether a worker has taken a token, and so begun what it was for."""
    try:
        return token is not None and not await token.qsize()
    except Exception:  # the scheduler is gone
        return True


class _Called:
    """Pickled, it is the call of a function; unpickled, what that returns."""

    def __init__(self, function: Callable[..., Any], argument: Any) -> None:
        self._function, self._argument = function, argument

    def __reduce__(self) -> tuple[Any, ...]:
        return self._function, (self._argument,)


def _called(function: Callable[..., Any], argument: Any) -> bytes:
    """A call as bytes, that `pickle.loads` carries out.

    Dask would import what it is given by name before the task begins, and lose the worker where
    that fails; of bytes it knows nothing.
    """
    return pickle.dumps(_Called(function, argument))
