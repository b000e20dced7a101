"""Starting a runner: a process of its own that outlives the terminal it was started from."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import FlowLoadError, NotPossible, Unreachable
from routilux_tui.runner import protocol
from routilux_tui.runner.interpreter import python_of
from routilux_tui.runner.launch_record import KEY, FlowToResume, flow_to_resume, script_ended
from routilux_tui.runner.launch_spec import LaunchResult, LaunchSpec, Predecessor, RetrySpec
from routilux_tui.runner.paths import log_path, make_private, socket_path
from routilux_tui.views.naming import command, launch_names

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.views.choosing import Sent
    from routilux_tui.views.shapes import AlertRule

_ENDS_WITHIN = 10.0
UNBUFFERED, BY_US = "PYTHONUNBUFFERED", "by routilux-tui"
"""What has a runner's Python print at once, where its user has not said so."""


def start_job(
    flow: str,
    params: dict[str, Any] | None = None,
    *,
    entry: str = "",
    name: str = "",
    labels: dict[str, str] | None = None,
    after: list[Predecessor] | None = None,
    queue: tuple[str, int] = ("", 0),
    save: str = "",
    force: bool = False,
    log_size: int = 0,
    workers: int = 0,
    executor: str = "",
    read_only: bool = False,
    keep: str = "",
    alerts: list[AlertRule] | None = None,
    max_history_size: int | None = None,
    history_ttl_seconds: float | None = None,
) -> LaunchResult:
    """Start a job in a runner of its own; returns when it runs.

    Args:
        flow: ``path/to/file.py[:name]`` or ``package.module[:name]``.
        params: parameters of the flow's factory and of its entry routine.
        entry: the routine to start with; by default the only one with a ``trigger`` slot.
        name: what the job is called beside its flow; shown, searched, and a way to name it.
        labels: what else is to be known of it; shown, searched, and seen by conditions.
        after: jobs that have to end before it begins; it is pending until then.
        queue: the queue in which it waits for its turn, and how many of it run at once.
        save: the file to keep the job in; by default one in the state folder.
        log_size: bytes that what its handlers print may take at most; 0 leaves it to the default.
        force: keep it in that file whatever is in it now.
        workers: handlers at once; 0 leaves it to the flow.
        executor: where handlers run whose routines don't say; empty leaves it to the flow.
        read_only: a runner that takes no controls.
        keep: what is kept of the changes of jobs that have ended, here and beside its file:
            ``30d``, ``1GB``, ``none``; by default all.
        alerts: rules by which people are told of it.
        max_history_size: records that the job keeps in its history; by default all.
        history_ttl_seconds: seconds that it keeps them; by default for ever.

    Raises:
        FlowLoadError: when the flow can't be loaded; with the user's traceback.
        NotPossible: when the file is no job of this flow that has ended, without ``force``.
        RoutiluxTuiError: as the runner refuses.
    """
    job_id = str(uuid.uuid4())
    return launch(
        LaunchSpec(
            flow=flow,
            job_id=job_id,
            socket=str(socket_path(job_id)),
            log=str(log_path(job_id)),
            params=params or {},
            entry=entry,
            name=name,
            labels=labels or {},
            after=after or [],
            queue=queue[0],
            queue_limit=queue[1],
            save=str(Path(save).absolute()) if save else "",
            force=force,
            log_size=log_size,
            workers=workers,
            executor=executor,
            read_only=read_only,
            keep=keep,
            alerts=alerts or [],
            max_history_size=max_history_size,
            history_ttl_seconds=history_ttl_seconds,
        )
    )


def resume_job(
    path: str,
    flow: str = "",
    *,
    workers: int = 0,
    executor: str = "",
    read_only: bool = False,
    keep: str = "",
    log_size: int = 0,
) -> LaunchResult:
    """Take up a saved job in a new runner; returns when it runs.

    Args:
        path: its file.
        flow: the flow, as for `start_job`; by default that which it was started with, in the same
            folder and with the same parameters, if its source is still the same.
        workers: handlers at once; 0 leaves it to the job's start, or to the flow.
        executor: where they run; empty leaves it to the job's start, or to the flow.
        read_only: a runner that takes no controls.
        keep: what is kept of its changes when it has ended.
        log_size: bytes that what its handlers print may take at most; 0 leaves it to the default.

    Raises:
        JobFileError: when the file holds no readable job.
        NotPossible: when it can't be taken up; the message says why, and what to do.
        FlowLoadError: when the flow can't be loaded; with the user's traceback.
    """
    from routilux_tui.job.model import Job
    from routilux_tui.store.reading import load_job

    job = load_job(path, into=Job, strict=True)
    record = job.extra.get(KEY)
    if job.library:
        raise script_ended(job, path)
    job_id = job.job_id
    begun = FlowToResume(flow) if flow else flow_to_resume(record, job_id, path)
    spec = LaunchSpec(
        flow=begun.flow,
        params=begun.params or {},
        cwd=begun.cwd,
        alerts=list(begun.alerts),
        job_id=job_id,
        socket=str(socket_path(job_id)),
        log=str(log_path(job_id)),
        workers=workers or begun.workers,
        executor=executor or begun.executor,
        log_size=log_size,
        resume=str(Path(path).absolute()),
        read_only=read_only,
        keep=keep,
    )
    return launch(_begun_anew(spec, job) if job.status == "pending" and not flow else spec)


def _begun_anew(spec: LaunchSpec, job: Job) -> LaunchSpec:
    """How to begin a job that waited for others to end when its runner was killed.

    The record of its start is this user's own: `flow_to_resume` has looked.
    """
    record: dict[str, Any] = job.extra[KEY]
    if not record.get("after"):
        return spec
    name, labels = launch_names(record)
    return msgspec.structs.replace(
        spec,
        resume="",
        save=spec.resume,
        force=True,
        entry=str(record.get("entry") or ""),
        name=name,
        labels=labels,
        parent=str(record.get("parent") or ""),
        reason=str(record.get("reason") or ""),
        after=msgspec.convert(record["after"], list[Predecessor]),
    )


def retry_job(
    path: str,
    retry: RetrySpec,
    *,
    flow: str = "",
    keep: str = "",
    log_size: int = 0,
) -> Sent:
    """Take up a saved job that has ended, for inputs that failed; returns when it runs.

    The flow is the one that it was started with, as its source is now: what was mended is mended.
    A runner that has run the job to its end, and answers still, goes on itself.

    Args:
        path: its file.
        retry: what is sent again.
        flow: the flow, where it is another.
        keep: what is kept of its changes when it has ended.
        log_size: bytes that what its handlers print may take at most; 0 leaves it to the default.

    Raises:
        JobFileError: when the file holds no readable job.
        NotPossible: when it has not ended, nothing that is meant has failed, or it can't go on.
        FlowLoadError: when the flow can't be loaded; with the user's traceback.
    """
    from routilux_tui.job.model import Job
    from routilux_tui.job.status import has_ended, how_left
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.discover import is_stale
    from routilux_tui.store.reading import load_job
    from routilux_tui.views.choosing import Sent, choose
    from routilux_tui.views.shapes import Header

    job = load_job(path, into=Job, strict=True)
    if job.library:
        raise script_ended(job, path)
    if not has_ended(job.status):
        raise NotPossible(
            f"{path}: {how_left(job.status)}.",
            f"Go on with it first: {command('resume', Path(path))}",
        )
    choose(job, retry.wanted, Path(path))
    record, job_id = job.extra.get(KEY), job.job_id
    lingering = socket_path(job_id)
    if not flow and lingering.exists() and not is_stale(lingering):
        with Client(lingering) as client:
            return client.sent("retry", **retry.as_request())
    begun = FlowToResume(flow) if flow else flow_to_resume(
        record, job_id, path, method="retry", any_source=True
    )  # fmt: skip
    started = launch(
        LaunchSpec(
            flow=begun.flow,
            params=begun.params or {},
            cwd=begun.cwd,
            alerts=list(begun.alerts),
            job_id=job_id,
            socket=str(socket_path(job_id)),
            log=str(log_path(job_id)),
            workers=begun.workers,
            executor=begun.executor,
            log_size=log_size,
            resume=str(Path(path).absolute()),
            retry=retry,
            keep=keep,
        )
    )
    sent = started.sent or Sent(header=Header(job_id=job_id, flow_id=job.flow_id, status="running"))
    return msgspec.structs.replace(sent, socket=started.socket)


def launch(spec: LaunchSpec) -> LaunchResult:
    """Start a runner; returns when its job runs.

    Raises:
        FlowLoadError: when the flow can't be loaded; with the user's traceback.
        RoutiluxTuiError: as the runner refuses.
    """
    process, reading = start_runner(spec)
    try:
        with os.fdopen(reading, "rb") as report:  # it says when it is ready, and when it has begun
            lines = [line for line in (report.readline(), report.readline()) if line]
    except BaseException:  # Ctrl+C: what nobody waits for any more is not to start later
        _call_off(process)
        raise
    if not lines:
        process.wait()
        raise Unreachable(
            f"The runner ended before it said anything (exit code {process.returncode}).",
            f"Its log: {spec.log}",
        )
    result = msgspec.json.decode(lines[-1], type=LaunchResult)
    if result.error is not None:
        process.wait()
        error = protocol.raised(result.error)
        if isinstance(error, FlowLoadError):
            error.traceback = result.traceback
        raise error
    if len(lines) == 1:
        process.wait()
        raise runner_gone(result, spec.flow)
    process.returncode = 0  # it is on its own now; nobody here waits for it
    return result


def start_runner(
    spec: LaunchSpec, handles: tuple[int, ...] = ()
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a runner, and give it its launch spec.

    Args:
        spec: what it is to do.
        handles: descriptors that it gets, besides its own.

    Returns:
        Its process, and the descriptor on which it reports.

    Raises:
        Unreachable: when its log can't be kept.
    """
    log = Path(spec.log)
    try:
        make_private(log.parent)
        log.touch(mode=0o600)
    except OSError as problem:
        raise Unreachable(
            f"{log.parent}: nothing can be kept there: {problem.strerror or problem}.",
            "Make room, or set XDG_STATE_HOME to a folder of your own.",
        ) from problem
    reading, writing = os.pipe()
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                python_of("routilux_tui.runner.host", str(writing)),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd=spec.cwd or None,
                pass_fds=(writing, *handles),
                env={UNBUFFERED: BY_US, **os.environ},
            )
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.write(msgspec.json.encode(spec))
                process.stdin.close()
    finally:
        os.close(writing)
    return process, reading


def _call_off(process: subprocess.Popen[bytes]) -> None:
    """End a runner that has not begun its job yet; one that just has, holds the job as paused."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def runner_gone(result: LaunchResult, flow: str) -> Unreachable:
    """What there is to say when a job's process has ended before the job."""
    return Unreachable(
        f"The process of job {result.job_id} answers no more: "
        "it was killed, or a handler ended it.",
        f"What was done is kept. Go on: {command('resume', Path(result.path), flow)}",
    )
