"""Whatever stands in a file, each command that reads it has an answer, and no fault of its own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from routilux_tui.cli.main import FAULT, main
from routilux_tui.runner.paths import jobs_folder
from tests.conftest import DATA
from tests.store.fuzzing import once, seeds

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [
    ["show"], ["show", "--json"], ["show", "--problems", "--now"], ["show", "--at", "2"],
    ["history"], ["history", "--json"], ["tail", "--of", "output"], ["log"], ["log", "--json"],
    ["ps"], ["ps", "--sort", "errors"], ["ps", "--where", "age < 60 || errors > 1"], ["why"],
    ["trace", "-1"], ["report"], ["report", "--redact", "n"], ["timeline"], ["graph"],
    ["graph", "--as", "dot"], ["diff", "SELF"], ["runs"], ["queue"], ["alerts"], ["breakpoints"],
    ["export", "--perfetto", "/dev/null"], ["export", "--otlp", "-"], ["questions"],
    ["wait", "--timeout", "0"],
]  # fmt: skip
OF_ALL = {"ps", "questions"}
FILES = 40


@pytest.mark.parametrize("part", range(4))
def test_no_command_fails_at_an_odd_value_of_a_file(
    part: int, world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs_folder().mkdir(parents=True)
    all_seeds = seeds(DATA / "jobs", 20_000) + seeds(DATA / "0.1.0", 20_000)
    for number in range(part * FILES, (part + 1) * FILES):
        chance = random.Random(number)

        def use(path: Path, number: int = number, chance: random.Random = chance) -> None:
            for name, *words in chance.sample(COMMANDS, 6):
                more = [str(path) if one == "SELF" else one for one in words]
                place = [] if name in OF_ALL else [str(path)]
                code = main([name, *place, *more])
                printed = capsys.readouterr()
                assert code != FAULT, (number, name, more, printed.err)

        once(chance.choice(all_seeds), jobs_folder(), chance, use)
