"""When a job ends, as far as one can know: what the flow says, earlier runs, what is queued.

`estimate` knows no job: it judges a `Load`. It takes the first of these that holds, and says which:
what the flow itself says of its progress; earlier runs of the same flow with the same parameters,
the newest of which weighs most; what is queued, followed along the connections at the rates seen
so far. A routine that feeds itself may go on for ever, so that a queue tells nothing of its end.

A routine's word is of its own work, and of what it will still send on: what is queued elsewhere
comes on top of it. What is said of the end is said as of the last time that anything began or
ended; while nothing does, the end draws nearer, and is overdue at last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from routilux_tui.views.formatting import limit, minutes, span, time_of_day

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
#: So many seconds after the end that was reckoned with, it is overdue.
_GRACE = 2.0
#: A part that is said to be done is this at the least: of nothing nothing can be reckoned.
_LEAST_PART = 1e-6
OVERDUE = "longer than expected"


class RoutineLoad(msgspec.Struct, frozen=True):
    """What one routine has done and has before it.

    ``done`` counts tasks, whatever tries they took; ``seconds`` is the mean time of one, with all
    of its tries. ``sources`` are the routines whose events it is given. ``spent`` is how long its
    handlers ran in all, those that run now included. ``part`` is what it says itself to have done
    of its work, from 0 to 1; ``promised`` counts tasks that others say will come, beside those of
    its ``sources``. Both are None where nothing is said.
    """

    routine_id: str
    done: int = 0
    queued: int = 0
    running: int = 0
    seconds: float = 0.0
    sources: tuple[str, ...] = ()
    spent: float = 0.0
    part: float | None = None
    promised: int | None = None

    @property
    def arrived(self) -> int:
        """How many tasks it was given so far."""
        return self.done + self.queued + self.running

    @property
    def begun(self) -> int:
        """How many of them it has begun; one at the least."""
        return max(1, self.done + self.running)

    @property
    def cost(self) -> float:
        """The seconds of one task; while the first ones run, as long as these took so far."""
        if self.seconds or self.done or not self.running:
            return self.seconds
        said = 1.0 if self.part is None else max(self.part, _LEAST_PART)
        return self.spent / self.running / said

    @property
    def ahead_by_word(self) -> float:
        """How many tasks' work is left by its own word."""
        if self.part is None:
            return 0.0
        part = max(min(1.0, self.part), _LEAST_PART)
        return self.begun * (1 - part) / part


class EarlierRun(msgspec.Struct, frozen=True):
    """An earlier run that completed: how many seconds it took, without pauses.

    ``routines`` has, by its id, how many tasks each was done with, and the mean seconds of one.
    """

    seconds: float
    routines: dict[str, tuple[int, float]]


class Load(msgspec.Struct, frozen=True):
    """What is known of a job that runs.

    ``elapsed`` is in seconds, without the time in which it was paused or nobody ran it. ``busy`` is
    how many handlers have run at once on the average, of late; 0 where that is not known. ``idle``
    is for how many of those seconds nothing has begun or ended; ``due`` in how many the last task
    may have ended that waits for its time. ``is_held``: something waits until somebody lets it go.
    """

    elapsed: float
    routines: Sequence[RoutineLoad]
    workers: int = 1
    busy: float = 0.0
    idle: float = 0.0
    due: float = 0.0
    is_held: bool = False

    @property
    def is_said(self) -> bool:
        """Whether the flow itself says how much it has done, or will have to do."""
        return any(one.part is not None or one.promised is not None for one in self.routines)


class Estimate(msgspec.Struct, frozen=True):
    """What is known of the end: its ``basis`` is `SAID`, `EARLIER`, `QUEUED` or `UNKNOWN`.

    ``progress`` is the part done, from 0 to 1; ``low`` and ``high`` are the seconds that are
    left. Each is None where it is not known. ``is_overdue``: it should have ended by now.
    """

    basis: str = UNKNOWN
    progress: float | None = None
    low: float | None = None
    high: float | None = None
    is_overdue: bool = False

    @property
    def seconds(self) -> float | None:
        """The seconds that are left, in the middle of the range."""
        return None if self.low is None or self.high is None else (self.low + self.high) / 2

    @property
    def text(self) -> str:
        """It in words: ``about 12m``, ``3m00s to 8m00s``, ``rough: 20m``, ``no end known``."""
        middle = self.seconds
        if middle is None or self.low is None or self.high is None:
            return OVERDUE if self.is_overdue else "no end known"
        if self.basis == QUEUED:
            return f"rough: {_rounded(middle)}"
        if self.high - self.low <= _NARROW * middle or self.high < 1:
            return f"about {_rounded(middle)}"
        return f"{_rounded(self.low)} to {_rounded(self.high)}"


class _Work(NamedTuple):
    """Seconds of handlers.

    ``done``; ``left``, of that by routines' own words (``said``), of tasks whose routine has never
    run (``assumed``), and of one handler (``longest``). ``is_new``: there are such tasks.
    """

    done: float
    left: float
    said: float
    longest: float
    assumed: float
    is_new: bool

    @property
    def progress(self) -> float | None:
        """The part that is done; None where there is none."""
        return self.done / (self.done + self.left) if self.done + self.left > 0 else None


def estimate(load: Load, earlier: Sequence[EarlierRun] = ()) -> Estimate:
    """When the job ends.

    Args:
        load: what the job has done and has before it.
        earlier: completed runs of the same flow with the same parameters, the newest first.
    """
    runs = sum(one.done for one in load.routines)
    is_early = load.elapsed < SOONEST_SECONDS and runs < SOONEST_RUNS
    work = _work(load.routines) if load.is_said or not earlier else None
    if work is not None and load.is_said:
        found = _by_word(load, work, is_early=is_early)
    elif earlier:
        found = _by_earlier(load, earlier, is_early=is_early)
    elif work is None or is_early:
        found = Estimate()
    else:
        found = _by_queue(load, work)
    return _as_of_now(found, load)


def _as_of_now(found: Estimate, load: Load) -> Estimate:
    """What was reckoned as of the last time that anything began or ended, as of now.

    It ends no sooner than the last task that waits for its time, nor while one waits for somebody.
    """
    if found.low is None or found.high is None or load.is_held:
        return msgspec.structs.replace(found, low=None, high=None)
    if load.idle > found.high + _GRACE and not load.due:
        return msgspec.structs.replace(found, low=None, high=None, is_overdue=True)
    low, high = (max(0.0, load.due, one - load.idle) for one in (found.low, found.high))
    return msgspec.structs.replace(found, low=low, high=high)


def ending(
    low: float | None,
    high: float | None,
    now: float,
    *,
    is_short: bool = False,
    is_overdue: bool = False,
) -> str:
    """When a job ends, in words: ``ends about 03:06 (12m)``, ``no end known``.

    Args:
        low: the seconds that are left at the least; None where they are not known.
        high: those that are left at the most.
        now: the moment, in seconds since the epoch.
        is_short: say ``ends 03:06``.
        is_overdue: it should have ended by now.
    """
    if low is None or high is None:
        return OVERDUE if is_overdue else "no end known"
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
            pace = (load.elapsed - load.idle) / (part * run.seconds)
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


def _by_word(load: Load, work: _Work, *, is_early: bool) -> Estimate:
    """By what routines say of their own work, and what is queued beside it."""
    if work.said < work.left / 2:
        return Estimate(SAID, work.progress) if is_early else _by_queue(load, work)
    done = work.progress
    if is_early or done is None or done <= _LEAST_PART:
        return Estimate(SAID, done)
    left = max((load.elapsed - load.idle) * (1 - done) / done, work.longest)
    return Estimate(SAID, done, left * (1 - _NARROW * (1 - done)), left * (1 + _NARROW))


def _by_queue(load: Load, work: _Work) -> Estimate:
    """By what is queued, and by what the routines before it will still send."""
    known = work.left - work.assumed
    if work.is_new and work.assumed >= known:
        return Estimate(QUEUED, work.progress)  # nobody knows how long most of it will take
    workers = max(1.0, min(load.busy, load.workers) if load.busy else load.workers)
    # One routine's tasks may all have to wait for the slowest of them.
    seconds = max(known / workers, work.longest)
    return Estimate(QUEUED, work.progress, seconds * (1 - _ROUGH), seconds * (1 + _ROUGH))


def _work(routines: Sequence[RoutineLoad]) -> _Work | None:
    """What is done and what is left; None where a circle or a first run hides that."""
    ahead = _tasks_left(routines)
    if ahead is None:
        return None
    done = left = said = longest = assumed = 0.0
    is_new = False
    # As far as it is a part of the whole, a task whose routine has never run is reckoned to take as
    # long as others did, or as it took to send it: worse would be that it takes no time.
    whole = sum(max(one.spent, one.done * one.seconds) for one in routines)
    others = sum(one.done for one in routines) or sum(one.arrived for one in routines)
    for one in routines:
        number, cost = ahead[one.routine_id], one.cost
        if number > 0 and not cost and not one.done:
            cost = whole / max(1, others)
            assumed += number * cost
            is_new = True
        if one.part is None:
            done += one.done * one.seconds
            left += number * cost
            longest = max(longest, one.cost if number >= 1 else 0.0)
            continue
        spent = max(one.spent, one.done * one.seconds)
        by_word = one.ahead_by_word * spent / one.begun
        done += spent
        left += max(by_word, number * cost)
        said += by_word
        longest = max(longest, by_word / max(1, one.running))
    return _Work(done, left, said, longest, assumed, is_new)


def _tasks_left(routines: Sequence[RoutineLoad]) -> dict[str, float] | None:
    """How many tasks each routine has before it; None where a circle or a first run hides it."""
    by_id = {one.routine_id: one for one in routines}
    left: dict[str, float] = {}
    under_way: set[str] = set()

    def tasks_left(one: RoutineLoad) -> float | None:
        if one.routine_id in left:
            return left[one.routine_id]
        own = one.queued + one.running * (1 - min(1.0, one.part or 0.0)) + (one.promised or 0)
        if one.routine_id in under_way:
            # it feeds itself: it says how far it is, or nothing is left of it only if all is done
            if one.part is not None:
                return max(own, one.ahead_by_word)
            return None if own else 0.0
        under_way.add(one.routine_id)
        coming, sent = 0.0, 0
        for source in filter(None, map(by_id.get, one.sources)):
            if source is one and one.part is not None:
                continue  # its word has what it sends to itself
            more = tasks_left(source)
            if more is None:
                return None
            coming += more if source.part is None else max(more, source.ahead_by_word)
            sent += source.done if source.part is None else source.begun
        if coming and not sent:
            return None  # nobody knows how much one run of its source sends
        own += one.arrived * coming / sent if coming else 0.0
        under_way.discard(one.routine_id)
        left[one.routine_id] = own
        return own

    for one in routines:
        if tasks_left(one) is None:
            return None
    return left


def _mean(values: Sequence[tuple[float, float]]) -> float:
    """The mean of values, each with its weight; 0 where there are none."""
    weight = sum(one for _, one in values)
    return sum(value * one for value, one in values) / weight if weight else 0.0


def _rounded(seconds: float) -> str:
    """A span no finer than it can be known."""
    if seconds < 59.5:
        return limit(round(seconds)) if seconds >= 0.5 else "<1s"
    if seconds < 3600:
        return minutes(round(seconds / 60) * 60)
    return span(round(seconds / 600) * 600)
