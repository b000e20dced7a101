"""Which of several jobs a name means."""

from __future__ import annotations

import pytest

from routilux_tui.views.naming import earlier_run, jobs_named, launch_names
from routilux_tui.views.shapes import JobEntry


def jobs(*names: str) -> list[JobEntry]:
    """Jobs of the form ``id flow``; one that is called nightly."""
    parts = [name.partition(" ") for name in names]
    found = [JobEntry(key=one, job_id=one, flow_id=flow) for one, _, flow in parts]
    return [*found, JobEntry(key="n", job_id="7777-n", flow_id="etl7", name="nightly")]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("1234abcd-1", ["1234abcd-1"]),
        ("1234", ["1234abcd-1", "1234abcd-1-more"]),
        ("1234abcd-1-", ["1234abcd-1-more"]),
        ("123", []),  # too short to be meant
        ("1234abcd-1-more-letters", []),
        ("1234abcdX", []),
        ("", []),
        ("x", ["x"]),  # a whole id may be as short as it likes
        ("etl", ["5678-a", "9999-a"]),
        ("nightly", ["7777-n"]),
        ("etl7", ["7777-n"]),
        ("two words", ["é-accent"]),
        ("日本", ["a/b"]),
        ("é-ac", ["é-accent"]),
        ("5678", ["5678-a", "a/b2"]),  # a flow may be called as another's id begins
    ],
)
def test_a_name_means_an_id_a_flow_or_a_prefix(name: str, found: list[str]) -> None:
    there = jobs(
        "1234abcd-1 a",
        "1234abcd-1-more a2",
        "x one",
        "5678-a etl",
        "9999-a etl",
        "é-accent two words",
        "a/b 日本",
        "a/b2 5678",
    )
    assert [one.job_id for one in jobs_named(name, there)] == found


def test_a_letter_is_the_same_however_it_is_typed() -> None:
    there = jobs("1-a caf\u00e9", "2-b cafe\u0301", "3-c cafe")
    for typed in ("caf\u00e9", "cafe\u0301"):
        assert [one.job_id for one in jobs_named(typed, there)] == ["1-a", "2-b"]


def test_names_and_labels_of_a_start_are_checked() -> None:
    assert launch_names({"name": "x", "labels": {"a": "b"}}) == ("x", {"a": "b"})
    for wrong in (None, [], "x", {}, {"name": 7, "labels": [1]}, {"labels": {1: "a", "b": {}}}):
        assert launch_names(wrong) == ("", {})
    name, labels = launch_names({"name": "x" * 1000, "labels": {str(n): "y" for n in range(999)}})
    assert (len(name), len(labels)) == (100, 50)


def test_the_run_before_is_counted_from_the_newest() -> None:
    assert earlier_run("nightly@-1") == ("nightly", 1)
    assert earlier_run("two words@-12") == ("two words", 12)
    for other in ("nightly", "@last", "nightly@1", "@-1", "nightly@-", "nightly@-x"):
        assert earlier_run(other) is None
