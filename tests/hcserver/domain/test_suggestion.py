from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.domain.ping import Signal
from hcserver.domain.suggestion import suggested_cron, suggested_period
from hcserver.domain.time_zone import zone
from hcserver.domain.what_if import Proposal, what_if
from tests.hcserver.domain.past_runs import PastPing, mixed, pings

START = datetime(2025, 6, 2, 1, tzinfo=UTC)  # a Monday
BERLIN = "Europe/Berlin"


def every(seconds: float, count: int = 20, *, jitter: float = 0) -> list[PastPing]:
    """Runs in this distance, each up to `jitter` seconds late."""
    return pings(START + timedelta(seconds=seconds * n + jitter * (n * 7 % 10) / 10) for n in range(count))


def local(*moments: str) -> list[PastPing]:
    """Runs at these times by Berlin's clock."""
    return pings(datetime.fromisoformat(one).replace(tzinfo=zone(BERLIN)).astimezone(UTC) for one in moments)


@pytest.mark.parametrize(
    ("seconds", "jitter", "period", "grace"),
    [
        (61, 2, 60, 60),
        (300, 10, 300, 60),
        (3605, 60, 3600, 120),
        (45 * 60, 5, 45 * 60, 60),
        (86_400, 300, 86_400, 1800),
        (86_400, 3 * 3600, 86_400, 4 * 3600),
        (7 * 86_400, 600, 7 * 86_400, 4 * 3600),
        (5 * 3600, 0, 5 * 3600, 600),
    ],
)
def test_a_period_and_a_grace_time_as_people_write_them(
    seconds: float, jitter: float, period: int, grace: int
) -> None:
    assert suggested_period(every(seconds, jitter=jitter)) == Proposal(timeout=period, grace=grace)


def test_a_grace_time_covers_how_long_a_run_takes() -> None:
    reports: list[tuple[Signal, datetime]] = []
    for n in range(10):
        begin = START + timedelta(days=n)
        reports += [("start", begin), ("success", begin + timedelta(minutes=50))]
    assert suggested_period(mixed(*reports)) == Proposal(timeout=86_400, grace=2 * 3600)


def test_a_missed_run_does_not_change_the_suggestion() -> None:
    history = every(3600, 20)
    del history[7]
    assert suggested_period(history) == Proposal(timeout=3600, grace=120)


def test_nothing_is_suggested_for_a_short_history() -> None:
    assert suggested_period([]) is None
    assert suggested_period(every(3600, 5)) is None
    assert suggested_period(every(3600, 6)) is not None
    assert suggested_cron([], "UTC") is None
    assert suggested_cron(every(3600, 5), "UTC") is None


def test_nothing_is_suggested_for_an_irregular_history() -> None:
    irregular = pings(START + timedelta(minutes=n * n * 7) for n in range(20))
    assert suggested_period(irregular) is None
    assert suggested_cron(irregular, "UTC") is None
    assert suggested_period(pings([START] * 10)) is None


def test_a_daily_run_by_the_clock_of_the_zone() -> None:
    # The clock goes forward on 30 March.
    days = [f"2025-03-{day:02}T03:16:{day:02}" for day in range(22, 32)]
    assert suggested_cron(local(*days), BERLIN) == Proposal(
        kind="cron", schedule="15 3 * * *", tz=BERLIN, grace=1800
    )


def test_a_run_on_workdays() -> None:
    days = [f"2025-06-{day:02}T09:00:02" for day in range(2, 30) if datetime(2025, 6, day).weekday() < 5]  # noqa: DTZ001
    suggestion = suggested_cron(local(*days), BERLIN)
    assert suggestion == Proposal(kind="cron", schedule="0 9 * * MON-FRI", tz=BERLIN, grace=1800)


def test_a_weekly_and_an_hourly_run() -> None:
    weekly = suggested_cron(every(7 * 86_400, 8), "UTC")
    assert weekly is not None
    assert weekly.schedule == "0 1 * * MON"
    hourly = suggested_cron(pings(one.at + timedelta(minutes=31) for one in every(3600, 12)), "UTC")
    assert hourly is not None
    assert hourly.schedule == "30 * * * *"


def test_runs_around_midnight_begin_before_it() -> None:
    nights = [
        "2025-06-03T23:58",
        "2025-06-05T00:10",
        "2025-06-05T23:59",
        "2025-06-06T23:57",
        "2025-06-08T00:03",
        "2025-06-08T23:56",
        "2025-06-10T00:20",
    ]
    expected = Proposal(kind="cron", schedule="55 23 * * *", tz=BERLIN, grace=3600)
    assert suggested_cron(local(*nights), BERLIN) == expected


def test_runs_all_over_the_day_have_no_time() -> None:
    drifting = pings(START + timedelta(hours=25 * n) for n in range(24))
    assert suggested_period(drifting) is not None
    assert suggested_cron(drifting, "UTC") is None


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([60, 300, 3600, 7200, 86_400, 604_800]),
    st.lists(st.floats(0, 0.1), min_size=6, max_size=60),
    st.sampled_from(["UTC", BERLIN]),
)
def test_a_suggestion_would_have_taken_no_check_of_a_regular_job_down(
    period: int, shares: list[float], tz: str
) -> None:
    history = pings(
        START + timedelta(milliseconds=round(1000 * period * (n + share))) for n, share in enumerate(shares)
    )
    for suggestion in (suggested_period(history), suggested_cron(history, tz)):
        if suggestion is not None:
            assert what_if(history, suggestion).down <= 0.1 * len(shares)
