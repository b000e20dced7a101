"""Audits a folder of Python sources: by default the standard library of this very Python.

What it shows: a flow that works in parallel on real input. Files are found, read, parsed and
counted by four routines at once; what can't be decoded or parsed is skipped and said so; totals
are merged in a slot (a merge strategy of our own), progress goes to the shared log, the ranking
to the shared data.

    routilux-tui run sample_flows/source_audit.py
    routilux-tui run sample_flows/source_audit.py -p folder=~/project -p pace=60

Parameters: ``folder`` (what to audit), ``pace`` (seconds that the whole should take about, so
that people can watch; 0 is as fast as it goes), ``limit`` (files at most; 0 is all).
"""

from __future__ import annotations

import ast
import sysconfig
import threading
import time
import tokenize
from functools import lru_cache
from pathlib import Path

from routilux_tui import Flow, Routine

TOP = 10
BATCH = 10
REPORT_EVERY = 100

# One tree is built at a time: some Pythons (3.11) count how deep they are for all threads at once,
# and raise SystemError where two builds meet.
PARSING = threading.Lock()


@lru_cache(maxsize=1)
def sources(root: Path) -> list[Path]:
    """The sources of a folder; of the standard library, without what was installed into it."""
    return sorted(path for path in root.rglob("*.py") if "site-packages" not in path.parts)


class Finder(Routine):
    """Finds the sources, a batch at a time.

    It asks itself for the next batch by an event, so that no handler of it takes long: a pause
    comes at once, and a job that is taken up goes on where it was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.find)
        self.define_slot("more", handler=self.find_more)
        self.define_event("file", ["path"])
        self.define_event("more", ["start", "total", "pace"])
        self.define_event("all_found", ["expected"])

    def find(self, folder: str = "", pace: float = 0, limit: int = 0) -> None:
        root = Path(folder).expanduser() if folder else Path(sysconfig.get_paths()["stdlib"])
        if not root.is_dir():
            msg = f"{root} is no folder"
            raise ValueError(msg)
        if not isinstance(pace, (int, float)) or not isinstance(limit, int):
            msg = f"pace is a number of seconds and limit one of files, not {pace!r} and {limit!r}"
            raise TypeError(msg)
        total = len(sources(root)[: limit if limit > 0 else None])
        state = self.get_execution_context().job_state
        state.update_shared_data("folder", str(root))
        state.append_to_shared_log({"message": f"{total} sources under {root}"})
        self.emit("more", start=0, total=total, pace=pace)

    def find_more(self, start: int, total: int, pace: float) -> None:
        root = Path(self.get_execution_context().job_state.get_shared_data("folder"))
        batch = sources(root)[start : min(start + BATCH, total)]
        for path in batch:
            began = time.monotonic()
            self.emit("file", path=str(path.relative_to(root)))
            time.sleep(max(0.0, began + pace / total - time.monotonic()))
        if batch:
            self.emit("more", start=start + len(batch), total=total, pace=pace)
        else:
            self.emit("all_found", expected=start)


class Reader(Routine):
    """Reads a source in its own encoding."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("file", handler=self.read)
        self.define_event("source", ["path", "lines"])
        self.define_event("skipped", ["path", "why"])

    def read(self, path: str) -> None:
        root = Path(self.get_execution_context().job_state.get_shared_data("folder"))
        try:
            with tokenize.open(root / path) as source:
                text = source.read()
        except (SyntaxError, UnicodeDecodeError, OSError) as error:
            self.emit("skipped", path=path, why=f"{type(error).__name__}: {error}"[:120])
            return
        self.emit("source", path=path, lines=text.count("\n"))


class Parser(Routine):
    """Parses a source and counts what is in it; some of the samples in the library are broken."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("source", handler=self.parse)
        self.define_event("facts", ["path", "lines", "functions", "classes", "longest"])
        self.define_event("long_function", ["path", "name", "lines"])
        self.define_event("skipped", ["path", "why"])

    def parse(self, path: str, lines: int) -> None:
        root = Path(self.get_execution_context().job_state.get_shared_data("folder"))
        try:
            with tokenize.open(root / path) as source:
                text = source.read()
            with PARSING:
                tree = ast.parse(text, path)
        except (SyntaxError, ValueError) as error:
            self.emit("skipped", path=path, why=f"{type(error).__name__}: {error}"[:120])
            return
        functions = classes = longest = 0
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                functions += 1
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                longest = max(longest, length)
                if length > 30:
                    self.emit("long_function", path=path, name=node.name, lines=length)
            elif isinstance(node, ast.ClassDef):
                classes += 1
        self.emit(
            "facts", path=path, lines=lines, functions=functions, classes=classes, longest=longest
        )


def merge(totals: dict, new: dict) -> dict:
    """Totals with one more file, one more skipped file, or the number that is expected."""
    merged = {"files": 0, "skipped": 0, "lines": 0, "functions": 0, "classes": 0, **totals}
    if "expected" in new:
        merged["expected"] = new["expected"]
    elif "why" in new:
        merged["skipped"] += 1
    else:
        merged["files"] += 1
        for name in ("lines", "functions", "classes"):
            merged[name] += new[name]
        largest = [*merged.get("largest", []), [new["lines"], new["path"]]]
        merged["largest"] = sorted(largest, reverse=True)[:TOP]
    return merged


class Counter(Routine):
    """Adds up what the others find, and says when it is complete."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("facts", handler=self.count, merge_strategy=merge)
        self.define_event("complete", ["totals"])

    def count(self, data: dict) -> None:
        done = data["files"] + data["skipped"]
        state = self.get_execution_context().job_state
        if done and done % REPORT_EVERY == 0:
            state.append_to_shared_log({"message": f"{done} files, {data['lines']:,} lines"})
            state.update_shared_data("totals", {k: v for k, v in data.items() if k != "largest"})
        if data.get("expected") == done:
            self.emit("complete", totals=data)


class Ranker(Routine):
    """Writes the result down."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("complete", handler=self.rank)

    def rank(self, totals: dict) -> None:
        state = self.get_execution_context().job_state
        largest = totals.pop("largest", [])
        state.update_shared_data("totals", totals)
        state.update_shared_data("largest", [f"{lines:,} {path}" for lines, path in largest])
        state.append_to_shared_log(
            {
                "message": f"done: {totals['files']} files, {totals['lines']:,} lines, "
                f"{totals['skipped']} skipped"
            }
        )
        self.send_output("audit", **totals)


class BrokenSources(Routine):
    """Notes the sources that could not be read."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("skipped", handler=self.note)

    def note(self, path: str, why: str) -> None:
        self.get_execution_context().job_state.append_to_shared_log(
            {"message": f"skipped {path}", "why": why}
        )


def flow() -> Flow:
    """The audit."""
    audit = Flow("source_audit", execution_strategy="concurrent", max_workers=4)
    for name, routine in {
        "find": Finder(),
        "read": Reader(),
        "parse": Parser(),
        "count": Counter(),
        "rank": Ranker(),
        "skip": BrokenSources(),
    }.items():
        audit.add_routine(routine, name)
    audit.connect("find", "file", "read", "file")
    audit.connect("find", "more", "find", "more")
    audit.connect("find", "all_found", "count", "facts")
    audit.connect("read", "source", "parse", "source")
    audit.connect("read", "skipped", "count", "facts")
    audit.connect("read", "skipped", "skip", "skipped")
    audit.connect("parse", "facts", "count", "facts")
    audit.connect("parse", "skipped", "count", "facts")
    audit.connect("parse", "skipped", "skip", "skipped")
    audit.connect("count", "complete", "rank", "complete")
    return audit
