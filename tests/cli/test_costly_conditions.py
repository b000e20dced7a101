"""Conditions that would take for ever: every command says so within seconds, and hears Ctrl+C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import ConditionError
from routilux_tui.runner.paths import jobs_folder
from routilux_tui.tui.listing import Listing
from routilux_tui.views.list_condition import ListCondition
from routilux_tui.views.shapes import JobEntry
from tests.cli.program import tui
from tests.replayed import write_job
from tests.runner.test_judging import DEEP, WIDE

if TYPE_CHECKING:
    from pathlib import Path

TWICE = 'labels.exists(a, labels.exists(b, a == b)) || status == "completed"'
CHAINED = '["x"].map(a, a + a).map(b, b + b).size() > 0'


@pytest.fixture
def ended(world: Path) -> Path:
    path = jobs_folder() / "f.json"
    path.parent.mkdir(parents=True)
    write_job(path)
    return path


@pytest.mark.parametrize("condition", [DEEP, WIDE], ids=["deep", "wide"])
def test_a_command_ends_by_itself(ended: Path, condition: str) -> None:
    for command in (
        ["ps", "--where", condition],
        ["ps", "--where", f"({condition}) && eta < 5.0"],
        ["wait", str(ended), "--until", condition],
        ["watch", "--where", condition, "--", "true"],
        ["show", str(ended), "--at", condition],
    ):
        done = tui(*command, code=2)
        assert "takes too long to judge" in done.stderr
        assert not done.stdout


def test_one_list_in_another_is_judged_where_it_is_cheap(ended: Path) -> None:
    done = tui("ps", "--where", TWICE)
    assert "f.json" in done.stdout
    tui("wait", str(ended), "--until", TWICE)
    assert "as it was" in tui("show", str(ended), "--at", TWICE).stderr


@pytest.mark.parametrize(
    "condition", [DEEP, WIDE, TWICE, CHAINED, "[1].all//\n(a, [1].map (b, 1))"]
)
def test_the_list_refuses_what_it_can_not_judge_at_every_key(condition: str) -> None:
    with pytest.raises(ConditionError, match="one list"):
        ListCondition(condition)
    listing = Listing()
    listing.apply([JobEntry(key="a", job_id="a", status="failed")], [])
    listing.arrange(query=f"={condition}")
    assert "ps --where" in listing.problem


def test_the_list_judges_what_goes_through_one_list() -> None:
    condition = ListCondition('labels.exists(a, a == "team") && flow_id.startsWith("n")')
    assert condition.holds(JobEntry(key="a", flow_id="nightly", labels={"team": "data"}))
    assert not condition.holds(JobEntry(key="a", flow_id="nightly"))
