"""The order and the filter of the list, whatever comes and goes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from routilux_tui.job import timestamps
from routilux_tui.tui import listing
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.listing import Listing
from routilux_tui.tui.settings import Settings
from routilux_tui.views import formatting
from routilux_tui.views.orders import JOB_ORDERS
from routilux_tui.views.shapes import JobEntry
from tests.tui.stub import StubSource

JOBS = st.builds(
    JobEntry,
    key=st.sampled_from([f"/jobs/{n}.json" for n in range(12)]),
    place=st.sampled_from(["saved", "live", "host"]),
    host=st.sampled_from(["", "build1"]),
    status=st.sampled_from(["running", "completed", "failed"]),
    created_at=st.sampled_from(["", "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"]),
    flow_id=st.sampled_from(["audit", "Backup", "crawl"]),
    job_id=st.sampled_from(["aaaaaaaa-1", "aaaaaaaa-2", "bbbbbbbb"]),
    records=st.integers(0, 3),
    updated_at=st.sampled_from(["", "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00.5", "soon"]),
    error=st.sampled_from(["", "torn"]),
)
STEPS = st.lists(
    st.tuples(
        st.lists(JOBS, max_size=5), st.lists(st.sampled_from(["/jobs/1.json", "/jobs/2.json"]))
    ),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(
    steps=STEPS,
    order=st.sampled_from(list(JOB_ORDERS)),
    query=st.sampled_from(["", "ad", "= records > 1", "json3", "= nonsense("]),
    few=st.sampled_from([0, 64]),
)
def test_a_list_that_changes_is_as_one_made_anew(
    steps: list[tuple[list[JobEntry], list[str]]], order: str, query: str, few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "_FEW", few)
        grown = Listing()
        grown.arrange(order=order, query=query)
        for changed, gone in steps:
            grown.apply(changed, gone)
    anew = Listing()
    anew.apply(list(grown.entries.values()), [])
    anew.arrange(order=order, query=query)
    assert grown.shown == anew.shown
    assert (grown.live, grown.is_far) == (anew.live, anew.is_far)
    for n, one in enumerate(grown.shown):
        assert grown.position(one.key) == n
        assert grown.is_repeated(one) == anew.is_repeated(one)
    assert grown.live == sum(one.place == "live" for one in grown.entries.values())


@given(text=st.text(alphabet="abAB-. ", max_size=12), query=st.text(alphabet="ab-.", max_size=4))
def test_the_filter_finds_letters_in_their_order(text: str, query: str) -> None:
    rest, found = text.casefold(), True
    for letter in query.casefold():
        _, seen, rest = rest.partition(letter)
        found = found and bool(seen)
    assert bool(listing._fuzzy(query)(text)) is found


def test_no_filter_takes_for_ever() -> None:
    assert not listing._fuzzy("a" * 60 + "b")("a" * 5000)  # not in this life, if it went back


def test_a_filter_that_is_no_condition_says_so_and_hides_nothing() -> None:
    jobs = Listing()
    jobs.apply([JobEntry(key="a", flow_id="f")], [])
    jobs.arrange(query="= (")
    assert jobs.problem
    assert len(jobs.shown) == 1
    jobs.arrange(query="= records > 1")
    assert not jobs.problem
    assert not jobs.shown


def test_a_condition_that_names_the_unknown_says_what_may_have_been_meant() -> None:
    jobs = Listing()
    jobs.apply([JobEntry(key="a", flow_id="f")], [])
    jobs.arrange(query="= recrds > 1")
    assert "Did you mean 'records'?" in jobs.problem


def test_a_filter_by_the_words_of_the_list_finds_what_has_them() -> None:
    jobs = Listing()
    killed = JobEntry(key="a", status="running", badge="abandoned")
    jobs.apply([killed, JobEntry(key="b", place="live", status="running", badge="live")], [])
    jobs.arrange(query='= status == "killed"')
    assert [one.key for one in jobs.shown] == ["a"]
    jobs.arrange(query='= status == "running"')
    assert [one.key for one in jobs.shown] == ["b"]
    jobs.arrange(query='= status == "waits"')
    assert 'status == "paused"' in jobs.problem


def running(key: str, records: int, **fields: object) -> JobEntry:
    return JobEntry(key=key, place="live", status="running", records=records, **fields)  # type: ignore[arg-type]


def test_the_order_holds_still_until_the_list_is_sorted_again() -> None:
    jobs = Listing()
    jobs.arrange(order="records")
    jobs.apply([running("a", 2), running("b", 1)], [], holds_still=True)
    jobs.apply([running("b", 9)], [], holds_still=True)
    assert [one.key for one in jobs.shown] == ["a", "b"]
    assert jobs.shown[jobs.position("b") or 0].records == 9
    jobs.apply([running("b", 9, badge="silent")], [], holds_still=True)
    assert [one.key for one in jobs.shown] == ["b", "a"]  # it needs somebody now, and stands first
    jobs.apply([running("b", 0)], [], holds_still=True)
    assert [one.key for one in jobs.shown] == ["a", "b"]
    jobs.apply([running("b", 9)], [], holds_still=True)
    jobs.arrange(order="records")
    assert [one.key for one in jobs.shown] == ["b", "a"]


def test_what_the_filter_leaves_out_has_no_place_though_the_order_holds_still() -> None:
    jobs = Listing()
    jobs.arrange(query="= records < 5")
    jobs.apply([running("a", 1)], [], holds_still=True)
    jobs.apply([running("a", 7)], [], holds_still=True)
    assert not jobs.shown
    assert jobs.position("a") is None


def run(key: str, status: str, day: int, flow: str = "nightly") -> JobEntry:
    at = f"2026-11-{day:02}T00:00:00+00:00"
    return JobEntry(key=key, status=status, flow_id=flow, created_at=at, updated_at=at)


def test_what_has_failed_needs_nobody_when_a_later_run_went_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(formatting, "now", lambda: timestamps.to_epoch("2026-11-24T00:00Z"))
    jobs = Listing()
    jobs.apply([run("a", "failed", 20), run("b", "failed", 22), run("o", "failed", 20, "x")], [])
    assert jobs.groups() == [("needs you", 0, 3)]
    jobs.apply([run("c", "completed", 21)], [])
    assert jobs.groups() == [("needs you", 0, 2), ("ended", 2, 2)]
    assert {one.key for one in jobs.shown[2:]} == {"a", "c"}
    jobs.apply([], ["c"])  # as if it had never been
    assert jobs.groups() == [("needs you", 0, 3)]


def test_what_has_failed_some_days_ago_needs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatting, "now", lambda: timestamps.to_epoch("2026-11-24T00:00Z"))
    jobs = Listing()
    jobs.apply([run("a", "failed", 2), run("b", "failed", 22), run("c", "paused", 2)], [])
    assert jobs.groups() == [("needs you", 0, 2), ("ended", 2, 1)]
    assert jobs.shown[2].key == "a"


def test_the_other_way_round_turns_the_order_and_not_the_groups() -> None:
    jobs = Listing()
    failed = [JobEntry(key=key, status="failed", records=n) for key, n in (("c", 1), ("d", 2))]
    jobs.apply([running("a", 2), running("b", 1), *failed], [])
    jobs.arrange(order="records")
    assert [one.key for one in jobs.shown] == ["d", "c", "a", "b"]
    jobs.arrange(turn=True)
    assert jobs.is_reversed
    assert [one.key for one in jobs.shown] == ["c", "d", "b", "a"]
    assert jobs.number("failed") == 2
    assert jobs.number("running") == 2


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_jobs_of_one_flow_can_be_told_apart_however_narrow_the_list(width: int) -> None:
    ids = ["1a2b3c4d-1", "1a2f3c4d-1", "nightly-1", "nightly-2"]
    entries = [
        JobEntry(
            key=one, job_id=one, flow_id="all the same", status="failed", path=f"/s/{one}.json"
        )
        for one in ids
    ]
    app = Dashboard(Settings(), source=StubSource(entries))
    async with app.run_test(size=(width, 15)) as pilot:
        await pilot.pause()
        rows = app.screen.rows
        shown = [
            "".join(text for text, _ in rows.parts(n, width - 1) or [])
            for n in range(rows.total)
            if rows.job_at(n)
        ]
        assert len({row[2:] for row in shown}) == len(ids)
        assert all(cell_len(row) <= width for row in shown)
        assert any(" 1a2b" in row for row in shown)
