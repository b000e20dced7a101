"""Saving: wholly or not at all, whatever the job holds, and readable by the real library."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path, PurePosixPath

import pytest

from routilux_tui.errors import JobFileError
from routilux_tui.state.job_state import JobState


class Colour(enum.Enum):
    RED = "red"


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no words")


CYCLE: list = []
CYCLE.append(CYCLE)
ODD = {
    "datetime": dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc),
    "set": {3, 1, 2},
    "bytes": b"\x00\xffab",
    "path": PurePosixPath("/etc"),
    "decimal": decimal.Decimal("1.50"),
    "enum": Colour.RED,
    "error": ValueError("boom"),
    "class": decimal.Decimal,
    "function": len,
    "lambda": lambda: 1,
    "surrogate": "\ud800",
    "cycle": CYCLE,
    "nan": float("nan"),
    "odd": Odd(),
    "huge": 10**5000,
    ("tuple", 1): "key",
    None: "none",
}


@pytest.mark.parametrize("key", list(ODD), ids=str)
def test_no_value_makes_a_save_fail(key: object, tmp_path: Path) -> None:
    state = JobState("f")
    state.record_execution("a", "b", {"value": ODD[key], "nested": [{str(key): ODD[key]}]})
    state.update_shared_data(key, ODD[key])  # type: ignore[arg-type]
    state.append_to_shared_log({"value": ODD[key], key: 1})
    state.save(tmp_path / "j.json")
    again = JobState.load(tmp_path / "j.json")
    assert len(again.execution_history) == len(again.shared_data) == len(again.shared_log) == 1
    assert again.execution_history[0].data["value"] is not None


@pytest.mark.parametrize("indent", [None, 2, 7])
@pytest.mark.parametrize("odd", [False, True])
def test_a_history_is_saved_as_it_was_read(tmp_path: Path, odd: bool, indent: int | None) -> None:
    """Of a file of any layout, some of it looked at, with plain, odd and new records in it."""
    values = [1, "},\n,{", "\n    {\n", {}, [{"a": [None]}, {}], 1.5, "é", True]
    state = JobState("f")
    for n, value in enumerate(values):
        state.record_execution("r", "e", {"n": n, "deep": [{"value": value}, {}], "text": "x"})
    history = state.execution_history
    history[5].task, history[5].trace = 12, 0
    if odd:
        for key in set(ODD) - {"huge"}:  # Python's own json refuses it
            state.record_execution("r", "e", {"value": ODD[key]})
        history[0].routine_id = "half \ud800"
        history[1].event_name = b"bytes"  # type: ignore[assignment]
        history[2].timestamp, history[3].timestamp = "yesterday", None
    state.save(tmp_path / "j.json")
    whole = json.loads((tmp_path / "j.json").read_bytes())
    records = whole["execution_history"]
    assert [one["data"]["deep"][0]["value"] for one in records[: len(values)]] == values
    assert records[1]["event_name"] == ("bytes" if odd else "e")
    (tmp_path / "other.json").write_text(json.dumps(whole, indent=indent))
    again = JobState.load(tmp_path / "other.json")
    assert again.execution_history[4].data["n"] == 4  # it is looked at, the others are not
    again.record_execution("r", "e", {"n": "new"})
    again.save(tmp_path / "again.json")
    written = (tmp_path / "again.json").read_bytes()
    told = json.loads(written)["execution_history"]
    assert json.dumps(told[:-1], sort_keys=True) == json.dumps(records, sort_keys=True)
    assert told[-1]["data"] == {"n": "new"}
    lines = written.partition(b'\n  "execution_history": [\n')[2].splitlines()
    assert lines[:-2:3] == [b"    {"] * len(told)  # by which a large file is read
    assert lines[-2:] == [b"  ]", b"}"]


def test_odd_values_are_readable() -> None:
    from routilux_tui.job.jsonable import to_plain

    plain = to_plain(ODD)
    assert plain["datetime"] == "2026-01-02T00:00:00+00:00"
    assert plain["set"] == [1, 2, 3]
    assert plain["bytes"] == "\x00\\xffab"
    assert plain["decimal"] == "1.50"
    assert plain["enum"] == "red"
    assert plain["error"] == "ValueError: boom"
    assert plain["class"] == "decimal.Decimal"
    assert plain["cycle"] == ["<cycle>"]
    assert plain["null"] == "none"


def test_a_file_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state = JobState("f")
    state.save(path)
    before = path.read_bytes()
    state.update_shared_data("much", "x" * 500_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(JobFileError, match=r"j\.json"):
            state.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["j.json"]


def test_a_save_makes_the_folder_and_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "a/b/j.json"
    JobState("f").save(path)
    path.chmod(0o640)
    JobState("f").save(path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_reader_that_polls_never_sees_a_torn_file(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state = JobState("f")
    state.update_shared_data("bulk", ["x" * 100] * 3000)
    state.save(path)
    stop = threading.Event()
    torn: list[BaseException] = []
    reads = [0]

    def read() -> None:
        while not stop.is_set():
            try:
                json.loads(path.read_bytes())
                reads[0] += 1
            except ValueError as error:
                torn.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        state.update_shared_data("number", number)
        state.save(path)
    stop.set()
    reader.join()
    assert reads[0] > 5
    assert not torn


GETTERS = """
import json, sys
from datetime import datetime
{imports}
js = JobState.load(sys.argv[1]) if {ours} else JobState()
if not {ours}:
    js = JobState.load(sys.argv[1])
print(json.dumps([
    js.flow_id, js.job_id, js.status, js.current_routine_id, js.routine_states,
    [[r.routine_id, r.event_name, r.data, r.timestamp.isoformat()] for r in js.execution_history],
    js.pause_points, js.pending_tasks, js.deferred_events, js.shared_data, js.get_shared_log(),
    js.output_log, js.get_routine_state("a"), js.get_shared_data("k"),
    [r.event_name for r in js.get_execution_history("a")], js.created_at.isoformat(),
]))
"""


def test_routilux_itself_reads_what_we_write(tmp_path: Path, peer: str) -> None:
    state = JobState("flow")
    state.update_routine_state("a", {"status": "completed", "result": [1, {"x": None}]})
    for number in range(3):
        state.record_execution("a", f"e{number}", {"n": number, "text": "é\u2028\x1b[1m[b]"})
    state.update_shared_data("k", {"deep": [1.5, True]})
    state.append_to_shared_log({"message": "hello"})
    state.send_output("a", "kind", {"x": 1})
    state.add_deferred_event("a", "later", {"y": 2})
    state._set_paused("why", {"step": 3})
    path = tmp_path / "j.json"
    state.save(path)
    outputs = []
    for python, imports, ours in (
        (peer, "from routilux.job_state import JobState", False),
        (sys.executable, "from routilux_tui import JobState", True),
    ):
        code = GETTERS.format(imports=imports, ours=ours)
        done = subprocess.run(
            [python, "-c", code, str(path)], capture_output=True, text=True, env=_env(ours)
        )
        assert done.returncode == 0, done.stderr
        outputs.append(json.loads(done.stdout))
    assert outputs[0] == outputs[1]


def _env(ours: bool) -> dict[str, str]:
    env = dict(os.environ)
    if not ours:
        env.pop("PYTHONPATH", None)
    return env
