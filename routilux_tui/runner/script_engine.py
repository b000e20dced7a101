"""The engine of a job that a script of routilux runs: its controls go there, and are confirmed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.views.shapes import Control

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.listeners import Change
    from routilux_tui.state.job_state import JobState

_STACK_WITHIN = 1.0
_MOVES = frozenset({"status", "run", "ran", "retry", "drop"})


class ScriptEngine:
    """What steers one job of a script.

    Args:
        job_state: our copy of the job.
        order: sends what is to be done, and more of it by name, to the script: ``pause`` and
            ``cancel`` with a ``reason``, ``resume``, ``emit`` with ``routine``, ``event`` and
            ``data``, ``set`` with ``key`` and ``value``, ``stack`` with ``task``.
    """

    def __init__(self, job_state: JobState, order: Callable[..., None]) -> None:
        self.job_state = job_state
        self._order = order
        self._lock = job_state.lock
        self._moved = threading.Condition(self._lock)
        self._asked: Control | None = None
        self._listeners: tuple[Callable[[], None], ...] = ()
        #: Why nothing can be asked of it any more; empty while it runs.
        self.gone = ""
        self._refusal_reason = ""
        self._stacks: dict[int, str] = {}
        job_state.execution = self
        job_state.subscribe(self._note_change, kinds=_MOVES)

    @property
    def control(self) -> Control | None:
        """A control that was asked and is not confirmed yet."""
        with self._lock:
            asked = self._asked
            if asked is None:
                return None
            return Control(asked.action, asked.reason, len(self.job_state.running), asked.since)

    def on_control(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called, under the job's lock, whenever `control` changes."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def _set_control(self, action: str, reason: str = "") -> None:
        self._asked = Control(action, reason, since=timestamps.now_iso()) if action else None
        for listener in self._listeners:
            listener()

    def start(self, entry: str, params: dict[str, Any]) -> None:
        """A script starts its jobs itself.

        Raises:
            NotPossible: always.
        """
        del entry, params
        raise NotPossible(f"Job {self.job_state.job_id} is started by its script.")

    def pause(self, reason: str = "", checkpoint: dict[str, Any] | None = None) -> int:
        """Close the job's gate in the script; returns how many handlers still run.

        Raises:
            NotPossible: when it does not run, or its script has ended.
        """
        del checkpoint
        with self._lock:
            self._refuse(self.job_state.status != "running", "paused")
            if self._asked is None:
                self._set_control("pause", reason)
                self._order("pause", reason=reason)
            return len(self.job_state.running)

    def resume(self) -> None:
        """Open the gate again; a pause that is still being waited for is called off.

        Raises:
            NotPossible: when it is not paused, or its script has ended.
        """
        with self._lock:
            pausing = self._asked is not None and self._asked.action == "pause"
            self._refuse(self.job_state.status != "paused" and not pausing, "resumed")
            if not pausing:
                self._set_control("resume")
            self._order("resume")

    def cancel(self, reason: str = "") -> int:
        """Drop what has not started; returns how much.

        Raises:
            NotPossible: when it has ended, or its script has.
        """
        with self._lock:
            state = self.job_state
            self._refuse(statuses.has_ended(state.status), "cancelled")
            self._set_control("cancel", reason)
            self._order("cancel", reason=reason)
            return len(state.outstanding) - len(state.running)

    def emit_of(self, routine_id: str, event: str, data: dict[str, Any]) -> None:
        """Have the script emit an event of a routine.

        Raises:
            NotPossible: when there is no such routine or event, or the job has ended.
        """
        shape = self.job_state.flow_shape
        events = {one["id"]: one.get("events") or [] for one in shape.get("routines") or []}
        if event not in events.get(routine_id, ()):
            there = [f"{one}.{name}" for one, names in events.items() for name in names]
            raise NotPossible(
                f"The flow has no event {routine_id}.{event}.", f"It has: {', '.join(there)}."
            )
        with self._lock:
            self._refuse(statuses.has_ended(self.job_state.status), "sent events")
            self._order("emit", routine=routine_id, event=event, data=data)

    def set_shared(self, key: str, value: Any) -> None:
        """Have the script set a key of the job's shared data; it is told back.

        Raises:
            NotPossible: when the job has ended.
        """
        with self._lock:
            self._refuse(statuses.has_ended(self.job_state.status), "altered")
            self._order("set", key=key, value=value)

    def _refuse(self, refused: bool, asked: str) -> None:
        state = self.job_state
        if self.gone or self._refusal_reason:
            raise NotPossible(
                f"Job {state.job_id} can't be {asked}: {self.gone or self._refusal_reason}."
            )
        if refused:
            raise NotPossible(f"Job {state.job_id} is {state.status}: it can't be {asked}.")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has ended or is paused, and no handler runs."""
        with self._lock:
            return self._moved.wait_for(self._is_settled, timeout)

    def _is_settled(self) -> bool:
        state = self.job_state
        if self.gone:
            return True
        return not state.running and statuses.is_settled(state.status)

    def places(self) -> dict[int, str]:
        """Nobody knows in which threads routilux runs them."""
        return {}

    def handlers(self) -> list[str]:
        """The ids of the routines whose handlers run now, one for each handler."""
        with self._lock:
            return [routine_id for routine_id, _ in self.job_state.running.values()]

    def stack(self, task: int) -> str:
        """Where the handler of a task is at this moment; empty when it runs no more."""
        with self._lock:
            if self.gone or self._refusal_reason or task not in self.job_state.running:
                return ""
            self._stacks.pop(task, None)
            self._order("stack", task=task)
            self._moved.wait_for(lambda: task in self._stacks or bool(self.gone), _STACK_WITHIN)
            return self._stacks.pop(task, "")

    def note_stack(self, task: int, text: str) -> None:
        """The script says where the handler of a task is."""
        with self._lock:
            self._stacks[task] = text
            self._moved.notify_all()

    def call_off(self) -> None:
        """The script says that a pause is not waited for any more."""
        with self._lock:
            self._set_control("")

    def refuse_controls(self, why: str) -> None:
        """The job goes on, and hears no orders any more."""
        with self._lock:
            self._refusal_reason = why
            self._set_control("")
            self._moved.notify_all()

    def end(self, why: str) -> None:
        """The script has ended: nothing can be asked of it any more."""
        with self._lock:
            self.gone = why
            self._set_control("")
            self._moved.notify_all()

    def _note_change(self, change: Change) -> None:
        if change[1] not in _MOVES:
            return
        asked, state = self._asked, self.job_state
        if asked is not None and change[1] == "status":
            confirmed = {"pause": "paused", "resume": "running", "cancel": "cancelled"}
            ended = statuses.has_ended(state.status)
            if state.status == confirmed[asked.action] or ended:
                # A cancelled job is told of as such until its last handler has returned.
                self._set_control("cancel" if ended and state.running else "", asked.reason)
        elif asked is not None and statuses.has_ended(state.status) and not state.running:
            self._set_control("")
        self._moved.notify_all()
