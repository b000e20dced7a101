"""What scripts of the library print: bounded on disk, and never lost to who follows it."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from routilux_tui.store.printed import PrintedReader, printed_files
from tests.conftest import peer_of, run
from tests.processes import until
from tests.tap.rig import LIBRARY

MANY = 30_000
LINE = "x" * 100
MAIN = """
def work(sink, i):
    pass

if __name__ == "__main__":
    print("before", flush=True)
    flow = make_flow()
    state = flow.execute("source", {"n": 1})
    finish(flow, state)
    BODY
"""


@pytest.fixture
def python() -> str:
    return peer_of("0.10.0")


def script_of(folder: Path, body: str) -> Path:
    file = folder / "script.py"
    file.write_text(LIBRARY + MAIN.replace("BODY", body))
    return file


def test_much_output_is_bounded_on_disk_and_whole_to_who_follows(
    command: list[str], python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTILUX_TUI_LOG_SIZE", "1MB")
    body = f"for n in range({MANY}): print('{LINE}', n)\n    print('no end', end='')"
    file = script_of(tmp_path, body)
    words = [*command, "run", "--no-tui", "--python", python, str(file)]
    done = run(words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "before\n" + "".join(f"{LINE} {n}\n" for n in range(MANY)) + "no end"
    path = Path(done.stderr.split()[-1])
    kept = sum(one.stat().st_size for one in printed_files(path) if one.exists())
    assert kept < (1 << 20) + (64 << 10)
    (log,) = {one.stat().st_ino: one for one in Path(os.environ["XDG_STATE_HOME"]).rglob("*.log")
              if not str(one).endswith(".json.log")}.values()  # fmt: skip
    assert log.stat().st_size < (1 << 20) + 10_000
    first, count = PrintedReader(path).extent()
    assert 0 < first < count == MANY + 2
    shown = run([*command, "log", str(path), "--of", "print", "--tail", "2"])
    assert f"{LINE} {MANY - 1}" in shown.stdout
    assert "no end" in shown.stdout
    assert "earlier lines are gone" in run([*command, "log", str(path), "--of", "print"]).stderr


def test_what_is_printed_before_the_first_job_and_as_errors_is_kept(
    command: list[str], python: str, tmp_path: Path
) -> None:
    file = script_of(tmp_path, "print('bar 1\\rbar 2'); print('wrong', file=sys.stderr)")
    done = run([*command, "run", "--json", "--python", python, str(file)])
    (job,) = json.loads(done.stdout)["jobs"]
    lines = [(one.level, one.text) for one in PrintedReader(job["file"]).lines()]
    assert [text for level, text in lines if level == "print"] == ["before", "bar 2"]
    assert [text for level, text in lines if level == "stderr"] == ["wrong"]


@pytest.mark.parametrize("set_by_user", ["", "1"])
def test_its_environment_is_its_users(
    command: list[str], python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    set_by_user: str,
) -> None:  # fmt: skip
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    if set_by_user:
        monkeypatch.setenv("PYTHONUNBUFFERED", set_by_user)
    file = tmp_path / "script.py"
    file.write_text(
        "import os, routilux\nif __name__ == '__main__':\n    print(dict(os.environ))\n"
    )
    alone = run([python, str(file)])
    done = run([*command, "run", "--no-tui", "--python", python, str(file)])
    assert ast.literal_eval(done.stdout) == ast.literal_eval(alone.stdout)


def test_a_line_is_written_in_one_piece(
    command: list[str], python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at a terminal, and in the order of it: what threads print isn't mixed within lines."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    file = script_of(tmp_path, "print('a', end=''); os.write(1, b'b'); print('c', 'd')")
    alone = run([python, str(file)])
    done = run([*command, "run", "--no-tui", "--python", python, str(file)])
    assert done.stdout == alone.stdout == "before\nbac d\n"


def test_each_line_stands_with_the_job_and_the_task_that_printed_it(
    command: list[str], python: str, tmp_path: Path
) -> None:
    body = """
    del Sink.go
    one_at_a_time = threading.Lock()  # two jobs print: one line must be no piece of another
    def go(self, i=0, **_):
        with one_at_a_time:
            print(self.name, end=" ")
            print(i)
            os.write(2, b"from nowhere\\n")
            print(self.name, "wrong", file=sys.stderr)
    Sink.go = go
    started = []
    for name in "alpha", "beta":
        flow = make_flow(name)
        flow.routines["sink"].name = name
        started.append((flow, flow.execute("source", {"n": 20})))
    for flow, state in started:
        finish(flow, state)
    print("the end")"""
    file = script_of(tmp_path, body)
    done = run([*command, "run", "--json", "--python", python, str(file)])
    files = {job["header"]["flow_id"]: job["file"] for job in json.loads(done.stdout)["jobs"]}
    for name in "alpha", "beta":
        lines = list(PrintedReader(files[name]).lines())
        own = [(one.level, one.routine, one.text) for one in lines if one.task is not None]
        printed = [("print", "sink", f"{name} {i}") for i in range(20)]
        assert [one for one in own if one[0] == "print"] == printed
        # Two threads write what they say at once: two lines may make one.
        whole = [one for one in own if one == ("stderr", "sink", f"{name} wrong")]
        assert len(whole) > 10
        assert len({one.task for one in lines if one.text.startswith(name)}) >= 20
        others = {"alpha": "beta", "beta": "alpha"}[name]
        assert not [one for one in lines if one.level == "print" and others in one.text]
    assert list(PrintedReader(files["beta"]).lines())[-1].text == "the end"


def test_a_script_whose_runner_is_killed_prints_on(
    command: list[str], python: str, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    body = f"""
    for n in range(3): print('{LINE}', flush=True)
    while not os.path.exists({str(mark)!r}): time.sleep(0.01)
    for n in range({MANY}): print('{LINE}', flush=True)
    open({str(mark)!r}, 'w').write('done')"""
    file = script_of(tmp_path, body)
    words = [*command, "run", "--detach", "--json", "--python", python, str(file)]
    job = json.loads(run(words).stdout)
    until(lambda: list(PrintedReader(job["path"]).lines(3)))
    os.kill(int(job["pid"]), signal.SIGKILL)
    mark.touch()
    until(lambda: mark.read_text() == "done")


def test_what_a_child_prints_that_outlives_the_script_is_kept(
    command: list[str], python: str, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    body = f"""
    if not os.fork():
        while not os.path.exists({str(mark)!r}): time.sleep(0.01)
        print('from the child', flush=True)
        os._exit(0)"""
    file = script_of(tmp_path, body)
    done = run([*command, "run", "--json", "--python", python, str(file)])
    (job,) = json.loads(done.stdout)["jobs"]
    mark.touch()
    until(lambda: "from the child" in [x.text for x in PrintedReader(job["file"]).lines()])


def test_an_end_of_who_follows_is_no_end_of_the_script(
    command: list[str], python: str, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    body = f"""
    for n in range({MANY}): print('{LINE}')
    open({str(mark)!r}, 'w').close()"""
    file = script_of(tmp_path, body)
    words = [*command, "run", "--no-tui", "--python", python, str(file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        until(mark.exists)
