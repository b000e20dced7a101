"""``routilux-tui diff``: exit code 0 where two jobs did the same, 1 where they differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import tui
from tests.flows import write_flows
from tests.staged import ORDERS

JOBS = Path(__file__).parent.parent / "data/jobs/0.11.0"


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


def _saved(flow: str, path: Path, *params: str, code: int = 0) -> str:
    words = [word for one in params for word in ("-p", one)]
    tui("run", flow, *words, "--save", str(path), code=code)
    return str(path)


def test_two_runs_of_the_same_are_alike(flows: str, world: Path) -> None:
    paths = [_saved(f"{flows}:counting", world / f"{n}.json", "n=5") for n in range(2)]
    assert "They did the same." in tui("diff", *paths).stdout
    told = json.loads(tui("diff", *paths, "--json").stdout)
    assert (told["alike"], told["first_record"]) == (True, [None, None])


def test_what_differs_is_told_with_the_first_other_record(flows: str, world: Path) -> None:
    a = _saved(f"{flows}:counting", world / "a.json", "n=5")
    b = _saved(f"{flows}:counting", world / "b.json", "n=7")
    printed = tui("diff", a, b, code=1).stdout
    assert "    n: 5 → 7\n" in printed
    assert "    sink done: 5 → 7\n" in printed
    assert "    last: 4 → 6\n" in printed
    assert "A alone has #0: " in printed
    told = json.loads(tui("diff", a, b, "--json", code=1).stdout)
    assert {"part": "parameters", "name": "n", "a": 5, "b": 7, "is_noise": False} in told[
        "differences"
    ]


def test_a_job_whose_runner_was_killed_is_told_as_that(flows: str, world: Path) -> None:
    path = _saved(f"{flows}:counting", world / "a.json", "n=5")
    plain = json.loads(Path(path).read_text())
    killed = world / "killed.json"
    killed.write_text(json.dumps({**plain, "status": "running"}))
    told = tui("diff", str(killed), path, code=1).stdout
    assert f"{plain['job_id']}  killed\n" in told
    assert 'status: "killed" → "completed"' in told


def test_a_new_error_is_told(world: Path) -> None:
    good = _saved(
        f"{ORDERS}:failing", world / "good.json", "total=20", "pace=0", "every=9999", code=1
    )
    bad = _saved(f"{ORDERS}:failing", world / "bad.json", "total=20", "pace=0", "every=5", code=1)
    assert "every: 9,999 → 5" in tui("diff", good, bad, code=1).stdout


def test_a_job_that_is_not_there_is_no_difference(flows: str, world: Path) -> None:
    a = _saved(f"{flows}:counting", world / "a.json", "n=5")
    assert "none.json" in tui("diff", a, str(world / "none.json"), code=3).stderr
    tui("diff", a, "nobody", code=3)


def test_odd_values_of_a_file_are_differences_like_others(flows: str, world: Path) -> None:
    a = _saved(f"{flows}:counting", world / "a.json", "n=5")
    plain = json.loads((world / "a.json").read_text())
    (world / "b.json").write_text(
        json.dumps({**plain, "status": "x\x1b]52;c;x\x07", "shared_data": {"big": 10**400}})
    )
    printed = tui("diff", a, str(world / "b.json"), code=1).stdout
    assert "1e400" in printed
    assert "\x1b" not in printed


def test_a_flow_whose_code_has_changed_says_so(flows: str, world: Path) -> None:
    a = _saved(f"{flows}:counting", world / "a.json", "n=5")
    b = _saved(f"{flows}:counting", world / "b.json", "n=5")
    assert "code" not in tui("diff", a, b).stdout
    source = Path(flows)
    source.write_text(source.read_text() + "\n# not as it was\n")
    c = _saved(f"{flows}:counting", world / "c.json", "n=5")
    assert "    code: " in tui("diff", a, c, code=1).stdout


def test_an_error_without_a_type_is_named_by_its_routine_and_its_words() -> None:
    a, b = (str(JOBS / f"retry-downstream-{end}.json") for end in ("exhausted", "ok"))
    assert "fetch: attempt # timed out: 4 → 2" in tui("diff", a, b, code=1).stdout
