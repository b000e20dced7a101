"""`ExecutionTracker`: counts and times of a flow's routines, as routilux tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import as_text, to_plain
from routilux_tui.job.numbers import as_number

if TYPE_CHECKING:
    from routilux_tui.flow.structure import FlowStructure
    from routilux_tui.state.job_state import JobState


#: What a tracker is made of, and of which types.
_FIELDS: dict[str, type] = {
    "flow_id": str,
    "routine_executions": dict,
    "event_flow": list,
    "performance_metrics": dict,
}


class ExecutionTracker:
    """What was run, how often and how long, and which events were emitted.

    `Flow.execution_tracker` is filled from a job. One that is made by hand is filled by the
    ``record_`` methods.

    Args:
        flow_id: the flow.
    """

    def __init__(self, flow_id: str = "") -> None:
        self.flow_id = flow_id
        #: Routine id -> one dict for each execution.
        self.routine_executions: dict[str, list[dict[str, Any]]] = {}
        #: One dict for each event that was emitted.
        self.event_flow: list[dict[str, Any]] = []
        self.performance_metrics: dict[str, Any] = {}

    @classmethod
    def of_job(cls, flow: FlowStructure, job_state: JobState) -> ExecutionTracker:
        """The tracker of a job as it is now.

        A job keeps the sum of a routine's times: each of its executions is told with their mean.
        """
        tracker = cls(flow.flow_id)
        with job_state.lock:
            states = dict(job_state.routine_states)
            history = list(job_state.execution_history)
        for routine_id, state in states.items():
            if statuses.is_routine(routine_id) and isinstance(state, dict):
                tracker.routine_executions[routine_id] = _executions(routine_id, state)
        for record in history:
            routine = flow.routines.get(record.routine_id)
            if routine is None or routine.get_event(record.event_name) is None:
                continue
            targets = flow.targets(record.routine_id, record.event_name)
            tracker.event_flow.append(
                {
                    "timestamp": record.written_at,
                    "source_routine_id": record.routine_id,
                    "event_name": record.event_name,
                    "target_routine_id": targets[0][0] if targets else None,
                    "data": record.data,
                }
            )
        tracker.performance_metrics = tracker.get_flow_performance()
        return tracker

    def serialize(self) -> dict[str, Any]:
        """The tracker as a plain dict that JSON can hold."""
        plain: dict[str, Any] = to_plain({name: getattr(self, name) for name in _FIELDS})
        return {"_type": "ExecutionTracker", **plain}

    def deserialize(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Take over what `serialize` gave; what is missing, or of another type, stays."""
        for name, kind in _FIELDS.items():
            if isinstance(data.get(name), kind):
                setattr(self, name, data[name])

    def record_routine_start(self, routine_id: str, params: dict[str, Any] | None = None) -> None:
        """Note that a routine starts."""
        self.routine_executions.setdefault(routine_id, []).append(
            {
                "routine_id": routine_id,
                "start_time": timestamps.now_iso(),
                "params": params or {},
                "status": "running",
            }
        )

    def record_routine_end(
        self,
        routine_id: str,
        status: str = "completed",
        result: Any = None,
        error: str | None = None,
    ) -> None:
        """Note that a routine's latest execution has ended; one that never started is left out."""
        executions = self.routine_executions.get(routine_id)
        if not executions:
            return
        execution = executions[-1]
        execution["end_time"] = timestamps.now_iso()
        execution["status"] = status
        if result is not None:
            execution["result"] = result
        if error is not None:
            execution["error"] = error
        start, end = (timestamps.to_epoch(execution[name]) for name in ("start_time", "end_time"))
        if start is not None and end is not None:
            execution["execution_time"] = end - start

    def record_event(
        self,
        source_routine_id: str,
        event_name: str,
        target_routine_id: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        """Note that an event is emitted."""
        self.event_flow.append(
            {
                "timestamp": timestamps.now_iso(),
                "source_routine_id": source_routine_id,
                "event_name": event_name,
                "target_routine_id": target_routine_id,
                "data": data or {},
            }
        )

    def get_routine_performance(self, routine_id: str) -> dict[str, Any] | None:
        """Counts and times (in seconds) of a routine; None where it never ran."""
        executions = self.routine_executions.get(routine_id)
        if not executions:
            return None
        ended = [one.get("status") for one in executions]
        times = [one["execution_time"] for one in executions if "execution_time" in one]
        completed = ended.count("completed")
        return {
            "total_executions": len(executions),
            "completed": completed,
            "failed": ended.count("failed"),
            "success_rate": completed / len(executions),
            "avg_execution_time": sum(times) / len(times) if times else 0,
            "min_execution_time": min(times, default=0),
            "max_execution_time": max(times, default=0),
        }

    def get_flow_performance(self) -> dict[str, Any]:
        """Counts and times (in seconds) of the whole: routines' mean times, added up."""
        found = [self.get_routine_performance(one) for one in self.routine_executions]
        times = [one["avg_execution_time"] for one in found if one and one["avg_execution_time"]]
        return {
            "total_routines": len(self.routine_executions),
            "total_events": len(self.event_flow),
            "total_execution_time": sum(times),
            "avg_routine_time": sum(times) / len(times) if times else 0,
        }


def _executions(routine_id: str, state: dict[str, Any]) -> list[dict[str, Any]]:
    """One dict for each run of a routine that its state counts."""
    runs, errors, active = (
        value if type(value := state.get(name)) is int and value > 0 else 0
        for name in ("runs", "errors", "active")
    )
    ended = max(0, runs - active)
    busy = as_number(state.get("execution_time"))
    mean = busy / ended if ended else 0.0
    failed = "failed" if statuses.routine_has_failed(as_text(state.get("status"))) else "error"
    shown: dict[str, Any] = {
        "routine_id": routine_id,
        "start_time": state.get("started_at"),
        "params": {},
    }
    done = {**shown, "end_time": state.get("ended_at"), "execution_time": mean}
    return [
        *({**done, "status": "completed"} for _ in range(ended - min(errors, ended))),
        *({**done, "status": failed} for _ in range(min(errors, ended))),
        *({**shown, "status": "running"} for _ in range(min(active, runs))),
    ]
