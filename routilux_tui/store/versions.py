"""What older versions wrote, upgraded: pauses written twice, addresses for routine ids.

routilux 0.8 has ten keys; 0.9 adds ``pending_tasks``, 0.10 the deferred events and the shared
data and logs, 0.11 two limits of the history. From 0.9 on each pause is written twice, in two
shapes. 0.8 and 0.9 name the routine of an emitted event by its memory address. routilux 1.x has
no JobState; its nearest kin is ``WorkerState``.
"""

from __future__ import annotations

from typing import Any

from routilux_tui.errors import UnknownKind
from routilux_tui.job import timestamps

_OF_A_JOB = ("job_id", "execution_history", "routine_states")
_TWIN_SECONDS = 1.0


def job_of(content: Any) -> dict[str, Any]:
    """The job inside a file's content: the content itself, or what a bundle or flow nests.

    Raises:
        UnknownKind: when there is none; the message says what there is.
    """
    if not isinstance(content, dict):
        raise UnknownKind(f"it holds a {_kind_name(content)}, and no job")
    if content.get("_type") == "JobState" or _looks_like_job(content):
        return upgrade(content)
    if content.get("_type") == "WorkerState" or "worker_id" in content:
        return upgrade(_job_of_worker(content))
    for key in ("job_state", "_job_state", "state", "job"):
        inside = content.get(key)
        if isinstance(inside, dict) and (
            str(inside.get("_type")) in {"JobState", "WorkerState"} or _looks_like_job(inside)
        ):
            flow = content.get("flow") if isinstance(content.get("flow"), dict) else content
            job = job_of(inside)
            rest = {k: v for k, v in content.items() if k != key}
            return _resolve_addresses({**job, "_around": rest}, flow)
    if content.get("_type") == "Flow" or "routines" in content:
        raise UnknownKind("it holds a flow, and no job of it")
    named = content.get("_type")
    raise UnknownKind(
        f"it holds a {named[:60]}, and no job" if isinstance(named, str) else "it holds no job"
    )


def _looks_like_job(content: dict[str, Any]) -> bool:
    kind = content.get("_type")
    return (kind is None or not isinstance(kind, str) or kind.endswith("JobState")) and (
        sum(key in content for key in _OF_A_JOB) >= 2
    )


def _kind_name(value: Any) -> str:
    names = {list: "list", str: "text", bool: "truth value", type(None): "null"}
    return names.get(type(value), "number")


def _job_of_worker(worker: dict[str, Any]) -> dict[str, Any]:
    job = dict(worker)
    job["job_id"] = job.pop("worker_id", None) or worker.get("job_id")
    job.setdefault("created_at", worker.get("started_at"))
    job.setdefault("updated_at", worker.get("completed_at") or worker.get("started_at"))
    return job


def upgrade(job: dict[str, Any]) -> dict[str, Any]:
    """A job's content with each pause standing once. Nothing else is touched."""
    points = job.get("pause_points")
    if isinstance(points, list) and len(points) > 1:
        return {**job, "pause_points": _merge_twin_pauses(points)}
    return job


def _merge_twin_pauses(points: list[Any]) -> list[Any]:
    merged: list[Any] = []
    for point in points:
        if merged and _are_one_pause(merged[-1], point):
            merged[-1] = {**merged[-1], **point, "timestamp": merged[-1].get("timestamp")}
        else:
            merged.append(point)
    return merged


def _are_one_pause(first: Any, second: Any) -> bool:
    """Whether two points are the two shapes in which routilux 0.9 and later writes one pause."""
    if not isinstance(first, dict) or not isinstance(second, dict):
        return False
    if "queue_size" not in first or "current_routine_id" in first:
        return False
    if "current_routine_id" not in second or "queue_size" in second:
        return False
    one, two = (timestamps.to_epoch(point.get("timestamp")) for point in (first, second))
    near = one is None or two is None or abs(two - one) < _TWIN_SECONDS
    return near and first.get("reason") == second.get("reason")


def _resolve_addresses(job: dict[str, Any], flow: Any) -> dict[str, Any]:
    """Addresses replaced by routine ids, as far as the flow in the same file tells them."""
    names = _ids_by_address(flow)
    if not names:
        return job
    upgraded = dict(job)
    for key in ("execution_history", "pending_tasks", "deferred_events"):
        entries = job.get(key)
        if isinstance(entries, list):
            upgraded[key] = [_with_ids(entry, names) for entry in entries]
    current = job.get("current_routine_id")
    if isinstance(current, str):
        upgraded["current_routine_id"] = names.get(current, current)
    return upgraded


def _ids_by_address(flow: Any) -> dict[str, str]:
    routines = flow.get("routines") if isinstance(flow, dict) else None
    if not isinstance(routines, dict):
        return {}
    names = {}
    for routine_id, routine in routines.items():
        address = routine.get("_id") if isinstance(routine, dict) else None
        if isinstance(address, str) and address != routine_id:
            names[address] = routine_id
    return names


def _with_ids(entry: Any, names: dict[str, str]) -> Any:
    if not isinstance(entry, dict):
        return entry
    renamed = dict(entry)
    for key in (
        "routine_id",
        "slot_routine_id",
        "connection_source_routine_id",
        "connection_target_routine_id",
    ):
        value = entry.get(key)
        if isinstance(value, str) and value in names:
            renamed[key] = names[value]
    return renamed


def is_address(routine_id: str) -> bool:
    """Whether an older routilux named a routine by its place in memory."""
    return routine_id.startswith("0x") and len(routine_id) > 4
