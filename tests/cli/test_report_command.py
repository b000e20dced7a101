"""``routilux-tui report``: one page that a browser shows without a network, and that is read here."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.cli.find_job import SavedJob
from routilux_tui.cli.report import report_of
from routilux_tui.errors import JobFileError
from routilux_tui.views.redaction import REDACTED, Redaction
from routilux_tui.views.report import report_page
from tests.cli.test_commands import JOBS, tui
from tests.flows import write_flows
from tests.staged import ORDERS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def failed(world: Path) -> str:
    path = str(world / "orders.json")
    tui("run", f"{ORDERS}:failing", "-p", "pace=0", "-p", "every=3", "--save", path, code=1)
    return path


def _browse(page: Path, *words: str) -> str:
    assert CHROMIUM is not None
    return subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         f"--user-data-dir={page.parent / 'chromium'}", *words, page.as_uri()],
        capture_output=True, text=True, timeout=100, check=True,
    ).stdout  # fmt: skip


def test_the_page_says_what_went_wrong_with_inputs_and_traceback(failed: str) -> None:
    page = tui("report", failed).stdout
    assert '<span class="bad">✗ failed</span> nightly_orders' in page
    assert "`price` failed: LookupError: rate service answered 404" in page
    assert "&quot;currency&quot;:&quot;EÜR&quot;" in page
    assert "raise LookupError(&quot;rate service answered 404&quot;)" in page
    assert "╰─▸ store" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http-equiv", "")
    assert "https://" not in page


def test_what_is_taken_out_is_nowhere_on_the_page(failed: str, world: Path) -> None:
    target = world / "job.html"
    tui("report", failed, "-o", str(target), "--redact", "currency", "--redact", "record")
    page = target.read_text()
    assert "EÜR" not in page
    assert "ord-000000" not in page
    assert REDACTED in page


def test_values_that_were_taken_out_are_taken_out_of_free_text_too() -> None:
    redaction = Redaction(frozenset({"card"}))
    data = {"a": [{"card": {"number": "4000-1234", "year": 30}}], "card": "4000-1234-99", "n": 4000}
    assert redaction.data(data) == {"a": [{"card": REDACTED}], "card": REDACTED, "n": 4000}
    assert redaction.texts_in({"x": ["of 4000-1234"]}) == {"x": [f"of {REDACTED}"]}
    assert redaction.text("no card 4000-1234-99, 4000-1234, in 30") == (
        f"no card {REDACTED}, {REDACTED}, in 30"
    )


def test_no_text_of_a_job_is_markup(world: Path) -> None:
    for path in sorted((JOBS / "0.10.0").iterdir()):
        with contextlib.suppress(JobFileError):
            page = report_page(report_of(SavedJob(path), str(path), Redaction(frozenset())))
            assert "<script" not in page
            assert all(char.isprintable() or char == "\n" for char in page)
    job = tui("run", f"{write_flows(world)}:counting", "--save", str(world / "c.json"))
    assert "item 0 [bold]␛[31m" in tui("report", str(world / "c.json")).stdout, job.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_shows_it(failed: str, world: Path) -> None:
    page, picture = world / "job.html", world / "job.png"
    tui("report", failed, "-o", str(page))
    shown = _browse(page, "--dump-dom", f"--screenshot={picture}", "--window-size=1200,1400")
    assert "LookupError: rate service answered 404" in shown
    assert picture.stat().st_size > 20_000


def test_inputs_that_are_not_shown_are_counted_and_columns_of_nothing_left_out(
    world: Path,
) -> None:
    job = JobState("orders")
    job.make("status", "running", 1e9)
    for n in range(1, 13):
        job.make("emit", "src", "out", {"n": n}, 1e9, None, [(n, "price", "in")])
        job.make("run", n, "price", 1e9)
        error = {"error": "LookupError: 404", "error_type": "LookupError", "traceback": "x"}
        job.make("record", "price", "error_continued", error, 1e9, n)
        job.make("ran", n, "price", "error_continued", 1e9, error)
    job.append_to_shared_log({"message": "all done"})
    job.status = "completed"
    job.save(str(world / "a.json"))
    page = tui("report", str(world / "a.json")).stdout
    assert "12 times in 12 inputs" in page
    assert "2 more inputs had it." in page
    assert "<th>message</th>" in page
    assert "<th>level</th>" not in page


def test_it_stands_beside_the_runs_before_it_and_not_those_after(failed: str, world: Path) -> None:
    runs = []
    for _ in range(3):
        tui("run", f"{ORDERS}:failing", "-p", "pace=0", "-p", "every=3", "--no-tui", code=1)
        runs.append(json.loads(tui("show", "@last", "--json").stdout)["header"]["job_id"])
    first, second, third = (one[:8] for one in runs)
    page = tui("report", runs[1]).stdout
    assert page.index(f"<td>{first}</td>") < page.index(f"<td>{second}, this</td>")
    assert third not in page
    saved = json.loads(Path(failed).read_text())  # in a folder of its own, and before all of them
    assert "Beside earlier runs" not in tui("report", failed).stdout
    saved["created_at"] = "2100-01-01T00:00:00+00:00"
    Path(failed).write_text(json.dumps(saved))
    page = tui("report", failed).stdout
    assert page.index(f"<td>{third}</td>") < page.index(f"<td>{saved['job_id'][:8]}, this</td>")
