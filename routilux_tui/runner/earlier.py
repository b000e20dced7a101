"""The earlier runs of a flow that are saved on this machine, as far as they are compared with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.runner.paths import jobs_folder, saved_runs_of
from routilux_tui.store.large_file import open_job
from routilux_tui.store.locks import is_locked
from routilux_tui.store.segments import changes_folder
from routilux_tui.views.earlier import KnownRun, known_run_of

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.views.projection import Projection

#: Runs that a run is compared with.
MOST_RUNS = 20
#: Files that are opened for them at most: those of killed runs are opened in vain.
_MOST_OPENED = 3 * MOST_RUNS
#: Bytes of their files that are read at most, newest first, and of one that is read at all; of one
#: whose changes are kept, a keyframe is.
_MOST_BYTES, _LARGEST = 128 << 20, 32 << 20
#: What is known of runs, by path, time and size of their files; so many at most.
_KNOWN: dict[tuple[str, int, int], KnownRun | None] = {}
_MOST_KNOWN = 500
#: By folder and flow, when its last runs were looked for, and these; so many seconds they stay.
_LOOKED: dict[tuple[str, str], tuple[float, list[KnownRun]]] = {}
_STAYS = 5.0


def earlier_runs(flow_id: str, job_id: str, began: float | None) -> list[KnownRun]:
    """The last runs of a flow that had begun before a job did, and have ended; newest first.

    Args:
        flow_id: the flow.
        job_id: the job, which is not among them.
        began: when it began, in seconds since the epoch; None where it is not known.
    """
    found: list[KnownRun] = []
    opened = read = 0
    for path, size in _newest_first(saved_runs_of(flow_id)):
        if len(found) == MOST_RUNS or opened == _MOST_OPENED:
            break
        # those that run have not ended: hundreds of runners would each open all of the others
        if size > _LARGEST or is_locked(path) or (read := read + size) > _MOST_BYTES:
            continue
        opened += 1
        run = _known(path)
        if run is None or run.flow_id != flow_id or run.job_id == job_id:
            continue
        if began is None or run.began is None or run.began < began:
            found.append(run)
    return found


def compare_with_earlier(projection: Projection) -> None:
    """Judge a job of a file by other runs of its flow, as the process did that ran it.

    One that has ended is judged by those before it.
    """
    job = projection.job
    if statuses.has_ended(job.status):
        runs = earlier_runs(job.flow_id, job.job_id, timestamps.to_epoch(job.created_at))
    else:
        runs = _last_runs(job.flow_id)
    with job.lock:
        projection.compare_with(runs)


def _last_runs(flow_id: str) -> list[KnownRun]:
    """The last runs of a flow that have ended; looked for once for a list that has many of it."""
    now, key = time.monotonic(), (str(jobs_folder()), flow_id)
    looked, runs = _LOOKED.get(key, (now - 2 * _STAYS, []))
    if now - looked > _STAYS:
        runs = earlier_runs(flow_id, "", None)
        if len(_LOOKED) >= _MOST_KNOWN:
            _LOOKED.clear()
        _LOOKED[key] = (time.monotonic(), runs)
    return runs


def _newest_first(paths: list[Path]) -> list[tuple[Path, int]]:
    """Files, and how much is to be read of each."""
    seen = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        is_kept = changes_folder(path).is_dir()
        seen.append((stat.st_mtime, path, 0 if is_kept else stat.st_size))
    return [(path, size) for _, path, size in sorted(seen, reverse=True)]


def _known(path: Path) -> KnownRun | None:
    """What a run was like, read once for all that are compared with it."""
    try:
        stat = path.stat()
    except OSError:
        return None
    key = (str(path), stat.st_mtime_ns, stat.st_size)
    if key not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[key] = _read(path)
    return _KNOWN[key]


def _read(path: Path) -> KnownRun | None:
    try:
        job = open_job(path)
    except (RoutiluxTuiError, OSError):
        return None
    return known_run_of(job) if statuses.has_ended(job.status) else None
