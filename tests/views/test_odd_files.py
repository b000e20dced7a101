"""Whatever stands in a field of a file, its job is read, shown, judged and saved again."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from routilux_tui import JobState
from routilux_tui.job.jsonable import dumps
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.insight import PARTS
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import SECTIONS, Filter
from tests.views.test_insight import shop

if TYPE_CHECKING:
    from pathlib import Path

ODD = {
    "nan": float("nan"),
    "infinity": float("inf"),
    "1e308": 1e308,
    "huge": 10**400,
    "negative": -5,
    "text": "x\ud800",
    "none": None,
    "list": [[1]],
    "dict": {"a": {"b": 1}},
    "true": True,
    "an address": "0x7f001122",
}


def full() -> dict[str, Any]:
    job = shop()
    job.append_to_shared_log({"message": "m", "level": "info", "routine": "load"})
    job.send_output("load", "t", {"x": 1})
    job.add_deferred_event("load", "later", {"q": "?"})
    job.make("slot", 8, "price", "in", "set", {"k": 1}, 1_700_000_030.0)
    job.make("progress", "load", 1, 2, 1_700_000_030.0)
    job.make("expect", "load", "order", 9, 1_700_000_030.0)
    job._set_paused("lunch", {"c": 1})
    job.update_shared_data("k", {"deep": [1]})
    return json.loads(dumps(job.serialize()))


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value, but of a long list only the first and last entries."""
    found = [above] if above else []
    if isinstance(value, dict):
        for key in value:
            found += places(value[key], (*above, key))
    elif isinstance(value, list):
        for n in sorted({0, len(value) - 1}) if value else ():
            found += places(value[n], (*above, n))
    return found


def look_at_all(job: JobState, path: Path | None) -> None:
    views = Projection(job)
    header = views.header()
    assert dumps(msgspec.to_builtins(header))
    for section in SECTIONS:
        views.window(section, 0, 100, Filter())
        views.window(section, 0, 100, Filter(text="a"))
        views.item(section, 0)
    insight = views.insight(PARTS)
    assert dumps(msgspec.to_builtins(insight))
    views.failing(0, 0, 9)
    context_of(job)
    if path is not None:
        job.save(path)
        JobState.load(path)


@pytest.mark.parametrize("name", ODD)
def test_no_field_of_a_file_harms_its_job(name: str, tmp_path: Path) -> None:
    odd, nth = ODD[name], list(ODD).index(name)
    whole = full()
    failed = []
    for n, place in enumerate(places(whole)[nth % 5 :: 5]):  # the next value has the next ones
        plain = copy.deepcopy(whole)
        inside = plain
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = odd
        try:
            look_at_all(JobState.from_plain(plain), None if n % 9 else tmp_path / "a.json")
        except Exception as error:
            failed.append((place, f"{type(error).__name__}: {str(error)[:100]}"))
    assert failed == []
