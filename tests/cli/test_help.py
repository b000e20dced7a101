"""``help TOPIC``: each topic is true of the program."""

from __future__ import annotations

import re

from routilux_tui import errors
from routilux_tui.cli.help import TOPICS
from routilux_tui.cli.main import COMMANDS
from routilux_tui.state.job_state import JobState
from routilux_tui.views.condition_context import context_of, context_of_entry
from routilux_tui.views.shapes import JobEntry
from tests.cli.program import tui


def test_every_topic_and_every_command_is_explained() -> None:
    printed = tui("help").stdout
    assert f"topics: {', '.join(TOPICS)}" in printed
    for name in (*TOPICS, *COMMANDS):
        assert name in printed
    for topic, text in TOPICS.items():
        assert tui("help", topic).stdout == text
        assert max(map(len, text.splitlines())) <= 100
    assert tui("help", "wait").stdout == tui("wait", "--help").stdout
    said = tui("help", "nonsense", code=2).stderr
    assert "no topic and no command 'nonsense'" in said
    assert len(said.splitlines()) == 2
    assert "Did you mean 'exit-codes'?" in tui("help", "exit", code=2).stderr


def test_what_conditions_see_is_all_that_they_see() -> None:
    for_job, _, for_list = TOPICS["conditions"].partition("`ps --where`")
    for name in context_of(JobState("f")):
        assert re.search(rf"\b{name}\b", for_job), name
    for name in context_of_entry(JobEntry(key="")):
        assert re.search(rf"\b{name}\b", for_list), name


def test_every_exit_code_is_explained() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.RoutiluxTuiError)}
    for code in (0, 70, 130, *codes):
        assert re.search(rf"^ +{code}   ", TOPICS["exit-codes"], re.MULTILINE), code
