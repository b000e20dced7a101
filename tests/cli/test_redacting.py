"""--redact: no value of the keys is anywhere in what is handed on."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.views.redaction import REDACTED, Redaction
from tests.cli.program import tui
from tests.processes import until
from tests.told import told_job

SECRETS = Path(__file__).parent.parent / "staged/secrets.py"
#: What no form of any of the secrets is without.
TOLD = re.compile(rb"tok-\d\d\d")


@pytest.fixture(params=["plain", "odd"])
def saved(request: pytest.FixtureRequest, world: Path) -> str:
    path = str(world / "job.json")
    odd = "true" if request.param == "odd" else "false"
    tui("run", f"{SECRETS}:flow", "-p", f"odd={odd}", "--save", path, "--no-tui", code=None)
    until(lambda: TOLD.search(Path(path).read_bytes()))  # its runner has just saved it
    return path


def test_a_report_tells_none(saved: str) -> None:
    assert TOLD.search(tui("report", saved).stdout.encode())
    page = tui("report", saved, "--redact", "token").stdout
    assert REDACTED in page
    assert not TOLD.findall(page.encode())


def test_an_archive_tells_none(saved: str, world: Path) -> None:
    target = world / "job.zip"
    tui("bundle", saved, str(target), "-y", "--redact", "token")
    with zipfile.ZipFile(target) as archive:
        for name in archive.namelist():
            assert not TOLD.findall(archive.read(name)), name
    assert "secrets" in tui("show", str(target)).stdout
    assert REDACTED in tui("history", str(target)).stdout


def test_a_value_that_is_too_short_for_texts_is_told_of(world: Path) -> None:
    path = str(world / "job.json")
    tui("run", f"{SECRETS}:flow", "--save", path, "--no-tui", code=None)
    assert "fewer than 4" in tui("report", path, "--redact", "n").stderr
    assert tui("report", path, "--redact", "token").stderr == ""


def test_what_is_cut_is_known_by_its_beginning() -> None:
    redaction = Redaction({"card"})
    redaction.data({"card": "4000-1234-5678"})
    assert redaction.text("of 4000-12…") == f"of {REDACTED}…"
    assert redaction.text("of 4000 others") == "of 4000 others"


def test_words_of_the_file_are_no_secrets_and_no_entry_is_lost() -> None:
    job = JobState("orders")
    job.make("status", "running", 1.0)
    job.make("emit", "a", "out", {"data": 1}, 1.0, None, [(1, "b", "in")])
    job.make("run", 1, "b", 2.0)
    job.make("ran", 1, "b", "completed", 3.0, None)
    job.make("record", "b", "noted", {"by ana-lyst": 1, "by bea-trix": 2}, 3.0, 1)
    words = ["data", "runs", "completed", "routine_id", "routines", "event_name", "error_type"]
    job.update_shared_data("token", [*words, "ana-lyst", "bea-trix"])
    clean = Redaction({"token"}).job(job)
    assert clean.status == "running"
    assert [one.event_name for one in clean.execution_history] == ["out", "noted"]
    assert clean.routine_states["b"]["status"] == "completed"
    assert clean.routine_states["b"]["runs"] == 1
    assert clean.statistics.routines["b"].ended == 1
    noted = clean.execution_history[1].data
    assert sorted(noted.values()) == [1, 2]
    assert all(REDACTED in key for key in noted)


def test_names_of_the_flow_that_have_a_value_in_them_are_taken_out_of_a_page(world: Path) -> None:
    path = world / "job.json"
    told_job("4000-1234").save(str(path))
    assert "4000-1234" in tui("report", str(path)).stdout
    page = tui("report", str(path), "--redact", "card").stdout
    assert "4000-1234" not in page
    assert f"at {REDACTED}" in page
    target = world / "job.zip"
    tui("bundle", str(path), str(target), "-y", "--redact", "card")
    shown = tui("show", str(target)).stdout
    assert "4000-1234" not in shown
    assert f"at {REDACTED}" in shown
    assert f"pay {REDACTED}?" in tui("questions", str(target), "--all").stdout
