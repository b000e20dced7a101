"""``routilux-tui metrics``: what Prometheus is told, by its own rules, and who else is told nothing."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from routilux_tui.cli.main import parser_of
from routilux_tui.errors import UsageError
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.machine_measures import MachineMeasures
from routilux_tui.store.large_file import open_job
from routilux_tui.store.locks import is_locked
from routilux_tui.views.measures import measures_of
from tests.cli.program import tui
from tests.processes import assert_gone, until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMTOOL = shutil.which("promtool")


def samples(page: str) -> dict[tuple[str, ...], float]:
    """The values of a page, by the metric and the values of its labels in their order."""
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(page)
        for one in family.samples
    }


@pytest.fixture
def exporter() -> Iterator[int]:
    """The port of an exporter that runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "routilux_tui", "metrics", "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/metrics\n", process.stderr.readline())
        assert found is not None
        yield int(found[1])
    finally:
        process.kill()
        process.communicate()


def ask(port: int, path: str = "/metrics", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_jobs_are_told_by_flow_and_routine_and_their_end_is_kept(exporter: int, flows: str) -> None:
    stuck = start_job(f"{flows}:stuck", {"seconds": 600})
    counting = start_job(f"{flows}:counting", {"n": 20})
    page = ""

    def has_ended() -> bool:
        nonlocal page
        page = ask(exporter)[1]
        return ("routilux_jobs_ended_total", "counting", "completed") in samples(page)

    until(has_ended)
    assert_gone(counting.pid)
    tui("run", f"{flows}:failing", code=1)  # came and went between two looks
    page = ask(exporter)[1]
    values = samples(page)
    assert values["routilux_jobs", "stuck", "running"] == 1
    assert values["routilux_running_handlers", "stuck", "stuck"] == 1
    assert values["routilux_jobs_ended_total", "counting", "completed"] == 1
    assert values["routilux_jobs_ended_total", "failing", "failed"] == 1
    assert values["routilux_runs_total", "counting", "completed", "sink"] == 20
    assert values["routilux_runs_total", "failing", "failed", "bad"] == 1
    assert values["routilux_run_duration_seconds_count", "counting", "sink"] == 20
    assert values["routilux_run_duration_seconds_bucket", "counting", "+Inf", "sink"] == 20
    assert values["routilux_queue_wait_seconds_count", "counting", "source"] == 22
    for job in (stuck.job_id, counting.job_id):
        assert job[:8] not in page
    if PROMTOOL is None:
        pytest.skip("no promtool on this machine")
    told = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=page, text=True, capture_output=True
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_a_page_of_another_host_is_told_nothing(exporter: int) -> None:
    assert ask(exporter, Host="evil.example")[0] == 403
    assert ask(exporter, Host="evil.example:9464")[0] == 403
    assert ask(exporter, "/")[0] == 404
    for host in ("localhost:1", "127.0.0.1", "[::1]:9464"):
        assert ask(exporter, Host=host)[0] == 200


def test_a_file_is_written_whole(flows: str, world: Path) -> None:
    start_job(f"{flows}:stuck", {"seconds": 600})
    target = world / "jobs.prom"
    tui("metrics", "--textfile", str(target), "--once")
    values = samples(target.read_text())
    assert values["routilux_jobs", "stuck", "running"] == 1
    assert [one.name for one in world.glob("jobs.prom*")] == ["jobs.prom"]
    tui("metrics", "--textfile", str(world / "none/jobs.prom"), "--once", code=2)
    tui("metrics", "--once", code=2)
    tui("metrics", "--listen", "9464", code=2)


def test_a_job_that_is_taken_up_again_is_not_counted_twice(flows: str) -> None:
    first = start_job(f"{flows}:counting", {"n": 100_000, "pace": 0.002})
    looked = MachineMeasures()

    def runs() -> int:
        looked.collect()
        total = looked.totals.get(("counting", "sink"))
        return total.runs[0] if total is not None else 0

    until(lambda: runs() > 20)
    os.kill(first.pid, 9)
    assert_gone(first.pid)
    before = runs()
    tui("resume", first.path)
    until(lambda: runs() > before)
    tui("cancel", first.job_id)
    until(lambda: not is_locked(Path(first.path)))
    [sink] = [one for one in measures_of(open_job(first.path)) if one.routine_id == "sink"]
    assert runs() == sink.runs[0]
    assert looked.ended == {("counting", "cancelled"): 1}


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    module, parser = parser_of("metrics")
    with pytest.raises(UsageError, match="prometheus_client is not installed") as raised:
        module.run(parser.parse_args([]))
    assert raised.value.hint == "Say: pip install 'routilux-tui[metrics]'"
