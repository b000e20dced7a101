"""Job files and journals with something odd in them, and all that is done with a file.

Run alone, it goes on until it is stopped, and prints what it finds:
``python -m tests.store.fuzzing FOLDER [SECONDS]``.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui import JobState
from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.runner import protocol
from routilux_tui.sources.saved_entry import file_note, read_entry
from routilux_tui.store.files import journal_path
from routilux_tui.store.large_file import open_job, wait_counted
from routilux_tui.store.reading import load_job
from routilux_tui.store.segments import changes_folder
from routilux_tui.views.causes import input_of, trace_of
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.conditions import Condition
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import SECTIONS, Filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.model import Job

DIGITS = "<5,000 digits>"
"""Stands for an integer that Python would not print, which is put in when the file is written."""
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 5, 1 << 63, 1 << 70, 10**400, -(10**400), 0.5, 1e308, -1e308,
    float("nan"), float("inf"), float("-inf"), "", "x", "running", "\ud800", "\x1b]52;c;x\x07",
    "1e400", "9" * 300, [], [[]], [None], {}, {"x": 1}, {"_type": {}}, [1, 2, 3], "2026-01-01",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", DIGITS, [DIGITS], {"status": [DIGITS]},
    1e15, "0x7f0000000000", {"a": {"b": {"c": []}}}, [["a", "b", {}]], [[1, "a", 1e400]],
)  # fmt: skip
_LEFT_OUT = object()


def mutated(value: Any, chance: random.Random) -> Any:
    """A copy of a JSON value with one to three odd things in it."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(value))
        if not places:
            return chance.choice(ODD)
        inside, key = chance.choice(places)
        new = chance.choice([*ODD, _LEFT_OUT, _LEFT_OUT])
        if new is _LEFT_OUT:
            del inside[key]
        else:
            inside[key] = copy.deepcopy(new)
    return value


def _places(value: Any) -> Any:
    waiting = [value]
    while waiting:
        inside = waiting.pop()
        keys = inside.keys() if isinstance(inside, dict) else range(len(inside))
        for key in list(keys):
            yield inside, key
            if isinstance(inside[key], (dict, list)):
                waiting.append(inside[key])


def as_json(value: Any, indent: int | None = None) -> bytes:
    """A mutated value as a file has it."""
    text = json.dumps(value, indent=indent).replace(f'"{DIGITS}"', "9" * 5000)
    return text.encode("utf-8", "surrogatepass")


def garbled(content: bytes, chance: random.Random) -> bytes:
    """Bytes with some of them changed, gone, or there twice."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        size = chance.choice([1, 1, 2, 8, 100])
        what = chance.randrange(3)
        if what == 0:
            data[at : at + size] = bytes(chance.randrange(256) for _ in range(size))
        elif what == 1:
            del data[at : at + size]
        else:
            data[at:at] = data[at : at + size]
    return bytes(data)


def use(path: Path) -> None:
    """Do with a file all that a list, a screen and a command do.

    Raises:
        Exception: what is no answer to a bad file: any but `RoutiluxTuiError`.
    """
    entry = read_entry(path)
    _check_types(entry)
    protocol.answer(1, entry)
    with contextlib.suppress(RoutiluxTuiError):
        load_job(path, into=JobState, strict=True)
    try:
        job = open_job(path)
    except RoutiluxTuiError:
        assert entry.error
        return
    assert not entry.error, entry.error
    wait_counted(job, 10)
    _look(job, path)
    again = path.with_name("again.json")
    state = JobState.load(path)
    state.serialize()
    state.save(again)
    json.loads(again.read_text(errors="replace"), parse_int=str)
    _look(JobState.load(again), again)
    again.unlink()


def _look(job: Job, path: Path) -> None:
    views = Projection(job)
    header = views.header()
    _check_types(header)
    protocol.answer(1, header)
    file_note(views, path)
    for row in views.routines():
        _check_types(row)
        protocol.answer(1, row)
    for section in SECTIONS:
        for where in (Filter(), Filter(routine="a", text="x")):
            window = views.window(section, -20, 1 << 40, where)
            protocol.answer(1, window)
            for row in window.rows:
                _check_types(row)
        views.item(section, 0)
    for record in list(job.execution_history)[:5]:
        repr(record)
        record.to_plain()
        trace_of(job, record)
        input_of(job, record.task)
    for text in ('status == "running"', "routines.all(r, true)", "records > 3"):
        with contextlib.suppress(RoutiluxTuiError):
            Condition(text).check(context_of(job))


def _check_types(shape: Any) -> None:
    """A view is what it says: whoever shows it relies on that."""
    msgspec.convert(msgspec.to_builtins(shape), type(shape))


def once(
    seed: dict[str, Any],
    folder: Path,
    chance: random.Random,
    use: Callable[[Path], None] = use,
) -> None:
    """Write a seed with something odd in it, and use it."""
    path = folder / "j.json"
    job, journal = seed["job"], seed.get("journal")
    journal_path(path).unlink(missing_ok=True)
    if chance.random() < 0.25:
        path.write_bytes(garbled(seed["bytes"], chance))
    else:
        indent = chance.choice([None, 2])
        path.write_bytes(as_json(mutated(job, chance), indent))
    if journal is not None:
        lines = list(journal)
        at = chance.randrange(len(lines))
        lines[at] = mutated(lines[at], chance)
        path.write_bytes(seed["bytes"])
        journal_path(path).write_bytes(b"".join(as_json(line) + b"\n" for line in lines))
    use(path)


def sealed_job(folder: Path) -> Path:
    """A killed job with some segments; its file."""
    from routilux_tui.store import journal as journals

    path = folder / "sealed.json"
    state = JobState("f")
    before, journals.SEAL_CHANGES = journals.SEAL_CHANGES, 30
    try:
        journal = journals.Journal(state, path)
        state.status = "running"
        for n in range(40):
            at = time.time()
            state.make("emit", "a", "x", {"n": n}, at, None, [(n + 1, "b", "in")])
            state.make("run", n + 1, "b", at)
            state.append_to_shared_log({"n": n})
            state.make("ran", n + 1, "b", "completed", at, None)
            journal.rotate()
        journal._sealer.seal_waiting()
        journal.abandon()
    finally:
        journals.SEAL_CHANGES = before
    return path


def once_sealed(sealed: Path, folder: Path, chance: random.Random) -> None:
    """Damage one of the files of a killed job, and use it."""
    for one in folder.iterdir():
        shutil.rmtree(one) if one.is_dir() else one.unlink()
    path = folder / sealed.name
    shutil.copy(sealed, path)
    shutil.copy(journal_path(sealed), journal_path(path))
    shutil.copytree(changes_folder(sealed), changes_folder(path))
    victim = chance.choice([journal_path(path), *sorted(changes_folder(path).iterdir())])
    content = victim.read_bytes()
    if victim.name.endswith("journal"):
        head, _, rest = content.rstrip(b"\0").partition(b"\n")
        if chance.random() < 0.5:
            head = as_json(mutated(json.loads(head), chance))
        victim.write_bytes(head + b"\n" + garbled(rest, chance) + bytes(3000))
    elif victim.name == "index.json" and chance.random() < 0.7:
        victim.write_text(json.dumps(mutated(json.loads(content), chance)))
    else:
        victim.write_bytes(garbled(content, chance))
    use(path)


def seeds(folder: Path, largest: int = 60_000) -> list[dict[str, Any]]:
    """The jobs of a folder that are good, and their journals."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        if path.stat().st_size > largest:
            continue
        with contextlib.suppress(ValueError):
            content = path.read_bytes()
            seed: dict[str, Any] = {"bytes": content, "job": json.loads(content), "name": str(path)}
            if isinstance(seed["job"], dict):
                found.append(seed)
            if journal_path(path).exists():
                raw = journal_path(path).read_bytes().rstrip(b"\0").split(b"\n")
                lines = [json.loads(line) for line in raw if line]
                found.append({**seed, "journal": lines})
    return found


def main(folder: str, seconds: str = "60") -> None:
    """Go on for some seconds, and print each distinct fault with what showed it."""
    known: set[str] = set()
    start, count = time.monotonic(), 0
    all_seeds = seeds(Path(folder)) + seeds(Path(__file__).parents[1] / "data" / "0.1.0")
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as other:
        sealed = sealed_job(Path(other))
        while time.monotonic() < start + float(seconds):
            count += 1
            number = random.randrange(1 << 60)
            chance = random.Random(number)
            seed = chance.choice(all_seeds)
            try:
                if number % 4:
                    once(seed, Path(scratch), chance)
                else:
                    seed = {"name": "sealed"}
                    once_sealed(sealed, Path(scratch), chance)
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                ours = [one for one in frames if "routilux_tui" in one.filename] or frames
                key = f"{type(error).__name__} {ours[-1].filename}:{ours[-1].lineno}"
                if key not in known:
                    known.add(key)
                    print(key, str(error)[:200], seed["name"], number)
                    print("   ", " < ".join(f"{one.name}:{one.lineno}" for one in frames[::-1][:7]))
    print(f"{count:,} files, {len(known)} faults")


if __name__ == "__main__":
    main(*sys.argv[1:])
