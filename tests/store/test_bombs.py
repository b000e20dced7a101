"""Files made to hurt: odd in every place, or a bomb. None fails, hangs, or takes more than its size."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.runner.paths import jobs_folder
from routilux_tui.views import sections
from tests.cli.program import tui
from tests.conftest import DATA
from tests.store.fuzzing import once, once_sealed, sealed_job, seeds

if TYPE_CHECKING:
    from pathlib import Path

FILES = 60


@pytest.mark.parametrize("part", range(4))
def test_no_odd_value_of_a_file_or_a_journal_is_more_than_a_bad_row(
    part: int, tmp_path: Path
) -> None:
    all_seeds = seeds(DATA / "jobs", 20_000) + seeds(DATA / "0.1.0", 20_000)
    for number in range(part * FILES, (part + 1) * FILES):
        chance = random.Random(number)
        once(chance.choice(all_seeds), tmp_path, chance)


def test_no_damage_of_what_is_sealed_is_more_than_a_hole(tmp_path: Path) -> None:
    sealed = sealed_job(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for number in range(FILES):
        once_sealed(sealed, scratch, random.Random(number))


LOOK = """
import sys
from pathlib import Path
from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.store.large_file import open_job
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import SECTIONS, Filter
import routilux_tui.views.insight, routilux_tui.views.why, routilux_tui.store.recovery
read_entry(sys.argv[2])
Projection(open_job(sys.argv[2])).header()  # what is imported on first use is no part of it
path = Path(sys.argv[1])
def memory(what):
    return int(open("/proc/self/status").read().split(what)[1].split()[0]) >> 10
before = memory("VmRSS:")
print(read_entry(path).error)
try:
    views = Projection(open_job(path))
    views.header()
    for section in SECTIONS:
        views.window(section, -20, 1 << 40, Filter())
except RoutiluxTuiError as error:
    print(error)
print(memory("VmHWM:") - before)
"""


def _job(**keys: str) -> str:
    """A job's file with raw JSON for some of its keys."""
    plain = {
        "_type": '"JobState"', "flow_id": '"f"', "job_id": '"j"', "status": '"completed"',
        "routine_states": "{}", "execution_history": "[]", "created_at": '"2026-01-01T00:00:00"',
        "updated_at": '"2026-01-01T00:00:00"', "pause_points": "[]", **keys,
    }  # fmt: skip
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in plain.items()) + "}"


DIGITS = "9" * 10_000_000
RECORD = '{"_type":"ExecutionRecord","routine_id":"a","event_name":"e","timestamp":"x","data":'


@pytest.mark.parametrize(
    ("bomb", "megabytes"),
    [
        ("status digits", 150),
        ("shared digits", 150),
        ("record digits", 150),
        ("nothing", 20),
        ("spaces", 20),
        ("newlines", 350),
        ("routines", 500),
    ],
)
def test_a_bomb_takes_no_more_than_its_size(bomb: str, megabytes: float, tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    if bomb == "status digits":
        path.write_text(_job(status=DIGITS))
    elif bomb == "shared digits":
        path.write_text(_job(shared_data='{"x":' + DIGITS + "}"))
    elif bomb == "record digits":
        path.write_text(_job(execution_history="[" + RECORD + '{"n":' + DIGITS + "}}]"))
    elif bomb == "spaces":
        path.write_bytes(b" " * (64 << 20))
    elif bomb == "routines":
        states = ",".join(f'"r{n}":{{"status":"completed"}}' for n in range(300_000))
        path.write_text(_job(routine_states="{" + states + "}"))
    elif bomb == "newlines":
        path.write_text(_job())
        journal = path.with_name("j.json.journal")
        journal.write_bytes(b'{"journal":1,"job_id":"j","seq":0}\n' + b"\n" * 100_000_000)
    else:
        with path.open("wb") as file:
            file.truncate(700 << 20)
    harmless = tmp_path / "harmless.json"
    harmless.write_text(_job())
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(path), str(harmless)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert float(done.stdout.splitlines()[-1]) < megabytes


@pytest.mark.parametrize("command", ["ps", "show", "why", "report"])
def test_a_name_of_megabytes_is_not_printed_whole(command: str, world: Path) -> None:
    jobs_folder().mkdir(parents=True)
    path = jobs_folder() / "j.json"
    path.write_text(_job(flow_id=json.dumps("f" * 5_000_000)))
    (jobs_folder() / "harmless.json").write_text(_job(job_id='"harmless"'))
    printed = tui(command, *([] if command == "ps" else [str(path)])).stdout
    assert len(printed) < 1_000_000
    assert command != "ps" or any(line.startswith("harmless  ") for line in printed.splitlines())


def test_a_value_among_many_is_found_without_a_list_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    state = JobState("f")
    state.shared_data = {f"k{n}": n for n in range(10)}
    monkeypatch.setitem(sections.ITEMS, sections.shapes.DATA, None)
    reader = sections.SectionReader(state)
    assert [reader.item("data", n) for n in (0, 9, 10, -1, "k1")] == [0, 9, None, None, None]
