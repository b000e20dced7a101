"""How a job was started, as it is kept in the job, so that it can be taken up by its name alone."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import hmac
import json
import os
import platform
import secrets
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from routilux_tui import __version__
from routilux_tui.errors import NotPossible
from routilux_tui.runner.paths import make_private, state_folder
from routilux_tui.views.naming import command
from routilux_tui.views.shapes import AlertRule

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.runner.launch_spec import LaunchSpec

MOST_WORKERS = 10_000
KEY = "launch"
"""The key of a job's file under which it stands."""


class FlowToResume(NamedTuple):
    """The flow that a job was started with, and how."""

    flow: str
    params: dict[str, Any] | None = None
    workers: int = 0
    executor: str = ""
    cwd: str = ""
    alerts: tuple[AlertRule, ...] = ()


def launch_record(
    spec: LaunchSpec, workers: int, executor: str, executors: dict[str, str]
) -> dict[str, Any]:
    """What is kept of a job's start; the flow has been loaded.

    ``executors`` are those of routines that have their own.

    It is signed with a key of this user's on this machine: a file is data, and what it names is
    run only if this program has written it there itself.
    """
    path = _source_of(spec.flow)
    launch = {
        "flow": spec.flow,
        "path": str(path) if path is not None else "",
        "sha256": hash_of(path),
        "params": spec.params,
        "entry": spec.entry,
        "workers": workers,
        "executor": executor,
        "executors": executors,
        "python": f"{platform.python_version()} {sys.executable}",
        "cwd": str(Path.cwd()),
        "version": __version__,
        "host": socket.gethostname(),
        "user": user_name(),
        "name": spec.name,
        "labels": spec.labels,
        "parent": spec.parent,
        "reason": spec.reason,
        "after": msgspec.to_builtins(spec.after),
        "queue": spec.queue,
        "alerts": msgspec.to_builtins(spec.alerts),
    }
    return {**launch, "signature": signature_of(launch, spec.job_id, make_key=True)}


def user_name() -> str:
    """This user's name, or his number where he has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def flow_to_resume(
    launch: Any, job_id: str, place: str, *, method: str = "resume", any_source: bool = False
) -> FlowToResume:
    """The flow that a saved job was started with, when its source is still the same.

    Args:
        launch: what the job's file says of its start.
        job_id: the job.
        place: the job's file, for people.
        method: the command that is asked with it, for people.
        any_source: take it, too, when its source is another by now.

    Raises:
        NotPossible: when the file says nothing of it, or was not written by this user on this
            machine, or when the flow's source is another now.
    """
    hint = f"Name the flow: {command(method, Path(place))} --flow FLOW"
    if not isinstance(launch, dict) or not isinstance(launch.get("flow"), str):
        raise NotPossible(f"{place}: it does not say which flow it was started with.", hint)
    unsigned = {key: value for key, value in launch.items() if key != "signature"}
    signature = signature_of(unsigned, job_id)
    claimed = str(launch.get("signature")).encode("utf-8", "replace")
    if not signature or not hmac.compare_digest(signature.encode(), claimed):
        raise NotPossible(
            f"{place}: the job was not started by this user on this machine, so the flow that it "
            "names is not run.",
            hint,
        )
    flow, path = launch["flow"], str(launch.get("path") or "")
    now = hash_of(Path(path)) if path else ""
    if path and not now:
        raise NotPossible(f"{path}, which the job was started with, can't be read.", hint)
    if now != launch.get("sha256", "") and not any_source:
        raise NotPossible(f"{path} has changed since the job was started.", hint)
    from routilux_tui.flow.loading import split_spec

    location, name = split_spec(flow)
    colon = ":" if name else ""
    if location.endswith(".py") or "/" in location:
        flow = f"{path}{colon}{name}"
    cwd, params, workers, executor = (
        launch.get(key) for key in ("cwd", "params", "workers", "executor")
    )
    return FlowToResume(
        flow,
        params if isinstance(params, dict) else {},
        workers if isinstance(workers, int) and 0 < workers <= MOST_WORKERS else 0,
        executor if isinstance(executor, str) else "",
        cwd if isinstance(cwd, str) and Path(cwd).is_dir() else "",
        _alerts(launch.get("alerts")),
    )


def _alerts(plain: Any) -> tuple[AlertRule, ...]:
    """The rules by which people are told of the job; what is none is left out."""
    try:
        return tuple(msgspec.convert(plain or [], list[AlertRule]))
    except msgspec.ValidationError:
        return ()


def signature_of(launch: dict[str, Any], job_id: str, *, make_key: bool = False) -> str:
    """What only this user on this machine can write under a launch; empty where he has no key."""
    place = state_folder() / "key"
    try:
        if make_key and not place.exists():
            make_private(place.parent)
            with contextlib.suppress(FileExistsError):
                handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(32))
        key = place.read_bytes()
    except OSError:
        return ""
    if len(key) < 32:
        return ""
    try:
        text = json.dumps([job_id, launch], sort_keys=True, default=str).encode()
    except (ValueError, RecursionError):  # a number of thousands of digits: not ours
        return ""
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _source_of(flow: str) -> Path | None:
    from routilux_tui.flow.loading import split_spec

    location, _ = split_spec(flow)
    if location.endswith(".py") or "/" in location:
        return Path(location).expanduser().resolve()
    file = getattr(sys.modules.get(location), "__file__", None)
    return Path(file).resolve() if file else None


def hash_of(path: Path | None) -> str:
    """What a file holds, as a digest; empty where it can't be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None else ""
    except OSError:
        return ""


def script_ended(job: Job, path: str) -> NotPossible:
    """What there is to say of a job that a script of routilux ran, and that can't be taken up."""
    launch = job.extra[KEY]
    args = launch.get("args")
    again = [str(launch.get("flow")), *map(str, args if isinstance(args, list) else ())]
    return NotPossible(
        f"{path} was run by a script of {job.library}, and its process has ended: it can't go on.",
        "Send what one of its routines had not done into a new run: "
        f"{command('again', Path(path))} --from ROUTINE; "
        f"or run it anew: {command('run', *again)}",
    )
