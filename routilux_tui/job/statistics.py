"""A job's statistics, folded as its changes are: constant memory for each routine.

What one change adds is noted in a list or a counter; at the end of each *tick* (a second, or less
while a job is young) all that was noted is sorted in at once, which costs a tenth. Times are in
seconds, moments in seconds since the epoch.
"""

from __future__ import annotations

from collections import Counter
from operator import itemgetter, sub
from typing import TYPE_CHECKING, Any

from routilux_tui.job.activity import Activity, Buckets
from routilux_tui.job.error_kinds import Problems, common_part
from routilux_tui.job.numbers import as_count, as_number, is_id
from routilux_tui.job.sketch import Sketch
from routilux_tui.job.uptime import Uptime

if TYPE_CHECKING:
    from routilux_tui.job.tasks import Task

#: How many whole seconds the sparkline and the rate look back.
RECENT = 60
#: A window of the last minute's run times, in seconds, and how many are kept.
_WINDOW, _WINDOWS = 15, 5
_COUNTS = ("ended", "errors", "retries", "skips", "dropped", "stopped")
#: Inputs that went well, to which those that failed are compared.
MOST_USUAL = 64
#: So many values are counted in the sketches at once.
_MANY = 4096
Running = dict[int, tuple[str, float]]
"""Tasks whose handlers run: task id -> routine id, start."""


class RoutineStatistics:
    """What one routine's handlers did."""

    __slots__ = (
        *_COUNTS,
        "_unsorted_times",
        "_unsorted_waits",
        "_window_number",
        "_windows",
        "activity",
        "errors_noted",
        "noted",
        "queue_wait",
        "queued",
        "recent",
        "retries_noted",
        "run_time",
        "running",
        "usual",
        "usual_seen",
    )

    def __init__(self) -> None:
        #: Handlers ended, ended by an error, to be retried, skipped or continued; tasks dropped.
        self.ended = self.errors = self.retries = self.skips = self.dropped = 0
        #: Handlers that were stopped as their job was cancelled, of those that ended.
        self.stopped = 0
        #: Tasks that wait for it, and its handlers that run.
        self.queued = self.running = 0
        #: What the inputs of the first tasks that went well have in common, and how many they are.
        self.usual: dict[str, Any] | None = None
        self.usual_seen = 0
        self.run_time = Sketch()
        self.queue_wait = Sketch()
        #: Whole second -> handlers that ended in it, and errors.
        self.recent: dict[int, list[int]] = {}
        self._windows: dict[int, Sketch] = {}
        self._window_number = 0
        #: What was when; see `routilux_tui.job.activity.Buckets`.
        self.activity: Buckets = {}
        #: Noted since it was last sorted in: when each handler that has ended was queued, began
        #: and ended, one after the other (the garbage collector looks at no floats); how many
        #: errors and retries there were.
        self.noted: list[float] = []
        self.errors_noted = self.retries_noted = 0
        # Counted, but not yet in the sketches.
        self._unsorted_times: list[float] = []
        self._unsorted_waits: list[float] = []

    @property
    def done(self) -> int:
        """Tasks that it is done with: no try that is made again, and none that was stopped."""
        return max(0, self.ended - self.retries - self.stopped)

    def note_usual(self, data: Any) -> None:
        """Note the input of a task that went well, of the first `MOST_USUAL` alone."""
        self.usual = common_part(self.usual, data)
        self.usual_seen += 1

    def sort_in(self, clock: Activity, at: float, emitted: int, running: int, since: float) -> None:
        """Sort in what was noted in the tick that began at ``at``.

        Args:
            clock: the job's.
            at: when the tick began.
            emitted: how many tasks were queued for the routine.
            running: how many of its handlers run now.
            since: when somebody began to run the job: no task waited before that.
        """
        noted, errors = self.noted, self.errors_noted
        ends = len(noted) // 3
        starts = ends + running - self.running
        self.running = running
        self.queued += emitted - starts
        if starts or ends or errors:
            bucket = clock.bucket(self.activity, at)
            bucket[1] += starts
            bucket[2] += ends
            bucket[3] += errors
            bucket[4] += self.retries_noted
            self._add_recent(int(at), ends, errors)
            self.ended += ends
            self.errors += errors
            self.retries += self.retries_noted
            self.errors_noted = self.retries_noted = 0
        if ends:
            self.noted = []
            self._sort_in_times(clock, at, noted, since)

    def _sort_in_times(self, clock: Activity, at: float, noted: list[float], since: float) -> None:
        queued, began, ended = noted[::3], noted[1::3], noted[2::3]
        times, waits = list(map(sub, ended, began)), list(map(sub, began, queued))
        if since > (clock.origin or 0.0) and min(queued) < since:
            pairs = zip(queued, began, strict=True)
            waits = [start - max(one, since) for one, start in pairs]
        busy = sum(times)
        if min(began) < at:
            runs = [one for one in zip(began, ended, strict=True) if one[0] < at]
            starts, ends = [start for start, _ in runs], [end for _, end in runs]
            busy -= sum(map(sub, ends, starts))  # these were busy in earlier ticks, too
            clock.spread(self.activity, starts, ends)
        clock.bucket(self.activity, at)[0] += max(0, round(busy * 1e6))
        if int(at) // _WINDOW != self._window_number:
            self.fill_sketches()
            self._window_number = int(at) // _WINDOW
        self._unsorted_times += times
        self._unsorted_waits += waits
        if len(self._unsorted_times) >= _MANY:
            self.fill_sketches()

    def fill_sketches(self) -> None:
        """Count in the sketches what is not yet; many at once cost least."""
        if not self._unsorted_times:
            return
        run_time = Sketch.of(self._unsorted_times)
        self.run_time.merge(run_time)
        window = self._windows.get(self._window_number)
        if window is not None:
            window.merge(run_time)
        else:
            self._windows[self._window_number] = run_time
            while len(self._windows) > _WINDOWS:
                del self._windows[next(iter(self._windows))]
        self.queue_wait.merge(Sketch.of(self._unsorted_waits))
        self._unsorted_times, self._unsorted_waits = [], []

    def _add_recent(self, second: int, ends: int, errors: int) -> None:
        recent = self.recent
        there = recent.get(second)
        if there is not None:
            there[0] += ends
            there[1] += errors
            return
        recent[second] = [ends, errors]
        if len(recent) > 2 * RECENT:
            self.recent = {one: n for one, n in recent.items() if one > second - RECENT - 2}

    def last_minute(self, now: float) -> Sketch:
        """The run times of the last minute, or a little more."""
        self.fill_sketches()
        sketch = Sketch()
        for number, window in self._windows.items():
            if number > int(now) // _WINDOW - _WINDOWS:
                sketch.merge(window)
        return sketch

    def to_plain(self) -> dict[str, Any]:
        """As a file has it."""
        self.fill_sketches()
        return {
            "counts": [getattr(self, name) for name in _COUNTS],
            "usual": [self.usual_seen, self.usual],
            "run_time": self.run_time.to_plain(),
            "queue_wait": self.queue_wait.to_plain(),
            "recent": [[second, *numbers] for second, numbers in self.recent.items()],
            "windows": [[number, one.to_plain()] for number, one in self._windows.items()],
            "activity": [
                [number, *_without_zeros(bucket)]
                for number, bucket in sorted(self.activity.items())
            ],
        }

    @classmethod
    def from_plain(cls, plain: Any, clock: Activity) -> RoutineStatistics:
        """What `to_plain` gave; of what it did not give, nothing."""
        one = cls()
        fields = plain if isinstance(plain, dict) else {}
        for name, value in zip(_COUNTS, _list(fields, "counts"), strict=False):
            setattr(one, name, as_count(value))
        usual = fields.get("usual")
        if isinstance(usual, list) and len(usual) == 2 and is_id(usual[0]):
            one.usual_seen = usual[0]
            one.usual = usual[1] if isinstance(usual[1], dict) else None
        one.run_time = Sketch.from_plain(fields.get("run_time"))
        one.queue_wait = Sketch.from_plain(fields.get("queue_wait"))
        for entry in _list(fields, "recent")[-2 * RECENT :]:
            if isinstance(entry, list) and len(entry) == 3 and all(map(is_id, entry)):
                one.recent[entry[0]] = entry[1:]
        for entry in _list(fields, "windows")[-_WINDOWS:]:
            if isinstance(entry, list) and len(entry) == 2 and is_id(entry[0]):
                one._windows[entry[0]] = Sketch.from_plain(entry[1])
        for entry in _list(fields, "activity"):
            if not isinstance(entry, list) or not 1 <= len(entry) <= 7:
                continue
            if all(map(is_id, entry)) and entry[0] < clock.most:
                one.activity[entry[0]] = [*entry[1:], *[0] * (7 - len(entry))]
        return one


class Statistics:
    """The statistics of a job."""

    __slots__ = (
        *("began", "clock", "emitted", "problems", "routines", "tick_began", "tick_ends"),
        *("said_at", "uptime"),
    )

    def __init__(self) -> None:
        self.routines: dict[str, RoutineStatistics] = {}
        self.problems = Problems()
        self.clock = Activity()
        #: For which routine each task was queued, since they were last sorted in.
        self.emitted: list[str] = []
        #: When somebody began to run the job, or took it up: nothing waited before that.
        self.began = 0.0
        self.uptime = Uptime()
        #: When a routine last said how much is done, or how much will come.
        self.said_at = 0.0
        self.tick_began = self.tick_ends = 0.0

    def of(self, routine_id: str) -> RoutineStatistics:
        """Those of one routine."""
        one = self.routines.get(routine_id)
        if one is None:
            one = self.routines[routine_id] = RoutineStatistics()
        return one

    def tick(self, at: float, running: Running) -> None:
        """A tick has ended: sort in what was noted in it. A clock set back makes it longer."""
        clock = self.clock
        if clock.origin is None:
            self.began = self.began or float(int(at))
        else:
            self.sort_in(running)
            for one in self.routines.values():
                if one.queued > 0:
                    bucket = clock.bucket(one.activity, self.tick_began)
                    bucket[5] = max(bucket[5], one.queued)
        activities = [one.activity for one in self.routines.values()]
        self.tick_began, self.tick_ends = clock.tick_at(at, activities)

    def sort_in(self, running: Running) -> None:
        """Sort in what was noted since the tick began; whoever reads it does so first.

        Args:
            running: the handlers that run now.
        """
        if self.clock.origin is None:
            return
        emitted = Counter(self.emitted)
        self.emitted.clear()
        for routine_id in emitted:
            self.of(routine_id)
        active = Counter(map(itemgetter(0), running.values()))  # thousands, in every tick
        for routine_id in active:
            self.of(routine_id)
        for routine_id, one in self.routines.items():
            one.sort_in(
                self.clock, self.tick_began, emitted[routine_id], active[routine_id], self.began
            )

    def recount(self, tasks: dict[int, Task], running: Running) -> None:
        """Count the tasks that wait for each routine anew, once what was noted is sorted in."""
        self.sort_in(running)
        self.restore(tasks, running)

    def restore(self, tasks: dict[int, Task], running: Running) -> None:
        """Count the tasks that wait for each routine, and the handlers that run."""
        for one in self.routines.values():
            one.queued = one.running = 0
        for task in tasks.values():
            if task.id not in running:
                self.of(task.routine_id).queued += 1
        for routine_id, _ in running.values():
            self.of(routine_id).running += 1

    def to_plain(self) -> dict[str, Any]:
        """As a file has it, once all is sorted in; empty where nothing ever ran."""
        is_empty = self.clock.origin is None and not self.problems.kinds
        if is_empty and not self.began and not any(self.uptime.to_plain()):
            return {}
        return {
            "clock": self.clock.to_plain(),
            "began": self.began,
            "uptime": self.uptime.to_plain(),
            "said_at": self.said_at,
            "routines": {name: one.to_plain() for name, one in self.routines.items()},
            "problems": self.problems.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Statistics:
        """What `to_plain` gave; of what it did not give, nothing."""
        statistics = cls()
        fields = plain if isinstance(plain, dict) else {}
        statistics.clock = Activity.from_plain(fields.get("clock"))
        statistics.tick_began, statistics.tick_ends = statistics.clock.tick
        statistics.began = as_number(fields.get("began"))
        statistics.said_at = as_number(fields.get("said_at"))
        statistics.uptime = Uptime.from_plain(fields.get("uptime"), statistics.began)
        statistics.problems = Problems.from_plain(fields.get("problems"))
        routines = fields.get("routines")
        for name, one in (routines if isinstance(routines, dict) else {}).items():
            restored = RoutineStatistics.from_plain(one, statistics.clock)
            statistics.routines[name] = restored
        return statistics


def _without_zeros(bucket: list[int]) -> list[int]:
    """A bucket without the zeros at its end: most have neither errors nor a queue."""
    length = len(bucket)
    while length and not bucket[length - 1]:
        length -= 1
    return bucket[:length]


def _list(plain: dict[str, Any], name: str) -> list[Any]:
    value = plain.get(name)
    return value if isinstance(value, list) else []
