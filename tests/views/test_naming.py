"""Which of several jobs a name means."""

from __future__ import annotations

import pytest

from routilux_tui.views.naming import jobs_named
from routilux_tui.views.shapes import JobEntry


def jobs(*names: str) -> list[JobEntry]:
    """Jobs of the form ``id flow``."""
    parts = [name.partition(" ") for name in names]
    return [JobEntry(key=one, job_id=one, flow_id=flow) for one, _, flow in parts]


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
