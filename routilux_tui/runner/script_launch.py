"""Starting a script of routilux in a runner, and hearing of its jobs."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.errors import FlowLoadError, RoutiluxTuiError
from routilux_tui.runner import protocol
from routilux_tui.runner.launch import start_runner
from routilux_tui.runner.launch_spec import LaunchResult, LaunchSpec, ScriptSpec
from routilux_tui.runner.paths import log_path
from routilux_tui.runner.script_python import find_interpreter

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from routilux_tui.runner.script import Script


class ScriptRun:
    """A script that was started; it goes on when this is let go.

    Args:
        process: its runner.
        report: where the runner reports, as a descriptor.
        printed: where what the script prints comes, and its errors, as descriptors; empty where
            nobody follows.
        log: the file in which the beginning of both is kept.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        report: int,
        printed: tuple[int, ...],
        log: str,
    ) -> None:
        self._process = process
        self._report = report
        self.printed = printed
        self.log = log

    def results(self) -> Iterator[LaunchResult]:
        """Each job as it begins; the last one has the script's exit code.

        Raises:
            RoutiluxTuiError: as the runner refuses.
        """
        with os.fdopen(self._report, "rb") as lines:
            for line in lines:
                result = msgspec.json.decode(line, type=LaunchResult)
                if result.error is not None:
                    raise self._error(result)
                if result.job_id or result.exit_code is not None:
                    yield result

    @staticmethod
    def _error(result: LaunchResult) -> RoutiluxTuiError:
        error = protocol.raised(result.error or {})
        if isinstance(error, FlowLoadError):
            error.traceback = result.traceback
        return error

    def detach(self) -> None:
        """It is on its own now; nobody here waits for it."""
        self._process.returncode = 0


def start_script(
    script: Script,
    args: list[str],
    spec: LaunchSpec,
    *,
    python: str = "",
    is_followed: bool = False,
    job: int = 1,
) -> ScriptRun:
    """Start a script, or a flow of one by its name, in a runner of its own.

    Args:
        script: what to run.
        args: the script's own arguments.
        spec: parameters, entry and workers of a flow, and how its job is kept; a second job's file
            has ``-2`` in its name, and so on. What the script is, and its log, are put in here.
        python: the Python that has its routilux; empty to look for one.
        is_followed: whether what it prints is wanted here; then it has to be read, or it waits.
        job: which of its jobs it is that begins with the spec's tasks.

    Raises:
        FlowLoadError: when no Python with routilux 0.10 or 0.11 is found.
        NotPossible: when its log can't be kept.
    """
    found = find_interpreter(script.place, Path(script.file).parent, python)
    log = log_path(str(uuid.uuid4()))
    pipes = [os.pipe(), os.pipe()] if is_followed else []
    handles = tuple(writing for _, writing in pipes)
    spec = msgspec.structs.replace(
        spec,
        log=str(log),
        script=ScriptSpec(
            place=script.place,
            file=script.file,
            module=script.module,
            name=script.name,
            is_bare=script.is_bare,
            args=args,
            python=found.path,
            version=found.version,
            stdout=handles[0] if handles else -1,
            stderr=handles[1] if handles else -1,
            job=job,
        ),
    )
    try:
        process, report = start_runner(spec, handles)
    finally:
        for handle in handles:
            os.close(handle)
    return ScriptRun(process, report, tuple(reading for reading, _ in pipes), str(log))
