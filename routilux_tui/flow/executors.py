"""The executors of one job: worker processes or whatever else its handlers are sent to."""

from __future__ import annotations

import contextlib
import importlib
import pickle
import threading
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import ExecutionError, FlowDefinitionError, JobCancelled, NotPossible
from routilux_tui.flow.executor_spec import THREADS, dask_cluster, process_count, with_fence

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future
    from typing import TypeGuard

    from routilux_tui.flow.context import Invocation
    from routilux_tui.flow.routine import Routine
    from routilux_tui.flow.slot import Slot
    from routilux_tui.flow.structure import FlowStructure


class RemoteExecutor(Protocol):
    """Runs handlers elsewhere, and does to the job here what they do."""

    def run(self, invocation: Invocation, slot: Slot, data: dict[str, Any]) -> BaseException | None:
        """Run a handler to its end; returns what it raised."""

    def cancel(self) -> None:
        """Tell the handlers that run that their job has been cancelled."""

    def close(self) -> None:
        """The job has ended, or is paused: let go of what is not needed now."""


class OwnProcesses(RemoteExecutor, Protocol):
    """A `RemoteExecutor` whose processes are our own: they can be asked, and ended."""

    def stack(self, task_id: int) -> str:
        """Where the handler of a task is at this moment."""

    def kill(self) -> None:
        """End the processes that run handlers, whatever these do."""


class Executors:
    """The executors of one job, made when they are first needed.

    Args:
        flow: its routines say where their handlers run.
        default: where those run whose routines don't say.
    """

    def __init__(self, flow: FlowStructure, default: Any) -> None:
        self._default = default
        self._fence = flow.fence
        self._routines = flow.routines
        self._made: dict[Any, RemoteExecutor] = {}
        specs = [default, *(one._executor for one in flow.routines.values())]
        #: Whether any handler runs elsewhere.
        self.are_used = any(spec not in {None, THREADS} for spec in specs)
        if self.are_used:
            for routine in flow.routines.values():
                self.of(routine)

    def of(self, routine: Routine) -> RemoteExecutor | None:
        """Where a routine's handlers run; None where that is in the job's own threads.

        Raises:
            FlowDefinitionError: when it can't be found.
        """
        spec = self._spec_of(routine)
        if spec is None or spec == THREADS:
            return None
        if self._fence and dask_cluster(spec) is not None:
            spec = with_fence(spec, fence=True)
        found = self._made.get(spec)
        if found is None:
            found = self._made[spec] = _make(spec)
        return found

    def _spec_of(self, routine: Routine) -> Any:
        """Where a routine's handlers run: as it says itself, or else as the job does."""
        return self._default if routine._executor is None else routine._executor

    def name_of(self, routine: Routine) -> str:
        """Where a routine's handlers run, in words; empty where they run here."""
        spec = self._spec_of(routine)
        if spec is None or spec == THREADS:
            return ""
        return spec if isinstance(spec, str) else type(spec).__name__

    def fenced(self, running: dict[int, tuple[str, float]]) -> list[int]:
        """Those of the tasks that run, by their ids, that are never to be begun twice."""
        found = []
        for task_id, (routine_id, _) in running.items():
            routine = self._routines.get(routine_id)
            cluster = dask_cluster(self._default if routine is None else self._spec_of(routine))
            if cluster is not None and (cluster.fence or self._fence):
                found.append(task_id)
        return found

    def runner_of(
        self, routine: Routine
    ) -> Callable[[Invocation, Slot, dict[str, Any]], BaseException | None] | None:
        """What runs a routine's handlers elsewhere; None where they run here."""
        executor = self.of(routine)
        return None if executor is None else executor.run

    def stack(self, routine: Routine, task_id: int) -> str:
        """Where a routine's handler is that runs elsewhere, or that this can't be known."""
        executor = self.of(routine)
        if _has_own_processes(executor):
            return executor.stack(task_id)
        return "  It runs elsewhere: its executor has no way to ask it where it is.\n"

    def cancel(self) -> None:
        """Tell the handlers that run elsewhere that their job has been cancelled."""
        for one in self._made.values():
            one.cancel()

    def kill(self) -> None:
        """This process is about to end: end those that run handlers, whatever these do."""
        for one in self._made.values():
            if _has_own_processes(one):
                one.kill()

    def close(self) -> None:
        """The job has ended, or is paused: let go of what is not needed now."""
        for one in self._made.values():
            one.close()


def _has_own_processes(executor: RemoteExecutor | None) -> TypeGuard[OwnProcesses]:
    return hasattr(executor, "kill")


def executor_names(flow: FlowStructure, default: Any) -> dict[str, str]:
    """Where handlers run in words, of those executors that have any.

    The key is the routine's that has its own, or empty for where all others run.
    """
    specs = {"": default or THREADS}
    specs |= {
        name: one._executor for name, one in flow.routines.items() if one._executor is not None
    }
    fence = flow.fence
    return {
        name: with_fence(spec, fence and dask_cluster(spec) is not None)
        for name, spec in specs.items()
        if isinstance(spec, str)
    }


def _make(spec: Any) -> RemoteExecutor:
    size = process_count(spec)
    if size is not None:
        from routilux_tui.flow.process_pool import ProcessPool

        return ProcessPool(size)
    cluster = dask_cluster(spec)
    if cluster is not None:
        from routilux_tui.flow.dask_executor import DaskExecutor

        return DaskExecutor(cluster.address, cluster.processes, fence=cluster.fence)
    if isinstance(spec, str):
        return FutureExecutor(_factory(spec), spec)
    return FutureExecutor(lambda: spec, is_ours=False)


def _factory(spec: str) -> Callable[[], Executor]:
    module_name, _, name = spec.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise FlowDefinitionError(
            f"The executor {spec} can't be found: {error}.",
            "Say MODULE:FACTORY, of a module that Python can import.",
        ) from error
    if not callable(found):
        raise FlowDefinitionError(
            f"The executor {spec} is a {type(found).__name__}.",
            "It is a function that returns a concurrent.futures.Executor.",
        )
    return found  # type: ignore[no-any-return] # what it returns is checked when it is called


class FutureExecutor:
    """Runs handlers by any `concurrent.futures.Executor`.

    What a handler does to the job is done when it has returned, for such an executor has no way
    to tell of it before.

    Args:
        factory: makes the executor.
        name: the factory's, as MODULE:FACTORY.
        is_ours: whether it is shut down with the job.
    """

    def __init__(self, factory: Callable[[], Any], name: str = "", *, is_ours: bool = True) -> None:
        self._factory, self._name = factory, name
        self._is_ours = is_ours
        self._making = threading.Lock()
        self._executor: Any = None
        self._futures: set[Future[bytes]] = set()

    def run(self, invocation: Invocation, slot: Slot, data: dict[str, Any]) -> BaseException | None:
        """Run a handler to its end; returns what it raised.

        Raises:
            SerializationError: when it can't be taken there.
            ExecutionError: when the executor has lost it.
        """
        from concurrent.futures import BrokenExecutor, CancelledError

        from routilux_tui.flow.calls import apply_message, not_begun, pack_call, raised_by
        from routilux_tui.flow.remote_job import run_packed

        content = pack_call(invocation, slot, data)
        executor = self._have()
        try:
            future: Future[bytes] = executor.submit(run_packed, content)
        except BrokenExecutor:  # it broke while it had nothing to do
            if not self._is_ours:
                raise
            self._let_go(executor)
            executor = self._have()
            future = executor.submit(run_packed, content)
        self._futures.add(future)
        try:
            if invocation.job.cancelled:  # after whoever cancelled it had looked for futures
                future.cancel()
            answer = future.result()
        except (BrokenExecutor, CancelledError) as error:
            if future.cancelled() and invocation.job.job_state.status == "cancelled":
                return not_begun()
            if self._is_ours:
                self._let_go(executor)  # the next handler is given a new one
            raise ExecutionError(
                f"The executor lost this handler: {type(error).__name__}: {error}"
            ) from error
        finally:
            self._futures.discard(future)
        # made by `run_packed`
        *messages, end = map(pickle.loads, pickle.loads(answer))  # noqa: S301
        for message in messages:
            with contextlib.suppress(JobCancelled, NotPossible):  # it may have been cancelled
                apply_message(invocation, message)
        return raised_by(invocation, end)

    def _have(self) -> Any:
        """The executor; one for all handlers, whoever comes first.

        Raises:
            ExecutionError: when it can't be made.
            FlowDefinitionError: when what the factory returns is none.
        """
        with self._making:
            if self._executor is None:
                try:
                    made = self._factory()
                except Exception as error:
                    raise ExecutionError(
                        f"The executor {self._name} can't be made: {type(error).__name__}: {error}"
                    ) from error
                if not callable(getattr(made, "submit", None)):
                    raise FlowDefinitionError(
                        f"The executor's factory {self._name} returned a {type(made).__name__}.",
                        "It returns a concurrent.futures.Executor.",
                    )
                self._executor = made
            return self._executor

    def _let_go(self, executor: Any) -> None:
        """Have the next handler given a new executor: this one takes nothing any more."""
        with self._making:
            if self._executor is executor:
                self._executor = None
        with contextlib.suppress(Exception):
            executor.shutdown(wait=False)

    def cancel(self) -> None:
        """Have what the executor has not begun not begun at all; a handler can't be told."""
        for future in list(self._futures):
            future.cancel()

    def close(self) -> None:
        """Shut the executor down, if it was made here."""
        executor = self._executor
        if self._is_ours and executor is not None:
            self._let_go(executor)
