from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hcserver.domain.ping import Signal
from hcserver.domain.what_if import Proposal, WhatIf, what_if
from tests.hcserver.domain.past_runs import mixed, pings

START = datetime(2025, 6, 2, tzinfo=UTC)  # a Monday
HOURLY = Proposal(kind="simple", timeout=3600, grace=600)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_runs_within_the_period_are_in_time() -> None:
    assert what_if(pings(at(60 * n) for n in range(51)), HOURLY) == WhatIf(runs=50, late=50, down=0)
    assert what_if(pings(at(59 * n) for n in range(51)), HOURLY) == WhatIf(runs=50, late=0, down=0)


def test_late_is_within_the_grace_time_and_down_behind_it() -> None:
    history = pings([at(0), at(59), at(125), at(194), at(264), at(400)])
    # 66 and 69 minutes are late; 70 is the end of the grace time.
    assert what_if(history, HOURLY) == WhatIf(runs=5, late=2, down=2)


def test_the_run_after_a_reported_failure_can_not_be_late() -> None:
    history = mixed(("success", at(0)), ("fail", at(30)), ("success", at(500)), ("success", at(550)))
    assert what_if(history, HOURLY) == WhatIf(runs=3, late=0, down=0)


def test_a_failure_that_is_reported_late_is_late() -> None:
    assert what_if(mixed(("success", at(0)), ("fail", at(65))), HOURLY) == WhatIf(runs=1, late=1, down=0)


def test_a_run_that_takes_longer_than_the_grace_time_is_down() -> None:
    history = mixed(("success", at(0)), ("start", at(30)), ("success", at(45)))
    assert what_if(history, HOURLY) == WhatIf(runs=1, late=0, down=1)


def test_a_run_may_take_the_maximum_runtime() -> None:
    history = mixed(("success", at(0)), ("start", at(65)), ("success", at(110)), ("success", at(120)))
    assert what_if(history, HOURLY) == WhatIf(runs=2, late=0, down=1)
    for seconds, down in ((2700, 1), (2701, 0)):
        proposal = Proposal(timeout=3600, grace=600, max_runtime=seconds)
        assert what_if(history, proposal) == WhatIf(runs=2, late=0, down=down)


def test_a_start_after_the_deadline_does_not_hide_that_the_check_was_down() -> None:
    history = mixed(("success", at(0)), ("start", at(90)), ("success", at(91)), ("success", at(92)))
    assert what_if(history, HOURLY) == WhatIf(runs=2, late=0, down=1)


def test_the_first_run_is_not_judged() -> None:
    assert what_if(mixed(("start", at(0)), ("success", at(30))), HOURLY) == WhatIf(runs=0, late=0, down=0)
    assert what_if([], HOURLY) == WhatIf(runs=0, late=0, down=0)


def test_log_entries_are_no_runs() -> None:
    history = mixed(("success", at(0)), ("log", at(10)), ("ign", at(20)), ("success", at(59)))
    assert what_if(history, HOURLY) == WhatIf(runs=1, late=0, down=0)


def test_a_schedule_is_judged_in_its_zone() -> None:
    at_nine = [datetime(2025, 6, day, 7, 5, tzinfo=UTC) for day in range(2, 12)]  # 09:05 in Berlin
    proposal = Proposal(kind="cron", schedule="0 9 * * *", tz="Europe/Berlin", grace=600)
    assert what_if(pings(at_nine), proposal) == WhatIf(runs=9, late=9, down=0)
    elsewhere = Proposal(kind="cron", schedule="0 9 * * *", tz="UTC", grace=600)
    assert what_if(pings(at_nine), elsewhere) == WhatIf(runs=9, late=0, down=9)


def test_the_result_is_a_sentence() -> None:
    assert WhatIf(runs=50, late=2, down=0).sentence == "Of the last 50 runs, 2 would have been late, 0 down."
    assert WhatIf(runs=1, late=0, down=1).sentence == "Of the last run, 0 would have been late, 1 down."
    assert WhatIf(runs=0, late=0, down=0).sentence == "There are no runs yet to compare with."


def test_a_schedule_that_is_not_accepted_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a cron expression"):
        what_if(pings([at(0)]), Proposal(kind="cron", schedule="61 * * * *"))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["success", "fail", "start", "log"]), st.integers(0, 200)), max_size=30
    )
)
def test_a_longer_grace_time_never_takes_more_checks_down(steps: list[tuple[Signal, int]]) -> None:
    moment, reports = 0, []
    for signal, gap in steps:
        moment += gap
        reports.append((signal, at(moment)))
    results = [
        what_if(mixed(*reports), Proposal(timeout=3600, grace=60 * minutes)) for minutes in (1, 10, 60, 600)
    ]
    assert all(0 <= one.late + one.down <= one.runs for one in results)
    assert [one.down for one in results] == sorted((one.down for one in results), reverse=True)


def test_a_hundred_pings_take_some_milliseconds() -> None:
    history = pings(at(1440 * n + n % 7) for n in range(100))
    rare = Proposal(
        kind="oncalendar", schedule="\n".join(f"Mon *-2~1 {n}:1" for n in range(7)), tz="Europe/Berlin"
    )
    start = time.process_time()
    for _ in range(10):
        what_if(history, rare)
    assert time.process_time() - start < 2  # seconds; it takes some 20 ms


def test_runs_that_would_have_been_too_short_are_counted_where_there_is_a_minimum() -> None:
    history = mixed(
        *(("start", at(0)), ("success", at(1)), ("start", at(30)), ("success", at(31))),
        *(("start", at(60)), ("success", at(64)), ("success", at(90))),
    )
    least = Proposal(timeout=3600, grace=600, min_runtime=240)
    assert what_if(history, least) == WhatIf(runs=3, late=0, down=0, short=1)
    sentence = "Of the last 3 runs, 0 would have been late, 0 down, 1 too short."
    assert what_if(history, least).sentence == sentence
    assert what_if(history, HOURLY).short is None


def test_the_run_after_one_that_was_too_short_can_not_be_late() -> None:
    history = mixed(("success", at(0)), ("start", at(30)), ("success", at(31)), ("success", at(500)))
    least = Proposal(timeout=3600, grace=600, min_runtime=240)
    assert what_if(history, least) == WhatIf(runs=2, late=0, down=0, short=1)


def test_a_run_shortly_before_its_time_counts_for_it() -> None:
    daily = Proposal(kind="cron", schedule="0 2 * * *", grace=600)
    history = pings(START + timedelta(days=n, hours=2, minutes=-5) for n in range(5))
    assert what_if(history, daily) == WhatIf(runs=4, late=0, down=4)
    early = what_if(history, Proposal(kind="cron", schedule="0 2 * * *", grace=600, early=300))
    assert early == WhatIf(runs=4, late=0, down=0, early=4)
    assert early.sentence == (
        "Of the last 4 runs, 0 would have been late, 0 down; 4 would have counted for the time ahead."
    )


def test_a_run_whose_exit_status_is_ignored_does_not_take_too_long() -> None:
    history = mixed(("success", at(0)), ("start", at(10)), ("ign", at(12)), ("success", at(50)))
    assert what_if(history, HOURLY) == WhatIf(runs=1, late=0, down=1)
    history[2] = replace(history[2], ignored_end=True)
    assert what_if(history, HOURLY) == WhatIf(runs=1, late=0, down=0)
