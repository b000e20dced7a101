"""A job of changes at random, each kind among them, as an engine and people might make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui import JobState

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from routilux_tui.job.listeners import Change

NOON = 1_795_435_200.0
ROUTINES = ("source", "price", "store")
_FAILURE = {"error": "LookupError: 404", "error_type": "LookupError", "traceback": "x"}
_PERSON = {"uid": 0, "name": "ana"}


class RandomChanges:
    """Makes the changes, one after the other.

    Args:
        chance: where the choices come from.
        kinds: what is made; each as often as it is named.
    """

    def __init__(self, chance: random.Random, kinds: list[str]) -> None:
        self.job = JobState("random")
        self._chance = chance
        self._kinds = kinds
        self._at = self.job._created = self.job._updated = NOON
        self.last: Change = ()
        self.job.subscribe(self._note)

    def _note(self, change: Change) -> None:
        self.last = change

    def __iter__(self) -> Iterator[str]:
        """Make a change of a kind that can be made now; gives the kind."""
        while True:
            kind = self._chance.choice(self._kinds)
            args = self._arguments(kind)
            if args is not None:
                self.job.make(kind, *args)
                yield kind

    def _arguments(self, kind: str) -> tuple[Any, ...] | None:
        """What a change of a kind may be made with now; None where none can be."""
        self._at += self._chance.choice((0.0, 0.01, 1.0))
        ready = getattr(self, f"_of_{kind}", None)
        return ready() if ready is not None else self._simple()[kind]

    def _simple(self) -> dict[str, tuple[Any, ...]]:
        """The arguments of the kinds that need nothing to be there."""
        chance, at = self._chance, self._at
        routine, number = chance.choice(ROUTINES), chance.randrange(4)
        state = chance.choice((3, {"status": "failed", "errors": 2, "runs": 1}, {"odd": 1}))
        key = chance.choice("ab")
        return {
            "status": (chance.choice(("running", "paused", "failed", "completed")), at),
            "current": (chance.choice((routine, None)),),
            "set": (*chance.choice((("flow_id", "x"), ("shared_log", [3]), ("own", 1))), at),
            "routine": (routine, state, at),
            "no_routine": (routine, at),
            "record": (routine, chance.choice(("noted", "error")), dict(_FAILURE), at),
            "traceback": (chance.choice(("one", "two", "three")),),
            "shape": ({"routines": [{"id": one} for one in chance.sample(ROUTINES, 2)]},),
            "control": ("pause", _PERSON, "", at),
            "progress": (routine, number, 4, at),
            "expect": (routine, "out", number, at),
            "pause_point": ({"timestamp": "", "checkpoint": {"waits_for_answers": []}}, at),
            "shared": (key, number, at),
            "unshared": (key, at),
            "log": ({"n": number}, at),
            "output": (routine, "text", number, at),
            "deferred": (routine, "out", {"n": number}, at),
            "deferred_sent": (),
            "breakpoint": (number, "true", _PERSON, at),
            "breakpoint_off": (number, at),
            "alert_rule": (key, {"when": "true"}, at),
            "alert_off": (key, at),
            "alert": (key, "it is so", at),
            "alert_over": (key, at),
            "reminded": (number, at),
            "answered": (number, {"choice": "yes", "data": {}}, _PERSON, at),
            "take_up": (at,),
            "drop": (self._waiting(2), at),
            "due": (self._waiting(2), at),
            "keep_back": (self._waiting(2), at),
            "let_go": (self._waiting(2), at),
            "remove": (self._waiting(2), at),
            "first": (self._waiting(1), at),
            "hold": (self._waiting(99), at),
            "undrop": ([one.id for one in self.job.dropped_tasks[:1]], at),
        }

    def _waiting(self, most: int) -> list[int]:
        """Some of the tasks that wait."""
        waiting = [one for one in self.job.outstanding if one not in self.job.running]
        return self._chance.sample(waiting, min(most, len(waiting)))

    def _new_task(self) -> list[tuple[int, str, str]]:
        return [(self.job.next_task_id, self._chance.choice(ROUTINES), "in")]

    def _of_emit(self) -> tuple[Any, ...]:
        return "source", "out", {"n": self._chance.randrange(9)}, self._at, None, self._new_task()

    def _of_queue(self) -> tuple[Any, ...]:
        return self._new_task(), {"n": 1}, self._at, "source", "out"

    def _of_run(self) -> tuple[Any, ...] | None:
        waiting = self._waiting(1)
        if not waiting:
            return None
        return waiting[0], self.job.outstanding[waiting[0]].routine_id, self._at

    def _running(self) -> tuple[int, str] | None:
        running = [(task, routine) for task, (routine, _) in self.job.running.items()]
        return self._chance.choice(running) if running else None

    def _of_worker(self) -> tuple[Any, ...] | None:
        one = self._running()
        return one and (one[0], f"worker process {self._chance.randrange(3)} on box", self._at)

    def _of_ran(self) -> tuple[Any, ...] | None:
        one = self._running()
        failed = self._chance.random() < 0.4
        end = ("failed", self._at, dict(_FAILURE)) if failed else ("completed", self._at, None)
        return one and (*one, *end)

    def _of_retry(self) -> tuple[Any, ...] | None:
        one = self._running()
        return one and (*one, self._at, dict(_FAILURE), 3, self._at + 2.0)

    def _of_slot(self) -> tuple[Any, ...]:
        how = self._chance.choice(("append", "set"))
        return 1, self._chance.choice(ROUTINES), "in", how, {"n": 1}, self._at

    def _of_ask(self) -> tuple[Any, ...]:
        asked = {"text": "book it?", "event": "booked", "choices": {"yes": {}}}
        return self.job.next_question, "store", asked, self._at, None

    def _failed(self) -> list[int]:
        return [one.task.id for one in self.job.failed_tasks]

    def _of_again(self) -> tuple[Any, ...] | None:
        old = self._failed() + self._waiting(1)
        if not old:
            return None
        data = self._chance.choice((None, {"n": 7}))
        return self._chance.choice(old), self.job.next_task_id, data, self._at

    def _of_give_up(self) -> tuple[Any, ...] | None:
        ids = self._failed() + self._waiting(1)
        return (self._chance.choice(ids), self._at) if ids else None
