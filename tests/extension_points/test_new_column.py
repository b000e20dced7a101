"""What a list shows of a job is read of a file as of a live one, sorted by, and asked for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job import timestamps
from routilux_tui.job.change_kinds import KINDS
from routilux_tui.sources import saved_entry
from routilux_tui.tui.widgets.job_columns import columns_of
from routilux_tui.views.condition_figures import OF_ENTRY
from routilux_tui.views.list_line import entry_of_header
from routilux_tui.views.orders import JOB_ORDERS
from routilux_tui.views.shapes import Header, JobEntry, LastAlert
from tests.extension_points.places import assert_named, assert_nothing_else
from tests.job.random_changes import NOON, RandomChanges

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = set(JobEntry.__struct_fields__)
#: What a list knows of a job that its header has not.
OF_THE_LIST = {"key", "place", "host", "size", "path", "badge", "error"}
#: What only a runner knows, so that the line of a file has none.
OF_A_RUNNER = {"progress", "reason", "reminders", "alerts", "told", "still_running"}
#: What conditions call otherwise, or ask for by no name.
CALLED = {"queued": "queue", "created_at": "age", "updated_at": "updated"}
NO_CONDITION = {
    *("key", "error", "note", "reason", "reminders", "alerts", "told", "still_running"),
}
#: Columns that no list is sorted by.
UNSORTED = {"folder", "what of it", "labels"}
MANY = ["emit", "run", "ran", "emit", "run", "ran", "retry", "ask"] * 3


def _set_all() -> Header:
    """A header that has something in every field."""
    values: dict[type, Any] = {str: "x", int: 7, float: 0.5, bool: True}
    filled: dict[str, Any] = {}
    for field in msgspec.structs.fields(Header):
        filled[field.name] = values.get(field.type, "x")
    filled |= {
        "counts": {"history": 7, "pending": 7},
        "labels": {"team": "data"},
        "told": LastAlert("failed", "it failed"),
        "progress": 0.5,
        **dict.fromkeys(("created_at", "updated_at"), "2026-11-23T12:00:00+00:00"),
        "control": None,
    }
    return Header(**filled)


def _differ(one: JobEntry, other: JobEntry) -> set[str]:
    return {name for name in FIELDS if _value(one, name) != _value(other, name)}


def _value(one: JobEntry, name: str) -> Any:
    """A field; a time may be written in two ways."""
    value = getattr(one, name)
    return timestamps.to_epoch(value) if name.endswith("_at") else value


def test_a_header_fills_all_of_a_line() -> None:
    line = entry_of_header(_set_all(), key="k", path="p", size=7, badge="live", place="live")
    empty = JobEntry(key="k", place="live", path="p", size=7, badge="live")
    what = "it takes the field over from views.shapes.Header"
    wanted = FIELDS - OF_THE_LIST
    assert_named("views.list_line.entry_of_header", wanted, _differ(line, empty), what)


def test_a_file_is_read_quickly_as_it_is_read_in_full(tmp_path: Path) -> None:
    told: set[str] = set()
    for n in range(40):
        changes = RandomChanges(random.Random(n), [*KINDS, *MANY])
        for _, _kind in zip(range(60), changes, strict=False):
            pass
        changes.job.extra["launch"] = {"name": "nightly", "labels": {"team": "data"}}
        changes.job.make("routine", "_failure", {"reason": "no such price"}, NOON)
        path = tmp_path / f"{n}.json"
        changes.job.save(path)
        quick = saved_entry.read_entry(path)
        whole = saved_entry._entry_of_job(str(path), path.stat().st_size)
        differing = {
            one: (getattr(quick, one), getattr(whole, one)) for one in _differ(quick, whole)
        }
        assert not differing, (
            "sources.saved_entry._header_of says otherwise than views.projection.Projection.header: "
            f"{differing}"
        )
        told |= _differ(whole, JobEntry(key=""))
    wanted = FIELDS - OF_A_RUNNER - {"host", "place", "error"}
    what = "no job that this test makes has it, so that nothing is compared (or: OF_A_RUNNER)"
    assert_named("tests.job.random_changes", wanted, told, what)


def test_it_is_seen_and_sorted_by() -> None:
    columns = columns_of(400, lambda _: ("", ""), str, is_absolute=False)
    names = {one.name for one in columns}
    what = "a click on the column's head sorts by it (or: UNSORTED in this test)"
    assert_named("views.orders.JOB_ORDERS", names - UNSORTED, JOB_ORDERS, what)
    what = "nothing shows what a list is sorted by"
    assert_nothing_else("views.orders.JOB_ORDERS", {*names, "routines"}, JOB_ORDERS, what)


def test_conditions_ask_for_it() -> None:
    wanted = {CALLED.get(one, one) for one in FIELDS - NO_CONDITION}
    what = "of_entry of a line of FIGURES (or: NO_CONDITION in this test)"
    assert_named("views.condition_figures", wanted, OF_ENTRY, what)
