"""Telling people of a live job, where it runs: once, whoever watches, and over a kill.

What is told stands in the job before anything is done, so that nothing is done twice. Terminals
that show the job ring and notify; commands run here.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import ConditionError, NotPossible, TooCostly, UsageError
from routilux_tui.job import status as statuses
from routilux_tui.job.jsonable import dumps
from routilux_tui.runner.alert_command import COMMAND_WITHIN, run_command
from routilux_tui.runner.blocking_judge import BlockingJudge
from routilux_tui.views.alerts import MOST_RULES, Holding, rule_of
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routilux_tui.state.job_state import JobState
    from routilux_tui.views.estimate import EarlierRun
    from routilux_tui.views.shapes import AlertRule, Header

#: Not one of this program's own, which are left out of the job's log.
logger = logging.getLogger("alert")

_LOOK_EVERY = 1.0
_AT_ONCE = 4
#: Kinds of change after which the rules are looked at without waiting for their turn.
_WAKING = frozenset({"status", "ask", "answered"})


class Alerts:
    """The rules of one job, looked at once a second while there are any.

    Args:
        state: the job.
        header: the job in a line.
        earlier: earlier runs of its flow.
        flush: writes what the job did to its journal; returns whether all is written.
        path: its file, for people.
    """

    def __init__(
        self,
        state: JobState,
        header: Callable[[], Header],
        earlier: Callable[[], Iterable[EarlierRun]],
        flush: Callable[[], bool],
        path: str,
    ) -> None:
        self._state = state
        self._header = header
        self._earlier = earlier
        self._flush = flush
        self._path = path
        self._judge = BlockingJudge()
        self._holding: dict[str, Holding] = {}
        self._complained: set[str] = set()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._looking = threading.Lock()
        #: Whether the job has ended, and was looked at since: its file may be closed by now.
        self._is_settled = False
        self._slots = threading.Semaphore(_AT_ONCE)
        self._commands: list[threading.Thread] = []
        self._thread: threading.Thread | None = None

    def begin(self, rules: Iterable[AlertRule]) -> None:
        """Look from now on, by these rules and those that the job has already.

        Commands are taken from ``rules`` alone, and never from the job's file.
        """
        with self._state.lock:
            given = {one.name: one for one in rules}
            for name, known in list(self._state.alerts.items())[:MOST_RULES]:
                rule = given.pop(name, None) or _of_file(known["rule"], name)
                if rule is not None:
                    since = time.monotonic() if known["holds"] else None
                    self._holding[name] = Holding(rule, known["count"], since)
            for rule in given.values():
                self._set(rule)
        self._start()

    def _set(self, rule: AlertRule) -> None:
        self._state.make("alert_rule", rule.name, msgspec.to_builtins(rule), time.time())
        self._holding[rule.name] = Holding(rule)

    def _start(self) -> None:
        with self._looking:
            if self._holding and self._thread is None:
                self._state.subscribe(self._changed, kinds=_WAKING)
                self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
                self._thread.start()

    def add(self, rule: AlertRule, note: Callable[[], None]) -> None:
        """Set a rule on the job; ``note`` is called with it, to say who did.

        Raises:
            ConditionError: when this job can't judge its condition.
            NotPossible: when it has too many, or has ended.
        """
        with self._state.lock:
            self._refuse_ended()
            if len(self._holding) >= MOST_RULES and rule.name not in self._holding:
                raise NotPossible(f"A job has at most {MOST_RULES} rules.", "Take one off.")
            context = context_of(self._state)
        Condition(rule.when).check_names(context)
        with self._state.lock:
            self._set(rule)
            note()
        self._start()
        self._wake.set()

    def _refuse_ended(self) -> None:
        """Refuse to change the rules of a job that has ended; its lock is held."""
        if statuses.has_ended(self._state.status):
            raise NotPossible(f"Job {self._state.job_id} is {self._state.status}: it is over.")

    def take_off(self, name: str) -> None:
        """Take a rule off.

        Raises:
            NotPossible: when there is none of that name, or the job has ended.
        """
        with self._state.lock:
            self._refuse_ended()
            if name not in self._state.alerts:
                there = ", ".join(self._state.alerts) or "none"
                raise NotPossible(f"There is no rule {name[:60]!r}.", f"There are: {there}.")
            self._state.make("alert_off", name, time.time())
            self._holding.pop(name, None)

    def check(self) -> None:
        """Look at every rule now; that the job has ended is not to be missed.

        A job that has ended is looked at once, before its file is closed, until it goes on.
        """
        if self._thread is None:
            return
        with self._looking:
            with self._state.lock:
                has_ended = statuses.has_ended(self._state.status)
                if has_ended and self._is_settled:
                    return
                context = context_of(self._state, tuple(self._earlier()))
            self._is_settled = has_ended
            for name, holding in list(self._holding.items()):
                held = holding.holds
                tells = holding.take(
                    self._holds(name, holding.rule, context),
                    time.monotonic(),
                    for_good=has_ended and "status" in Condition(holding.rule.when).names,
                )
                if held and not holding.holds:
                    self._state.make("alert_over", name, time.time())
                if tells:
                    self._notify(holding.rule)

    def close(self) -> None:
        """Look no more, and wait for the commands that run."""
        self._over.set()
        self._wake.set()
        deadline = time.monotonic() + COMMAND_WITHIN + 5
        for one in self._commands:
            one.join(max(0.0, deadline - time.monotonic()))
        self._judge.close()

    def _changed(self, _change: Any) -> None:
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(_LOOK_EVERY)
            self._wake.clear()
            if self._over.is_set():
                return
            try:
                self.check()
            except Exception:
                logger.exception("The rules of job %s can't be looked at", self._state.job_id)
            self._over.wait(0.05)  # what comes all at once is looked at together

    def _holds(self, name: str, rule: AlertRule, context: dict[str, Any]) -> bool:
        try:
            return self._judge.holds(Condition(rule.when), context)
        except TooCostly as error:
            logger.warning("%s: %s It is taken off.", name, error.message)
            self.take_off(name)
        except ConditionError as error:  # what it names may come yet
            if name not in self._complained:
                self._complained.add(name)
                logger.warning("%s: %s", name, error.message)
        return False

    def _notify(self, rule: AlertRule) -> None:
        header = self._header()
        note = f": {header.note}" if header.note else ""
        text = f"{header.flow_id} {header.job_id[:8]} {header.status}{note}"[:300]
        self._state.make("alert", rule.name, text, time.time())
        logger.info("%s: %s", rule.name, text)
        if rule.command and self._flush():
            about = {**msgspec.to_builtins(header), "alert": rule.name, "file": self._path}
            arguments = (rule, dumps(about) + b"\n")
            thread = threading.Thread(target=self._run_command, args=arguments, daemon=True)
            self._commands = [*(one for one in self._commands if one.is_alive()), thread]
            thread.start()

    def _run_command(self, rule: AlertRule, about: bytes) -> None:
        with self._slots:
            job_id = self._state.job_id
            code, output = run_command(rule.command, about, job_id, captured=True)
        for line in output.splitlines():
            logger.info("%s: %s", rule.name, line)
        if code is None:
            logger.warning("%s: its command took too long and was ended", rule.name)
        elif code:
            logger.warning("%s: its command ended with %d", rule.name, code)


def _of_file(plain: dict[str, Any], name: str) -> AlertRule | None:
    """The rule that a job's file has; without its command, which no file may say."""
    table = {key: plain[key] for key in ("when", "repeat", "bell", "notify") if key in plain}
    try:
        return rule_of({**table, "name": name, "for": plain.get("held", 0)})
    except UsageError:
        return None
