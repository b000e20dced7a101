"""``routilux-tui graph``: a flow as a picture, and in the formats of other programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import JOBS, tui
from tests.flows import write_flows

SAMPLES = Path(__file__).parents[2] / "sample_flows"


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


def test_a_flow_is_drawn_as_rails() -> None:
    assert tui("graph", str(SAMPLES / "source_audit.py")).stdout.splitlines() == [
        "  ╭───┬── find ↺",
        "╭─┼─┬─┴─▸ read",
        "├─┼─┴───▸ parse",
        "│ ╰───┬─▸ count",
        "│     ╰─▸ rank",
        "╰───────▸ skip",
    ]


def test_a_flow_is_written_for_other_programs(flows: str) -> None:
    told = json.loads(tui("graph", f"{flows}:counting", "--json").stdout)
    assert told["flow_id"] == "counting"
    assert told["routines"] == ["source", "sink"]
    assert {"source": "source", "event": "out", "target": "sink", "slot": "in"} in told[
        "connections"
    ]
    mermaid = tui("graph", f"{flows}:counting", "--as", "mermaid").stdout
    assert mermaid.startswith("flowchart TD\n")
    assert 'r0 -->|"out to in"| r1' in mermaid
    dot = tui("graph", f"{flows}:counting", "--as", "dot").stdout
    assert '"source" -> "sink" [label="out to in"];' in dot


def test_names_mean_nothing_in_any_format(world: Path) -> None:
    path = world / "odd.py"
    path.write_text(
        "from routilux_tui import Flow, Routine\n"
        "def flow():\n"
        "    flow = Flow('a\"]; b')\n"
        "    r = Routine(); r.define_slot('trigger'); r.define_event('e\"|x')\n"
        "    flow.add_routine(r, 'x\"] --> y<b>\\x1b[31m')\n"
        "    flow.connect('x\"] --> y<b>\\x1b[31m', 'e\"|x', 'x\"] --> y<b>\\x1b[31m', 'trigger')\n"
        "    return flow\n"
    )
    assert tui("graph", str(path)).stdout == 'x"] --> y<b>␛[31m ↺\n'
    mermaid = tui("graph", str(path), "--as", "mermaid").stdout
    assert 'r0["x#34;] --#62; y#60;b#62;#9243;[31m"]' in mermaid
    assert 'r0 -->|"e#34;#124;x to trigger"| r0' in mermaid
    dot = tui("graph", str(path), "--as", "dot").stdout
    assert dot.startswith('digraph "a\\"]; b" {')


def test_what_is_no_flow_is_told(world: Path) -> None:
    assert "does not exist" in tui("graph", str(world / "nowhere.py"), code=2).stderr


def test_a_job_is_drawn_as_its_flow_running_and_saved(flows: str, world: Path) -> None:
    path = str(world / "kept.json")
    job = tui(
        "run", f"{flows}:stuck", "-p", "seconds=60", "--detach", "--save", path
    ).stdout.strip()
    running = json.loads(tui("graph", job, "--json").stdout)
    tui("cancel", job, "--force", "--grace", "0")
    saved = json.loads(tui("graph", path, "--json").stdout)
    assert running == saved == json.loads(tui("graph", f"{flows}:stuck", "--json").stdout)
    counted = str(world / "counted.json")
    tui("run", f"{flows}:counting", "--save", counted)
    assert tui("graph", counted).stdout == tui("graph", f"{flows}:counting").stdout


def test_a_file_without_connections_shows_its_routines_and_says_so() -> None:
    done = tui("graph", str(JOBS / "0.11.0/big-1k.json"))
    assert "does not tell its flow's connections" in done.stderr
    assert done.stdout
    assert "─" not in done.stdout
