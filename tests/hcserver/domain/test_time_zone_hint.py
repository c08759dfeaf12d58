from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping, Signal
from hcserver.domain.run_lines import Run, match_runs
from hcserver.domain.time_zone import zone
from hcserver.domain.time_zone_hint import RUNS, TimeZoneHint, time_zone_hint

A = UUID(int=1)
DUE = datetime(2026, 3, 2, 2, tzinfo=UTC)  # at 02:00, as every day
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def make(schedule: str = "0 2 * * *", **fields: Any) -> Check:
    kind = {"kind": "cron", "schedule": schedule, "tz": "UTC"}
    return Check(id=A, project=A, created=DUE, badge=A, **(kind | fields))


def runs(moments: Iterable[datetime], type: Signal = "success") -> list[Run]:
    """Runs at these moments, the earliest first; the function is given the newest first."""
    pings = [
        Ping(check=A, n=n, at=at, type=type, scheme="http", remote_addr="") for n, at in enumerate(moments, 1)
    ]
    return match_runs(pings[::-1])


def daily(count: int, off: timedelta, first: datetime = DUE) -> list[datetime]:
    return [first + n * DAY + off for n in range(count)]


@pytest.mark.parametrize(
    ("off", "hours"),
    [
        (-2 * HOUR, -2),
        (HOUR, 1),
        (11 * HOUR, 11),
        (-2 * HOUR + 9 * MINUTE, -2),
        (5 * HOUR - MINUTE, 5),
    ],
)
@pytest.mark.parametrize("type", ["success", "fail", "start"])
def test_runs_that_are_whole_hours_off_are_told(off: timedelta, hours: int, type: Signal) -> None:
    hint = time_zone_hint(make(), runs(daily(5, off), type))
    assert hint == TimeZoneHint(runs=5, hours=hours, zone="UTC")


@pytest.mark.parametrize(
    "off",
    [timedelta(), 5 * MINUTE, -MINUTE, HOUR / 2, 90 * MINUTE, 2 * HOUR - 10 * MINUTE, 2 * HOUR + 15 * MINUTE],
)
def test_runs_on_the_schedule_or_beside_whole_hours_are_not(off: timedelta) -> None:
    assert time_zone_hint(make(), runs(daily(5, off))) is None


def test_two_runs_may_be_chance() -> None:
    assert time_zone_hint(make(), runs(daily(2, HOUR))) is None
    # Nor are several for one time of the schedule more than one.
    retried = [DUE + HOUR + n * MINUTE for n in range(5)] + [DUE + DAY + HOUR]
    assert time_zone_hint(make(), runs(retried)) is None
    assert time_zone_hint(make(), []) is None


def test_the_latest_runs_count_as_far_as_they_agree() -> None:
    on_time, off = daily(4, timedelta()), daily(3, -HOUR, DUE + 4 * DAY)
    assert time_zone_hint(make(), runs(on_time + off)) == TimeZoneHint(runs=3, hours=-1, zone="UTC")
    by_hand = [DUE + 6 * DAY + 5 * HOUR + 37 * MINUTE]
    assert time_zone_hint(make(), runs(on_time + off + by_hand)) is None
    assert time_zone_hint(make(), runs([*off, DUE + 7 * DAY])) is None


def test_no_more_runs_are_looked_at_than_a_page_shows() -> None:
    hint = time_zone_hint(make(), runs(daily(RUNS + 5, HOUR)))
    assert hint is not None and hint.runs == RUNS


def test_runs_by_hand_at_odd_times_say_nothing() -> None:
    times = [(9, 12), (16, 47), (11, 3), (20, 31), (8, 55), (14, 20)]
    moments = [DUE.replace(hour=hour, minute=minute) + n * DAY for n, (hour, minute) in enumerate(times)]
    assert time_zone_hint(make(), runs(moments)) is None


@pytest.mark.parametrize("schedule", ["*/30 * * * *", "15 * * * *", "* * * * *"])
@pytest.mark.parametrize("off", [timedelta(), 7 * MINUTE, 15 * MINUTE, 30 * MINUTE])
def test_a_schedule_that_is_not_sparse_has_no_offset(schedule: str, off: timedelta) -> None:
    moments = [DUE + n * HOUR / 2 + off for n in range(12)]
    assert time_zone_hint(make(schedule), runs(moments)) is None


def test_six_hours_off_a_schedule_of_every_six_hours_is_on_it() -> None:
    moments = [DUE + 4 * HOUR + n * 6 * HOUR for n in range(8)]
    assert time_zone_hint(make("0 */6 * * *"), runs(moments)) is None
    hint = time_zone_hint(make("0 */6 * * *"), runs(moment + HOUR for moment in moments))
    assert hint == TimeZoneHint(runs=8, hours=1, zone="UTC")


@pytest.mark.parametrize(("schedule", "off"), [("0 */6 * * *", 1), ("0 */2 * * *", 1), ("0 2 * * *", 12)])
def test_what_may_be_as_much_before_as_after_is_not_told(schedule: str, off: int) -> None:
    assert time_zone_hint(make(schedule), runs(daily(6, off * HOUR))) is None


def test_several_times_a_day_tell_together() -> None:
    moments = sorted(daily(3, -2 * HOUR) + daily(3, -HOUR))
    hint = time_zone_hint(make("0 2,3 * * *"), runs(moments))
    assert hint == TimeZoneHint(runs=6, hours=-2, zone="UTC")


def in_berlin(days: range) -> list[datetime]:
    """04:00 by the clock of Berlin, around the change of the clock on Sunday, 29 March 2026, at 02:00."""
    return [
        datetime(2026, 3, 20, 4, tzinfo=zone("Europe/Berlin")).replace(day=day).astimezone(UTC)
        for day in days
    ]


def test_a_change_of_the_clock_changes_how_far_runs_are_off() -> None:
    check = make("0 4 * * *")
    assert time_zone_hint(check, runs(in_berlin(range(24, 29)))) == TimeZoneHint(runs=5, hours=-1, zone="UTC")
    # After the change the job comes two hours before 04:00 UTC, and the runs before it don't count.
    assert time_zone_hint(check, runs(in_berlin(range(24, 31)))) is None
    hint = time_zone_hint(check, runs(in_berlin(range(24, 32))))
    assert hint == TimeZoneHint(runs=3, hours=-2, zone="UTC")


def test_a_job_in_the_zone_of_its_schedule_is_on_it_on_both_sides_of_a_change() -> None:
    assert time_zone_hint(make("0 4 * * *", tz="Europe/Berlin"), runs(in_berlin(range(24, 32)))) is None


def test_the_start_of_a_run_counts_where_it_is_known() -> None:
    reports: list[tuple[Signal, datetime]] = []
    for at in daily(3, HOUR):
        reports += [("start", at), ("success", at + 40 * MINUTE)]
    pings = [
        Ping(check=A, n=n, at=at, type=type, scheme="http", remote_addr="")
        for n, (type, at) in enumerate(reports, 1)
    ]
    assert time_zone_hint(make(), match_runs(pings[::-1])) == TimeZoneHint(runs=3, hours=1, zone="UTC")


def test_what_is_no_run_does_not_count() -> None:
    off = runs(daily(3, HOUR))
    assert time_zone_hint(make(), runs([DUE], "log") + runs([DUE], "ign") + off) is not None


def test_a_period_has_no_zone() -> None:
    assert time_zone_hint(make(kind="simple", timeout=86_400), runs(daily(5, HOUR))) is None


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("02:00", "UTC"),
        ("02:00 Asia/Tokyo\n02:30 Asia/Tokyo", "Asia/Tokyo"),
        ("02:00\n14:30 Asia/Tokyo", None),
    ],
)
def test_the_zone_is_that_of_the_times(schedule: str, expected: str | None) -> None:
    first = DUE.replace(tzinfo=zone(expected or "UTC")).astimezone(UTC)
    hint = time_zone_hint(make(schedule, kind="oncalendar"), runs(daily(3, HOUR, first)))
    assert hint is not None and hint.zone == expected


def test_a_schedule_that_never_elapses_again_says_nothing() -> None:
    assert time_zone_hint(make("2001-01-01", kind="oncalendar"), runs(daily(5, HOUR))) is None


def test_the_sentences_have_the_facts_and_a_question() -> None:
    assert TimeZoneHint(runs=5, hours=-2, zone="UTC").sentences == (
        "The last 5 runs came 2 hours before the times of the schedule, which is in UTC. "
        "Does the job go by the clock of another time zone?"
    )
    assert TimeZoneHint(runs=3, hours=1, zone=None).sentences == (
        "The last 3 runs came 1 hour after the times of the schedule. "
        "Does the job go by the clock of another time zone?"
    )
