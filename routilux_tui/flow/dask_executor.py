"""Handlers that run on the workers of a Dask cluster, on this machine or on others.

A worker that dies has its handlers run again by another: at least once. With a fence they are run
at the most once, and fail in place of a second run. Dask keeps nothing of a job: results are taken
and let go at once, so that nothing that has ended is ever run anew.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import pickle
import queue
import sys
import threading
import uuid
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.errors import ExecutionError, FlowDefinitionError, JobCancelled, NotPossible
from routilux_tui.flow.calls import End, apply_message, pack_call, raised_by
from routilux_tui.flow.dask_worker import Batch, Done, Packed, Refused, Source, cancel, run_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routilux_tui.flow.context import Invocation
    from routilux_tui.flow.slot import Slot

_CONNECTS_WITHIN = 20.0
_SMALL = 0.02
"""Seconds: handlers that take less on the average are sent together."""
_AT_ONCE = 64
_BATCH_SECONDS = 0.1
"""A batch is made to take so long at the most, by what its handlers took so far."""
_GATHER = 0.002


class _Answer(NamedTuple):
    """What is told of a call: messages from the ``first`` on, the `End` last, or why it is lost."""

    messages: tuple[bytes, ...] = ()
    first: int = 0
    lost: str = ""
    worker: str = ""


class _Waiting:
    """A call that has been sent, or will be, and what is told of it."""

    def __init__(self, packed: Packed, routine_id: str) -> None:
        self.packed = packed
        self.routine_id = routine_id
        self.answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()


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
        self._address, self._processes, self._fence = address, processes, fence
        self._topic = f"routilux-{uuid.uuid4()}"
        self._client: Any = None
        self._cluster: Any = None
        self._connecting = threading.Lock()
        self._failures, self._unreachable = 0, ""
        self._lock = threading.Condition()
        self._number = 0
        self._calls: dict[int, _Waiting] = {}
        self._pending: list[_Waiting] = []
        self._is_sending = False
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
        self._connect()
        with self._lock:
            self._number += 1
            packed = Packed(self._number, content, _source_of(kind.__module__))
            call = _Waiting(packed, invocation.task.routine_id)
            self._calls[packed.number] = call
            self._pending.append(call)
            if not self._is_sending:
                self._is_sending = True
                threading.Thread(target=self._send_pending, name="dask", daemon=True).start()
            self._lock.notify()
        try:
            return _follow(call, invocation)
        finally:
            with self._lock:
                del self._calls[packed.number]

    def _connect(self) -> None:
        """Have a client.

        Raises:
            ExecutionError: when the scheduler does not answer.
        """
        failures = self._failures
        with self._connecting:
            if self._client is not None:
                return
            if self._failures != failures:  # tried in vain while this one waited to try
                raise ExecutionError(self._unreachable)
            from distributed import Client

            logging.getLogger("distributed").setLevel(logging.ERROR)  # what matters is said by us
            where = f"tcp://{self._address}"
            try:
                if not self._address:
                    self._cluster, where = _local_cluster(self._processes), ""
                client = Client(
                    self._cluster or where,
                    timeout=_CONNECTS_WITHIN,
                    set_as_default=False,
                    name="routilux-tui",
                )
            except (OSError, RuntimeError, ValueError) as error:
                place = self._address or "this machine"
                self._failures += 1
                self._unreachable = f"Dask's scheduler at {place} can't be reached: {error}"
                raise ExecutionError(self._unreachable) from error
            client.subscribe_topic(self._topic, self._on_event)
            self._client = client

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
        return not self._fence and self._usual.get(call.routine_id, _SMALL) < _SMALL

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
        client, token = self._client, None
        try:
            if self._fence:
                from distributed import Queue

                token = Queue(f"{self._topic}-{calls[0].packed.number}", client=client, maxsize=1)
                token.put(1)
            packed = [one.packed for one in calls]
            fence = token.name if token is not None else ""
            batch = Batch(self._topic, packed, fence, self._is_small(calls[0]))
            future = client.submit(pickle.loads, _called(run_batch, batch), pure=False)
            client.loop.add_callback(self._take, client, calls, future, token)
        except Exception as error:
            self._fail(calls, f"{type(error).__name__}: {error}")

    async def _take(self, client: Any, calls: list[_Waiting], future: Any, token: Any) -> None:
        """Take what comes of some calls, and have Dask forget it; in the client's own thread."""
        from asyncio import CancelledError

        try:
            done: list[Done] = await client.gather(future, asynchronous=True)
        except Refused:
            self._fail(calls, "its worker died while it ran, and its fence lets it run no more")
        except (Exception, CancelledError) as error:
            if "Cancelled" in type(error).__name__:  # as all is when the scheduler is gone
                threading.Thread(target=self._disconnect, name="dask lost", daemon=True).start()
            self._fail(calls, f"{type(error).__name__}: {error}")
        else:
            self._give(calls, done)
        with contextlib.suppress(Exception):
            future.release()
            if token is not None:
                token.close()

    def _give(self, calls: list[_Waiting], done: list[Done]) -> None:
        for call, one in zip(calls, done, strict=True):
            before = self._usual.get(call.routine_id, one.seconds)
            self._usual[call.routine_id] = before * 0.8 + one.seconds * 0.2
            call.answers.put(_Answer(tuple(one.messages)))

    def _fail(self, calls: list[_Waiting], why: str) -> None:
        for call in calls:
            call.answers.put(_Answer(lost=why))

    def cancel(self) -> None:
        """Tell the handlers that run that their job has been cancelled."""
        client = self._client
        if client is not None:
            cancelling = _called(cancel, self._topic)

            def tell() -> None:
                with contextlib.suppress(Exception):
                    client.run(pickle.loads, cancelling, on_error="ignore")

            threading.Thread(target=tell, name="dask cancel", daemon=True).start()

    def close(self) -> None:
        """The job has ended, or is paused: let go of the cluster; a local one ends."""
        self._disconnect()

    def _disconnect(self) -> None:
        with self._connecting:
            client, self._client = self._client, None
            cluster, self._cluster = self._cluster, None

        def close() -> None:
            for one in (client, cluster):
                if one is not None:
                    with contextlib.suppress(Exception):
                        one.close(timeout=5)

        if client is not None:
            threading.Thread(target=close, name="dask close").start()


def _follow(call: _Waiting, invocation: Invocation) -> BaseException | None:
    """Do to the job what a call is told to have done, each once; returns what it raised.

    Raises:
        ExecutionError: when it is lost.
    """
    applied = 0
    while True:
        answer = call.answers.get()
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


@lru_cache(maxsize=256)
def _source_of(name: str) -> Source | None:
    """The source of a module that workers could not import by its name; None of others."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if name == "__main__" or name.startswith("routilux_tui.") or not file:
        return None
    with contextlib.suppress(ImportError, ValueError):
        found = importlib.util.find_spec(name) if name.replace(".", "_").isidentifier() else None
        if found is not None and "site-packages" in (found.origin or ""):
            return None
    with contextlib.suppress(OSError):
        return Source(name, file, Path(file).read_bytes())
    return None


def _local_cluster(processes: int) -> Any:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=processes or None,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    )
