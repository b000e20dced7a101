"""Commands where things are not as they should be: no home, closed streams, a full disk, strangers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import Unreachable
from routilux_tui.runner.paths import state_folder
from routilux_tui.state.job_state import JobState
from tests.cli.program import tui
from tests.conftest import DATA
from tests.flows import write_flows
from tests.staged import ORDERS

if TYPE_CHECKING:
    from pathlib import Path

JOB = str(DATA / "jobs/0.11.0/completed.json")
PROGRAM = f'"{sys.executable}" -m routilux_tui'


def sh(line: str, **env: str | None) -> subprocess.CompletedProcess[str]:
    """Run a line of shell; a variable that is None is unset."""
    whole = {**os.environ, **env}
    clean = {key: value for key, value in whole.items() if value is not None}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60, env=clean
    )


@pytest.mark.parametrize(
    "words", ["ps", f"show {JOB}", f"history {JOB} --json", "info", "ps --json"]
)
@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_a_stream_that_is_closed_is_no_traceback(words: str, closed: str, world: Path) -> None:
    done = sh(f"{PROGRAM} {words} {closed}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "words", ["ps", "--help", "--version", "run --help", f"show {JOB}", f"history {JOB} --json"]
)
@pytest.mark.parametrize("out", ["> /dev/full", ">&-", "<&- >&-"])
def test_what_can_not_be_written_is_no_success(words: str, out: str) -> None:
    done = sh(f"{PROGRAM} {words} {out}")
    assert done.returncode == 2
    assert "What is printed can't be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "out", "code"),
    [("show nothing", "/dev/null", 3), ("rm -y nothing --json", "/dev/null", 3),
     ("--no-such-option", "/dev/null", 2), ("ps", "/dev/full", 2)],
)  # fmt: skip
def test_an_error_that_can_not_be_told_has_its_exit_code(words: str, out: str, code: int) -> None:
    assert sh(f"{PROGRAM} {words} > {out} 2> /dev/full").returncode == code


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_json_is_json_in_every_encoding(world: Path, encoding: str) -> None:
    path = world / "x.json"
    state = JobState("日本 é")
    state.update_shared_data("k", "é\x9b31m\u202e日\U0001f600")
    state.save(path)
    done = subprocess.run(
        [sys.executable, "-m", "routilux_tui", "show", str(path), "--json"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert json.loads(done.stdout.decode(encoding))["header"]["flow_id"] == "日本 é"


def test_json_is_strict_and_no_terminal_obeys_it(world: Path) -> None:
    path = world / "x.json"
    state = JobState("f\x9b31m\u202e\u2028\x7f\U000e0041")
    for n, value in enumerate(
        [float("nan"), float("inf"), -float("inf"), "lone \ud800 one", {"\udfff": [float("nan")]}]
    ):
        state.append_to_shared_log({"n": n, "message": value})
    state.save(path)
    for words in (["show", str(path)], ["log", str(path)], ["tail", "--of", "log", str(path)]):
        text = tui(*words, "--json").stdout
        assert all(one == "\n" or (one.isprintable() and one != "\u202e") for one in text)
        if shutil.which("jq"):
            done = subprocess.run(["jq", "-c", "."], input=text, capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, "")
        for line in text.splitlines():
            json.loads(line, parse_constant=pytest.fail).__class__  # noqa: B018
            line.encode()
    rows = [
        json.loads(line)["data"] for line in tui("log", str(path), "--json").stdout.splitlines()
    ]
    assert [row["message"] for row in rows] == [
        "NaN", "Infinity", "-Infinity", "lone \ufffd one", {"\ufffd": ["NaN"]},
    ]  # fmt: skip
    shown = json.loads(tui("show", str(path), "--json").stdout)
    assert shown["header"]["flow_id"] == state.flow_id


def test_no_home_is_told_and_an_empty_one_is_not_the_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    xdg = dict.fromkeys(("XDG_STATE_HOME", "XDG_CONFIG_HOME"))
    for home in (None, "", "relative"):
        done = sh(f"{PROGRAM} info", HOME=home, **xdg)
        assert (done.returncode, done.stderr) == (0, "")
        assert " /.local" not in done.stdout
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    with pytest.raises(Unreachable, match="Set HOME, or XDG_STATE_HOME"):
        state_folder()


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("setpriv"), reason="ONLY ROOT can give up its rights"
)
@pytest.mark.parametrize(
    ("folder", "words", "code"),
    [("state", "ps", 3), ("state", "rm -y etl", 3), ("state", "info", 0), ("state", "run", 3),
     ("config", "ps", 0), ("config", "rm -y etl", 3), ("config", "info", 2), ("config", "run", 2),
     ("run", "ps", 0), ("run", "rm -y etl", 3), ("run", "info", 0), ("run", "run", 0)],
)  # fmt: skip
def test_folders_of_another_user_are_told(world: Path, folder: str, words: str, code: int) -> None:
    place = world / folder
    place.chmod(0o700)
    os.chown(place, 54321, 54321)  # root is a user like any other where it may not pass by
    caps = "-dac_override,-dac_read_search"
    if words == "run":
        words = f"run {write_flows(world)}:counting -p n=1 --no-tui"
    done = sh(f"setpriv --bounding-set={caps} --inh-caps={caps} {PROGRAM} {words}")
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    if code:
        assert done.stderr.startswith("routilux-tui: ")


@pytest.mark.skipif(
    os.getuid() == 0 and not shutil.which("setpriv"), reason="ROOT removes what it likes"
)
def test_a_job_that_can_not_be_removed_is_not_said_to_be(world: Path) -> None:
    kept, other = world / "closed/a.json", world / "b.json"
    for path in (kept, other):
        JobState("etl").save(path)
    kept.parent.chmod(0o555)
    caps = "-dac_override,-dac_read_search"
    as_user = f"setpriv --bounding-set={caps} --inh-caps={caps} " if os.getuid() == 0 else ""
    done = sh(f"{as_user}{PROGRAM} rm -y {kept} {other}")
    kept.parent.chmod(0o755)
    assert done.returncode == 3
    assert f"{kept}: Permission denied" in done.stderr
    assert done.stderr.count("removed ") == 1
    assert (kept.exists(), other.exists()) == (True, False)


@pytest.mark.skipif(
    os.getuid() == 0 and not shutil.which("setpriv"), reason="ROOT removes what it likes"
)
def test_prune_goes_on_beside_what_it_can_not_remove(world: Path) -> None:
    kept, other = world / "closed/a.json", world / "open/b.json"
    for path in (kept, other):
        state = JobState("etl")
        state.status = "completed"
        state.save(path)
    kept.parent.chmod(0o555)
    caps = "-dac_override,-dac_read_search"
    as_user = f"setpriv --bounding-set={caps} --inh-caps={caps} " if os.getuid() == 0 else ""
    done = sh(f"{as_user}{PROGRAM} prune -y --keep 0 {kept.parent} {other.parent}")
    kept.parent.chmod(0o755)
    assert done.returncode == 3
    assert f"{kept}: Permission denied" in done.stderr
    assert "removed 1 job, " in done.stderr
    assert (kept.exists(), other.exists()) == (True, False)


@pytest.mark.parametrize("words", ["wait", "show", "history", "open", "resume", "rm -y"])
@pytest.mark.parametrize("text", [None, "", "{", "[1]", '{"a": 1}'])
def test_a_file_that_is_no_job_is_not_said_to_have_failed(
    world: Path, words: str, text: str | None
) -> None:
    path = world / "job.json"
    if text is not None:
        path.write_text(text)
    done = sh(f"{PROGRAM} {words} {path} < /dev/null")
    expected = 2 if words == "open" and text is not None else 3  # there is no terminal
    assert done.returncode == expected, done.stderr
    assert "Traceback" not in done.stderr


def test_an_odd_name_or_a_dangling_link_is_no_traceback(world: Path) -> None:
    jobs = world / "state/routilux-tui/jobs"
    JobState("etl").save(jobs / "a.json")
    (jobs / "b.json").symlink_to("nowhere")
    (jobs / "c.json").symlink_to("c.json")
    os.mkfifo(jobs / "d.json")
    assert len(tui("ps").stdout.splitlines()) == 5
    assert "etl" in tui("show", "etl").stdout
    for command, name in (
        (["show"], "x" * 300),
        (["pause"], "é" * 300),
        (["rm", "-y"], "/" * 300),
        (["wait"], "a/" * 3000),
        (["attach"], "x" * 5000),
    ):
        done = tui(*command, name, code=None)
        assert done.returncode in {1, 3}
        assert done.stderr.startswith("routilux-tui: ")


def test_many_rm_at_once_all_remove_their_job(world: Path) -> None:
    jobs = world / "state/routilux-tui/jobs"
    ids = []
    for n in range(40):
        state = JobState("etl")
        state.save(jobs / f"{n}.json")
        ids.append(state.job_id)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "routilux_tui", "rm", "-y", one],
            stderr=subprocess.PIPE,
            text=True,
        )
        for one in ids
    ]
    ended = [(one.communicate()[1], one.returncode) for one in running]
    assert [code for _, code in ended] == [0] * 40, ended
    assert list(jobs.glob("*.json")) == []


@pytest.mark.parametrize("limit", [9, 12, 16, 20])
def test_few_file_handles_are_told(limit: int, world: Path) -> None:
    done = sh(f"ulimit -n {limit}; {PROGRAM} ps")
    assert done.returncode != 1
    if done.returncode:
        assert "oo many open files" in done.stderr


def test_numbers_that_mean_nothing_are_usage(flows: str) -> None:
    for words in (
        ["run", f"{flows}:counting", "--workers", "-5"],
        ["run", f"{flows}:counting", "--workers", "0"],
        ["resume", "x", "--workers", "1e3"],
        ["tail", JOB, "-n", "-1"],
        ["history", JOB, "--tail", "x"],
        ["wait", JOB, "--timeout", "nan"],
        ["cancel", "x", "--grace", "-1"],
        ["pause", "x", "--within", "nan"],
    ):
        done = tui(*words, code=2)
        assert " up." in done.stderr


def test_a_tail_of_no_rows_prints_none() -> None:
    assert tui("tail", JOB, "-n", "0").stdout == ""
    assert tui("history", JOB, "--tail", "0").stdout == ""
    assert len(tui("tail", JOB, "-n", "1").stdout.splitlines()) == 1


def test_a_tail_that_nobody_reads_ends_though_nothing_comes(flows: str) -> None:
    job = tui("run", f"{flows}:stuck", "--detach").stdout.strip()
    done = sh(f"{PROGRAM} tail -f {job} | head -1; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")
    tui("cancel", job, "--force", "--grace", "0")


def test_a_configuration_that_is_no_file_is_told(world: Path) -> None:
    place = world / "config/routilux-tui"
    place.mkdir()
    config = place / "config.toml"
    os.mkfifo(config)
    assert "no regular file" in tui("info", code=2).stderr
    config.unlink()
    config.symlink_to("/dev/zero")
    assert "no regular file" in tui("info", code=2).stderr
    config.unlink()
    config.write_text(f"hosts = {'[' * 3000}{']' * 3000}\n")
    assert "nested too deeply" in tui("info", code=2).stderr
    config.write_bytes(b'theme = "\xff"\n')
    assert "no UTF-8" in tui("info", code=2).stderr


def test_a_parameter_that_is_nested_too_deeply_is_told(flows: str) -> None:
    done = tui("run", f"{flows}:counting", "-p", f"n={'[' * 100_000}", code=2)
    assert "nested too deeply" in done.stderr


def test_a_name_that_the_locale_has_no_letters_for_is_told_with_the_way_out(world: Path) -> None:
    flow = world / "flüsse.py"
    shutil.copy(ORDERS, flow)
    path = world / "orders.json"
    tui("run", f"{flow}:failing", "-p", "pace=0", "-p", "every=3", "--save", str(path), code=1)
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "routilux_tui", "bundle", str(path), str(world / "a.zip"), "-y"],
        capture_output=True,
        env={**os.environ, **bare},
        text=True,
    )
    assert done.returncode == 2
    assert "PYTHONUTF8=1" in done.stderr
    assert "Traceback" not in done.stderr
