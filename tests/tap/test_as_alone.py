"""What a script sees of itself, its state and its process is what it sees without us."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.tap.rig import LIBRARY, Observed

if TYPE_CHECKING:
    from pathlib import Path

LOOKING = """
import copy, pickle
from routilux.job_state import ExecutionRecord

flow = make_flow()
state = flow.execute("source", {"n": 2})
finish(flow, state)
print(sorted(key for key in globals() if key.startswith("__")), type(__loader__).__name__)
print(sorted(thread.name for thread in threading.enumerate()))
print(sorted(vars(state)), sorted(vars(state.execution_history[-1])))
copied = copy.deepcopy(state)
print(type(copied.shared_data), type(copied.shared_log), sorted(vars(copied)))
print(b"routilux_tui" in pickle.dumps([state.execution_history, state.shared_data]))
state.execution_history.append(ExecutionRecord("mine", "put in", {}))
state.record_execution("source", "said", {})
state.save("state.json")
print("routilux_tui" in open("state.json").read(), JobState.load("state.json").status)
"""
STACKS = """
import inspect, logging, traceback

def where(*_, **__):
    traceback.print_stack(file=sys.stdout)
    print([one.function for one in inspect.stack()], flush=True)
    print([one.name for one in traceback.StackSummary.extract(traceback.walk_stack(None))])

def work(sink, i):
    where()
    try:
        raise KeyError(i)
    except KeyError:
        traceback.print_exc(file=sys.stdout)

class Wrong(Source):
    def go(self, **_):
        where()
        raise RuntimeError("the library logs this one on its way")

logging.basicConfig(stream=sys.stdout)
flow = make_flow()
finish(flow, flow.execute("source", {"n": 1}))
flow.routines["source"].go = flow.routines["source"].get_slot("trigger").handler = Wrong().go
flow.execute("source")
for hooked in Flow.execute, Flow.resume, Routine.emit, JobState.record_execution, time.sleep:
    print(hooked.__name__, hooked.__qualname__, hooked.__module__)
    if hooked is not time.sleep:
        print(inspect.signature(hooked))
"""
CLOSING = """
flow = make_flow()
sys.stdout.flush()
os.closerange(3, 256)
files = [open(f"file{n}", "w+") for n in range(20)]
state = flow.execute("source", {"n": 2})
finish(flow, state)
time.sleep(0.6)  # until the reader sleeps, and would be woken
print(finish(flow, flow.execute("source", {"n": 1})), state.status)
print([os.path.getsize(f"file{n}") for n in range(20)])
"""
ENDS = {"exit": "sys.exit(259)", "words": "sys.exit('bye')", "not a number": "sys.exit(2.5)"}
ENDS |= {"at once": "os._exit(7)", "error": "1 / 0"}
ENDS |= {"signal": "os.kill(os.getpid(), 15); time.sleep(60)"}
ENDS |= {"closed": "import atexit; atexit.register(print, 'lost'); sys.stdout.close()"}
ENDS |= {"program": "os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(6)'])"}


def alone(python: str, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    file = folder / "script.py"
    file.write_text(LIBRARY + text)
    words = [python, str(file)]
    return subprocess.run(
        words, capture_output=True, text=True, cwd=folder, timeout=60, check=False
    )


@pytest.mark.parametrize("text", [LOOKING, CLOSING, STACKS], ids=["looking", "closing", "stacks"])
def test_it_looks_the_same(
    python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    expected = alone(python, tmp_path, text)
    assert expected.returncode == 0, expected.stderr
    monkeypatch.chdir(tmp_path)
    with Observed(python, tmp_path, text) as script:
        assert script.end() == 0, script.errors.read_text()
        assert script.lines() == expected.stdout.splitlines()
        assert script.until_status("completed").job_id
        if text == LOOKING:
            # A record that the script puts in itself is told, too, and once.
            records = [record[:2] for record in script.of("record")]
            assert sorted(records) == [["mine", "put in"], ["source", "said"]]
    assert (tmp_path / "script.py").exists()


@pytest.mark.parametrize("end", sorted(ENDS))
def test_it_ends_the_same(tmp_path: Path, end: str, python_0_11: str) -> None:
    text = f"print('before', flush=True)\n{ENDS[end]}\n"
    expected = alone(python_0_11, tmp_path, text)
    with Observed(python_0_11, tmp_path, text) as script:
        assert script.end() == expected.returncode
        assert script.lines() == expected.stdout.splitlines()
        errors = script.errors.read_text()
        if end == "closed" and sys.version_info < (3, 11):  # its Python puts our frame back in
            errors = re.sub(r'Traceback .*\n  File ".*/tap/prints.py".*\n.*\n', "", errors)
        assert errors == expected.stderr


def test_an_interrupt_ends_it_as_a_shell_says_it_does(tmp_path: Path, python_0_11: str) -> None:
    text = "os.kill(os.getpid(), 2); time.sleep(60)\n"
    assert alone(python_0_11, tmp_path, text).returncode == -signal.SIGINT
    with Observed(python_0_11, tmp_path, text) as script:
        assert script.end() == 128 + signal.SIGINT
        assert "KeyboardInterrupt" in script.errors.read_text()
