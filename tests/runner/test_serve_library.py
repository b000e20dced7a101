"""A flow and a job of the library itself, served by the program that runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from routilux_tui.runner.client import Client
from tests.conftest import PEERS, peer_of
from tests.tap.rig import LIBRARY

ROOT = Path(__file__).parent.parent.parent
TEXT = """
from routilux_tui import serve

def work(sink, i):
    while i > 20 and not os.path.exists(sys.argv[2]):
        time.sleep(0.005)
    say("got", i)

flow = make_flow(workers=int(sys.argv[1]))
state = flow.execute("source", {"n": 400})
state.update_shared_data("before", 1)
with serve(flow, state) as server:
    say("at", server.path)
    say(finish(flow, state), state.status)
    sys.stdin.read()
state.update_shared_data("after", 2)
again = flow.execute("source", {"n": 3})
say(finish(flow, again), again.status)
"""


@pytest.fixture(params=sorted(PEERS))
def packages(request: pytest.FixtureRequest) -> str:
    """The folder in which an environment's routilux is installed."""
    python = peer_of(request.param)
    ask = "import routilux, os; print(os.path.dirname(os.path.dirname(routilux.__file__)))"
    return subprocess.run(
        [python, "-c", ask], capture_output=True, text=True, check=True
    ).stdout.strip()


def until(client: Client, status: str) -> None:
    deadline = time.monotonic() + 60
    while client.header().status != status:
        assert time.monotonic() < deadline, client.header()
        time.sleep(0.01)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_job_of_the_library_is_seen_and_steered_where_it_runs(
    packages: str, tmp_path: Path, workers: int
) -> None:
    file, go = tmp_path / "program.py", tmp_path / "go"
    file.write_text(LIBRARY + TEXT)
    with subprocess.Popen(
        [sys.executable, file, str(workers), go],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{packages}:{ROOT}", "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = [""]
        while not lines[-1].startswith("at "):
            lines.append(process.stdout.readline())
            assert lines[-1], "it has ended"
        with Client(lines[-1].split()[1]) as client:
            client.call("pause", reason="lunch")
            go.touch()  # the handlers that run return, no other starts
            until(client, "paused")
            assert client.header().flow_id == "numbers"
            assert client.header().counts["data"] == 1
            held = client.header().counts["pending"]
            client.call("resume")
            until(client, "completed")
            assert 0 < held < 400
            assert client.header().counts["history"] == 401
        process.stdin.close()
        rest = process.stdout.read().splitlines()
    assert process.returncode == 0
    got = [int(one.split()[1]) for one in [*lines, *rest] if one.startswith("got")]
    assert sorted(got) == sorted([*range(400), 0, 1, 2])
    assert [one for one in rest if one.startswith("True")] == ["True completed"] * 2
