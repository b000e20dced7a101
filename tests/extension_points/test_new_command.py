"""A command is a file that the program knows, and an executor is one that its words name."""

from __future__ import annotations

import re
from pathlib import Path

from routilux_tui.cli.main import _FOR_PROGRAMS, COMMANDS
from routilux_tui.flow import executors
from routilux_tui.flow.executor_spec import PROMISES, check_executor, promise_of
from routilux_tui.flow.executors import RemoteExecutor
from tests.extension_points.places import (
    assert_named,
    classes_of,
    modules_of,
)

README = Path(__file__).parents[2] / "README.md"
#: The words of each kind of executor; a new one is told by an example here.
WORDS = {
    "threads": "threads",
    "processes": "processes:2",
    "dask": "dask://host:8786",
    "dask?fence": "dask:local?fence",
    "MODULE:FACTORY": "package.module:factory",
}
#: Where a job's own threads run handlers, nothing is made; a base is no executor itself.
MADE_OF_NOTHING = {"RemoteExecutor", "OwnProcesses"}


def test_a_file_of_a_command_is_in_the_table_and_one_in_the_table_has_a_file() -> None:
    files = {
        module.__name__.rpartition(".")[2]
        for module in modules_of("cli")
        if hasattr(module, "add_arguments") and hasattr(module, "run")
    }
    what = "the program does not know the command of that file"
    assert_named("cli.main.COMMANDS", files, {*COMMANDS, *_FOR_PROGRAMS, "browse"}, what)
    what = "a command is a file cli/NAME.py with add_arguments and run"
    assert_named("cli", {*COMMANDS, *_FOR_PROGRAMS}, files, what)


def test_the_readme_tells_of_every_command() -> None:
    told = set(re.findall(r"[\w-]+", README.read_text().split("## The dashboard")[0]))
    assert_named("README.md", COMMANDS, told, "a line that says what it does")


def test_every_executor_is_named_in_words_and_promises_something() -> None:
    assert_named("WORDS in this test", PROMISES, WORDS, "an example of its words")
    what = "what is promised of handlers that run there"
    assert_named("flow.executor_spec.PROMISES", WORDS, PROMISES, what)
    for name, words in WORDS.items():
        check_executor(words)
        assert promise_of(words) == PROMISES[name], f"flow.executor_spec.promise_of: {name}"


def test_every_executor_is_made_where_its_words_are_read() -> None:
    members = {name for name in vars(RemoteExecutor) if not name.startswith("_")}
    there = {
        one.__name__
        for one in classes_of("flow", object)
        if members <= {*dir(one)} and one.__name__ not in MADE_OF_NOTHING | {"Executors"}
    }
    made = set(re.findall(r"\b[A-Z]\w+(?=\()", Path(str(executors.__file__)).read_text()))
    assert_named("flow.executors._make", there, made, "no words lead to the executor")
