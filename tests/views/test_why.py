"""Why a job is as it is: each state of a job has its sentence, and the worst stands first."""

from __future__ import annotations

from routilux_tui.views.facts import Facts, RoutineFacts, Running
from routilux_tui.views.reason import BAD, GOOD
from routilux_tui.views.why import why

NOW = 1_700_000_000.0


def codes(facts: Facts) -> list[str]:
    return [one.code for one in why(facts)]


def first(facts: Facts) -> str:
    return why(facts)[0].text


def test_one_routine_that_holds_all_workers_is_named_with_what_stands_behind_it() -> None:
    facts = Facts(
        status="running",
        now=NOW,
        workers=4,
        routines=[
            RoutineFacts(routine_id="enrich", queued=3012, active=4),
            RoutineFacts(routine_id="load", queued=800),
            RoutineFacts(routine_id="report", queued=800),
        ],
        running=[Running("enrich", 5.1, 'row_id=950 payload.sku="sku-17"')],
    )
    assert first(facts) == (
        "`enrich` holds all 4 workers: 3,012 wait for it, 1,600 for `load` and `report` stand "
        "behind them."
    )
    reason = why(facts)[0]
    assert (reason.code, reason.key, reason.short) == ("holds_workers", "1", "enrich holds all 4")
    assert reason.figures["behind"] == 1600


def test_no_routine_holds_the_workers_where_one_is_free_or_another_has_one() -> None:
    enrich = RoutineFacts(routine_id="enrich", queued=30, active=3)
    load = RoutineFacts(routine_id="load", queued=800, active=1)
    for routines in ([enrich, RoutineFacts(routine_id="load")], [enrich, load]):
        facts = Facts(status="running", now=NOW, workers=4, routines=routines)
        assert "holds_workers" not in codes(facts)


def test_silence_is_told_with_the_handler_that_runs_and_what_it_usually_takes() -> None:
    facts = Facts(
        status="running",
        now=NOW,
        silent=840,
        routines=[RoutineFacts(routine_id="fetch", active=1, p95=2.0, usual_p95=3.0)],
        running=[Running("fetch", 840), Running("fetch", 3)],
    )
    assert first(facts) == (
        "Nothing has changed for 14m00s: `fetch` has run one handler for 14m00s (its p95: 3.0s)."
    )
    assert (why(facts)[0].weight, why(facts)[0].short) == (BAD, "fetch for 14m00s")
    assert why(Facts(status="running", now=NOW, silent=840))[0].short == "silent for 14m00s"


def test_a_handler_that_runs_too_long_while_others_go_on_is_told_with_its_input() -> None:
    fetch = RoutineFacts(routine_id="fetch", active=2, p95=0.8)
    facts = Facts(
        status="running", now=NOW, silent=0.1, routines=[fetch],
        running=[Running("fetch", 5.1, "row_id=950"), Running("fetch", 0.3)],
    )  # fmt: skip
    assert first(facts) == (
        "`fetch` has run one handler for 5.1s (its p95: 800ms), with row_id=950."
    )
    facts = Facts(status="running", now=NOW, routines=[fetch], running=[Running("fetch", 1.1)])
    assert codes(facts) == ["well"]


def test_retries_are_told_by_their_inputs_and_the_next_of_them() -> None:
    facts = Facts(
        status="running",
        now=NOW,
        ends_at=NOW,
        routines=[
            RoutineFacts(
                routine_id="price", errors=85, retrying=14, next_try=12, error="LookupError: 404"
            )
        ],
    )
    assert first(facts) == (
        "14 inputs of `price` wait for another try, the next in 12s: LookupError: 404."
    )
    assert codes(facts) == ["retries", "well"]
    assert why(facts)[-1].text.startswith("Otherwise all is well; it ends about ")


def test_a_job_that_failed_says_what_the_failing_inputs_have_in_common() -> None:
    price = RoutineFacts(
        routine_id="price",
        errors=9,
        error="KeyError: 'x'",
        common='currency = "EÜR"',
        has_failed=True,
    )
    facts = Facts(status="failed", now=NOW, routines=[price])
    assert first(facts) == "`price` failed: KeyError: 'x'; all have currency = \"EÜR\"."


def test_of_errors_of_several_kinds_it_is_said_how_many_are_alike() -> None:
    work = RoutineFacts(routine_id="work", errors=3, alike=2, error="E: bad item …")
    facts = Facts(status="running", now=NOW, routines=[work])
    assert first(facts) == "3 errors in `work`, 2 of them: E: bad item …."
    work = RoutineFacts(
        routine_id="work", errors=3, retrying=3, alike=2, next_try=12, error="E: no"
    )
    facts = Facts(status="running", now=NOW, routines=[work])
    assert first(facts) == (
        "3 inputs of `work` wait for another try, the next in 12s; 2 of them: E: no."
    )


def test_inputs_that_wait_for_another_try_are_no_queue() -> None:
    price = RoutineFacts(routine_id="price", errors=90, queued=60, retrying=60)
    facts = Facts(status="running", now=NOW, workers=4, routines=[price])
    assert codes(facts) == ["retries", "well"]
    busy = RoutineFacts(routine_id="price", errors=90, queued=100, retrying=60)
    facts = Facts(status="running", now=NOW, workers=4, routines=[busy])
    assert codes(facts) == ["queue", "retries"]
    assert first(facts) == "40 tasks wait for `price`."


def test_an_error_that_no_earlier_run_had_says_so() -> None:
    price = RoutineFacts(routine_id="price", errors=3, error="KeyError: 'x'", is_new_error=True)
    facts = Facts(status="running", now=NOW, routines=[price], earlier_runs=10)
    assert first(facts) == "3 errors in `price`: KeyError: 'x' (new: not in the last 10 runs)."
    assert why(facts)[0].weight == BAD


def test_a_job_that_waits_for_a_person_says_what_is_asked_and_what_is_held() -> None:
    facts = Facts(
        status="paused", now=NOW, paused_at=NOW - 598, note="four-eyes approval", held=299,
        questions=1, asked_by="book",
    )  # fmt: skip
    assert first(facts) == (
        "It has waited for an answer for 9m58s: four-eyes approval, asked by `book`; "
        "299 tasks are held."
    )
    facts = Facts(status="paused", now=NOW, note="lunch", held=1)
    assert first(facts) == "It has been paused: lunch; 1 task is held."
    assert codes(facts) == ["paused"]


def test_a_killed_runner_is_told_with_the_way_to_go_on() -> None:
    facts = Facts(status="running", now=NOW, gone=True, held=3, resume="routilux-tui resume j.json")
    assert first(facts) == (
        "The process that ran it was killed. 3 tasks are kept. "
        "R takes it up: routilux-tui resume j.json"
    )
    assert codes(facts) == ["gone"]


def test_a_failed_job_names_its_culprit_and_a_full_disk_stands_before_all() -> None:
    price = RoutineFacts(routine_id="price", errors=134, error="LookupError: 404", has_failed=True)
    facts = Facts(status="failed", now=NOW, routines=[price], held=19)
    assert first(facts) == "`price` failed: LookupError: 404. 19 tasks did not start."
    assert codes(Facts(status="failed", now=NOW, trouble="the disk is full")) == [
        "files",
        "failed",
    ]


def test_a_run_slower_than_the_earlier_ones_and_one_that_is_well() -> None:
    facts = Facts(status="running", now=NOW, slower=2.1, earlier_runs=10)
    assert first(facts) == "It takes 2.1 times as long as its last 10 runs."
    over = Facts(status="completed", now=NOW, slower=2.1, earlier_runs=10)
    assert first(over) == "It took 2.1 times as long as its last 10 runs."
    done = Facts(status="completed", now=NOW, began=NOW - 928, ended=NOW)
    assert (first(done), why(done)[0].weight) == ("Completed in 15m28s.", GOOD)
    assert first(Facts(status="running", now=NOW)) == "All is well; no end is known."
    assert first(Facts(status="cancelled", now=NOW, note="too slow")) == "Cancelled: too slow."
    by_ana = Facts(status="cancelled", now=NOW, note="too slow", by="ana")
    assert (first(by_ana), why(by_ana)[0].key) == ("Cancelled by ana: too slow.", "")
    assert first(Facts(status="pending", now=NOW)) == "It has not started."
    waits = Facts(status="pending", now=NOW, note="waits for the end of job 1a2b3c4d")
    assert first(waits) == "It has not started: waits for the end of job 1a2b3c4d."


def test_a_control_that_is_under_way_says_what_it_waits_for() -> None:
    facts = Facts(status="running", now=NOW, asked="pause", asked_running=2)
    assert first(facts) == "Pausing: 2 handlers still run."
    assert codes(facts) == ["asked"]
