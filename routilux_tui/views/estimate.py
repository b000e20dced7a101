"""When a job ends, as far as one can know: what the flow says, earlier runs, what is queued.

`estimate` knows no job: it judges a `Load`. It takes the first of these that holds, and says which:
what the flow itself says of its progress; earlier runs of the same flow with the same parameters,
the newest of which weighs most; what is queued, followed along the connections at the rates seen
so far. A routine that feeds itself may go on for ever, so that a queue tells nothing of its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.views.formatting import span, time_of_day

if TYPE_CHECKING:
    from collections.abc import Sequence

SAID, EARLIER, QUEUED, UNKNOWN = "said", "earlier", "queued", ""

#: Nothing is said of the end before so many seconds, or so many runs of handlers.
SOONEST_SECONDS = 5.0
SOONEST_RUNS = 20
#: Each earlier run weighs so much less than the one after it.
_OLDER = 0.7
#: How far off an estimate from a queue may be, either way.
_ROUGH = 0.4
#: A range this narrow is told as one number.
_NARROW = 0.25


class RoutineLoad(msgspec.Struct, frozen=True):
    """What one routine has done and has before it.

    ``done`` counts tasks, whatever tries they took; ``seconds`` is the mean time of one, with all
    of its tries. ``sources`` are the routines whose events it is given.
    """

    routine_id: str
    done: int = 0
    queued: int = 0
    running: int = 0
    seconds: float = 0.0
    sources: tuple[str, ...] = ()

    @property
    def arrived(self) -> int:
        """How many tasks it was given so far."""
        return self.done + self.queued + self.running


class EarlierRun(msgspec.Struct, frozen=True):
    """An earlier run that completed: how many seconds it took, without pauses.

    ``routines`` has, by its id, how many tasks each was done with, and the mean seconds of one.
    """

    seconds: float
    routines: dict[str, tuple[int, float]]


class Load(msgspec.Struct, frozen=True):
    """What is known of a job that runs.

    ``elapsed`` is in seconds, without the time in which it was paused or nobody ran it. ``busy`` is
    how many handlers have run at once on the average, of late; 0 where that is not known.
    ``own_progress`` is the part that is done by the flow's own word, from 0 to 1; None where it
    says nothing.
    """

    elapsed: float
    routines: Sequence[RoutineLoad]
    workers: int = 1
    busy: float = 0.0
    own_progress: float | None = None


class Estimate(msgspec.Struct, frozen=True):
    """What is known of the end: its ``basis`` is `SAID`, `EARLIER`, `QUEUED` or `UNKNOWN`.

    ``progress`` is the part done, from 0 to 1; ``low`` and ``high`` are the seconds that are
    left. Each is None where it is not known.
    """

    basis: str = UNKNOWN
    progress: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def seconds(self) -> float | None:
        """The seconds that are left, in the middle of the range."""
        return None if self.low is None or self.high is None else (self.low + self.high) / 2

    @property
    def text(self) -> str:
        """It in words: ``about 12m``, ``3m00s to 8m00s``, ``rough: 20m``, ``no end known``."""
        middle = self.seconds
        if middle is None or self.low is None or self.high is None:
            return "no end known"
        if self.basis == QUEUED:
            return f"rough: {_rounded(middle)}"
        if self.high - self.low <= _NARROW * middle or self.high < 1:
            return f"about {_rounded(middle)}"
        return f"{_rounded(self.low)} to {_rounded(self.high)}"


def estimate(load: Load, earlier: Sequence[EarlierRun] = ()) -> Estimate:
    """When the job ends.

    Args:
        load: what the job has done and has before it.
        earlier: completed runs of the same flow with the same parameters, the newest first.
    """
    runs = sum(one.done for one in load.routines)
    is_early = load.elapsed < SOONEST_SECONDS and runs < SOONEST_RUNS
    if load.own_progress is not None:
        own_progress = min(1.0, max(0.0, load.own_progress))
        if is_early or own_progress <= 0:
            return Estimate(SAID, own_progress)
        left = load.elapsed * (1 - own_progress) / own_progress
        return Estimate(
            SAID, own_progress, left * (1 - _NARROW * (1 - own_progress)), left * (1 + _NARROW)
        )
    if earlier:
        return _by_earlier(load, earlier, is_early=is_early)
    if is_early:
        return Estimate()
    return _by_queue(load)


def ending(low: float | None, high: float | None, now: float, *, is_short: bool = False) -> str:
    """When a job ends, in words: ``ends about 03:06 (12 min)``, ``no end known``.

    Args:
        low: the seconds that are left at the least; None where they are not known.
        high: those that are left at the most.
        now: the moment, in seconds since the epoch.
        is_short: say ``ends 03:06``.
    """
    if low is None or high is None:
        return "no end known"
    middle = (low + high) / 2
    at = time_of_day(now + middle)[:5]
    return f"ends {at}" if is_short else f"ends about {at} ({_rounded(middle)})"


def _by_earlier(load: Load, earlier: Sequence[EarlierRun], *, is_early: bool) -> Estimate:
    """As the earlier runs went: the part of their work that is done, and how long they took."""
    ends: list[tuple[float, float]] = []
    parts: list[tuple[float, float]] = []
    weight = 1.0
    for run in earlier:
        part = _part_done(load, run)
        parts.append((part, weight))
        if 0 < part < 1 and run.seconds > 0:
            # How this run goes beside that one tells more, the more of it is done.
            pace = load.elapsed / (part * run.seconds)
            total = run.seconds * (1 + (pace - 1) * part)
            ends.append((max(0.0, total * (1 - part)), weight))
        weight *= _OLDER
    progress = _mean(parts)
    if is_early or not ends:
        return Estimate(EARLIER, progress)
    middle = _mean(ends)
    low, high = min(one for one, _ in ends), max(one for one, _ in ends)
    return Estimate(EARLIER, progress, min(low, middle), max(high, middle))


def _part_done(load: Load, run: EarlierRun) -> float:
    """The part of an earlier run's work that this one has done.

    Work is runs by the time of one; what is queued beyond that run's numbers is work as well.
    """
    done = whole = 0.0
    known = {one.routine_id: one for one in load.routines}
    for routine_id in {*known, *run.routines}:
        one = known.get(routine_id, RoutineLoad(routine_id))
        runs, seconds = run.routines.get(routine_id, (0, one.seconds))
        done += one.done * seconds
        whole += max(one.arrived, runs) * seconds
    return done / whole if whole else 0.0


def _by_queue(load: Load) -> Estimate:
    """By what is queued, and by what the routines before it will still send."""
    left = _runs_left(load.routines)
    if left is None:
        return Estimate()
    cost = {one.routine_id: one.seconds for one in load.routines}
    work = sum(number * cost[routine_id] for routine_id, number in left.items())
    done = sum(one.done * one.seconds for one in load.routines)
    workers = max(1.0, min(load.busy, load.workers) if load.busy else load.workers)
    # One routine's tasks may all have to wait for the slowest of them.
    longest = max((cost[name] for name, number in left.items() if number >= 1), default=0.0)
    seconds = max(work / workers, longest if work else 0.0)
    progress = done / (done + work) if done + work > 0 else None
    return Estimate(QUEUED, progress, seconds * (1 - _ROUGH), seconds * (1 + _ROUGH))


def _runs_left(routines: Sequence[RoutineLoad]) -> dict[str, float] | None:
    """How often each routine will still run; None where a circle or a first run hides it."""
    by_id = {one.routine_id: one for one in routines}
    left: dict[str, float] = {}
    under_way: set[str] = set()

    def runs_left(one: RoutineLoad) -> float | None:
        if one.routine_id in left:
            return left[one.routine_id]
        if (
            one.routine_id in under_way
        ):  # it feeds itself: nothing is left of it only if all is done
            return 0.0 if one.queued + one.running == 0 else None
        under_way.add(one.routine_id)
        coming, sent = 0.0, 0
        for source in filter(None, map(by_id.get, one.sources)):
            more = runs_left(source)
            if more is None:
                return None
            coming += more
            sent += source.done
        if coming and not sent:
            return None  # nobody knows how much one run of its source sends
        own = one.queued + one.running + (one.arrived * coming / sent if coming else 0.0)
        under_way.discard(one.routine_id)
        left[one.routine_id] = own
        return own

    for one in routines:
        if runs_left(one) is None:
            return None
    return left


def _mean(values: Sequence[tuple[float, float]]) -> float:
    """The mean of values, each with its weight; 0 where there are none."""
    weight = sum(one for _, one in values)
    return sum(value * one for value, one in values) / weight if weight else 0.0


def _rounded(seconds: float) -> str:
    """A span no finer than it can be known."""
    if seconds < 60:
        return span(round(seconds)) if seconds >= 0.5 else "<1s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return span(round(seconds / 600) * 600)
