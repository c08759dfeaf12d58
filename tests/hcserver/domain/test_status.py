from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hcserver.domain.check import Check, CheckKind, Status
from hcserver.domain.status import (
    expected_at,
    going_down_at,
    grace_start,
    has_overdue_run,
    not_before,
    shown_status,
    shown_until,
    with_deadline,
)
from hcserver.domain.time_zone import zone
from tests.hcserver.domain.check_life import SCHEDULES

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def make(status: Status = "new", **fields: object) -> Check:
    """A check with an hour's timeout and a minute's grace time."""
    base = Check(id=A, project=B, created=NOW, badge=A, timeout=3600, grace=60, status=status)
    return with_deadline(replace(base, **fields))


def at(text: str, tz: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(tz)).astimezone(UTC)


def test_an_up_check_is_late_after_its_timeout_and_down_after_its_grace_time() -> None:
    check = make("up", last_ping=NOW)
    assert expected_at(check) == NOW + HOUR
    assert going_down_at(check) == NOW + HOUR + MINUTE
    almost = timedelta(milliseconds=1)
    assert shown_status(check, NOW + HOUR - almost) == "up"
    assert shown_status(check, NOW + HOUR) == "grace"
    assert shown_status(check, NOW + HOUR + MINUTE - almost) == "grace"
    assert shown_status(check, NOW + HOUR + MINUTE) == "down"


@pytest.mark.parametrize(
    ("tz", "kind", "schedule", "last", "expected"),
    [
        ("Europe/Berlin", "cron", "30 2 * * *", "2025-03-29 02:30", "2025-03-30 01:00+00:00"),
        ("Europe/Berlin", "cron", "30 2 * * *", "2025-10-25 02:30", "2025-10-26 00:30+00:00"),
        ("Europe/Berlin", "cron", "30 2 * * *", "2025-10-26 02:31", "2025-10-27 01:30+00:00"),
        ("Europe/Berlin", "cron", "0 12 * * *", "2025-03-29 12:00", "2025-03-30 10:00+00:00"),
        ("America/New_York", "oncalendar", "02:30", "2025-03-08 02:30", "2025-03-10 06:30+00:00"),
        ("America/New_York", "oncalendar", "08:00", "2025-11-01 08:00", "2025-11-02 13:00+00:00"),
        ("Australia/Sydney", "cron", "30 2 * * *", "2025-10-04 02:30", "2025-10-04 16:00+00:00"),
        ("Australia/Sydney", "cron", "0 12 * * *", "2025-04-05 12:00", "2025-04-06 02:00+00:00"),
        ("Australia/Lord_Howe", "cron", "15 2 * * *", "2025-10-04 02:15", "2025-10-04 15:30+00:00"),
        ("Australia/Lord_Howe", "cron", "0 12 * * *", "2025-04-05 12:00", "2025-04-06 01:30+00:00"),
        ("America/Santiago", "cron", "0 0 * * *", "2025-09-06 00:00", "2025-09-07 04:00+00:00"),
    ],
)
def test_schedules_follow_the_clock_of_their_zone(
    tz: str, kind: CheckKind, schedule: str, last: str, expected: str
) -> None:
    check = make("up", last_ping=at(last, tz), kind=kind, schedule=schedule, tz=tz)
    assert expected_at(check) == datetime.fromisoformat(expected)
    assert check.alert_after == datetime.fromisoformat(expected) + MINUTE


def test_the_grace_time_starts_with_a_run_that_is_under_way_if_that_is_earlier() -> None:
    up = make("up", last_ping=NOW)
    assert grace_start(up) == NOW + HOUR
    assert grace_start(replace(up, last_start=NOW + MINUTE)) == NOW + MINUTE
    assert grace_start(replace(up, last_start=NOW + 2 * HOUR)) == NOW + HOUR
    assert grace_start(make("new", last_start=NOW)) == NOW


def test_neither_new_nor_down_nor_paused_checks_have_a_grace_time_without_a_run() -> None:
    for status in ("new", "down", "paused"):
        assert grace_start(make(status, last_ping=NOW)) is None
    assert grace_start(make("down", last_ping=NOW, last_start=NOW)) is None


def test_a_check_does_not_go_down_before_the_moment_up_to_which_it_is_excused() -> None:
    up = make("up", last_ping=NOW)
    assert with_deadline(replace(up, excused_until=NOW)).alert_after == going_down_at(up)
    assert with_deadline(replace(up, excused_until=NOW + 5 * HOUR)).alert_after == NOW + 5 * HOUR
    assert with_deadline(make("down", excused_until=NOW)).alert_after is None


def test_a_run_is_overdue_after_the_grace_time() -> None:
    running = make("down", last_start=NOW)
    assert not has_overdue_run(make("down"), NOW + HOUR)
    assert not has_overdue_run(running, NOW + MINUTE - timedelta(milliseconds=1))
    assert has_overdue_run(running, NOW + MINUTE)
    assert not has_overdue_run(replace(running, excused_until=NOW + HOUR), NOW + MINUTE)


def test_a_moment_is_moved_to_the_earliest_one_that_is_allowed() -> None:
    assert not_before(None, NOW) is None
    assert not_before(NOW, None) == NOW
    assert not_before(NOW, NOW + MINUTE) == NOW + MINUTE
    assert not_before(NOW + MINUTE, NOW) == NOW + MINUTE


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SCHEDULES), st.integers(0, 200_000), st.integers(0, 100_000))
def test_a_check_never_goes_down_before_its_grace_time_is_over(
    schedule: tuple[CheckKind, str, str], offset: int, waited: int
) -> None:
    kind, text, tz = schedule
    last = datetime(2025, 4, 4, 12, tzinfo=UTC) + timedelta(seconds=offset)
    check = make("up", kind=kind, schedule=text, tz=tz, last_ping=last)
    expected = expected_at(check)
    assert expected is None or expected > last
    now = last + timedelta(seconds=waited)
    late = expected is not None and now >= expected + MINUTE
    assert (shown_status(check, now) == "down") == late


# --- the maximum runtime


def test_a_run_that_starts_in_time_has_the_maximum_runtime() -> None:
    up = make("up", last_ping=NOW, max_runtime=7200)
    assert going_down_at(up) == NOW + HOUR + MINUTE
    for start in (NOW, NOW + MINUTE, NOW + HOUR, NOW + HOUR + MINUTE):
        assert going_down_at(replace(up, last_start=start)) == start + 2 * HOUR
    short = replace(up, max_runtime=600)
    assert going_down_at(replace(short, last_start=NOW + MINUTE)) == NOW + 11 * MINUTE
    for status in ("new", "paused"):
        assert going_down_at(make(status, last_start=NOW, max_runtime=7200)) == NOW + 2 * HOUR
    assert going_down_at(make("down", last_start=NOW, max_runtime=7200)) is None


def test_runs_that_start_again_and_again_but_never_end_do_not_put_it_off_for_ever() -> None:
    up = make("up", last_ping=NOW, max_runtime=7200)
    for start in (NOW + 2 * HOUR, NOW + 3 * HOUR):
        assert going_down_at(replace(up, last_start=start)) == NOW + HOUR + MINUTE + 2 * HOUR


def test_a_run_that_starts_while_the_check_is_excused_is_in_time() -> None:
    excused = make("up", last_ping=NOW, max_runtime=7200, excused_until=NOW + 9 * HOUR)
    assert excused.alert_after == NOW + 9 * HOUR
    assert going_down_at(replace(excused, last_start=NOW + 9 * HOUR)) == NOW + 11 * HOUR
    assert going_down_at(replace(excused, last_start=NOW + 10 * HOUR)) == NOW + 11 * HOUR


def test_a_run_that_has_started_in_time_is_not_late() -> None:
    running = make("up", last_ping=NOW, max_runtime=7200, last_start=NOW + HOUR)
    assert shown_until(running, NOW + HOUR) == ("up", NOW + 3 * HOUR)
    assert shown_status(running, NOW + 3 * HOUR - timedelta(milliseconds=1)) == "up"
    assert shown_until(running, NOW + 3 * HOUR) == ("down", None)
    assert grace_start(running) == NOW + HOUR


def test_a_run_is_overdue_after_the_maximum_runtime() -> None:
    running = make("down", last_start=NOW, max_runtime=600)
    assert not has_overdue_run(running, NOW + MINUTE)
    assert has_overdue_run(running, NOW + 10 * MINUTE)


def test_the_successes_of_a_check_that_is_down_last_as_long_as_it_would_be_up() -> None:
    recovering = make("down", last_ping=NOW, successes=1)
    assert (recovering.alert_after, recovering.successes_until) == (None, NOW + HOUR + MINUTE)
    assert recovering.due == recovering.successes_until
    assert make("down", last_ping=NOW).due is None
    assert make("down", last_ping=NOW, successes=1, excused_until=NOW + 9 * HOUR).due == NOW + 9 * HOUR
    assert shown_until(recovering, NOW + HOUR) == ("down", None)
