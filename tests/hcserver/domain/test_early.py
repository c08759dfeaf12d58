from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.domain.alert import missed_run_at
from hcserver.domain.check import Check, Status
from hcserver.domain.early import early_for, still_early_for
from hcserver.domain.state_machine import change_settings, expire, pause, put_off, record, resume
from hcserver.domain.status import expected_at, with_deadline

A, B = UUID(int=1), UUID(int=2)
DUE = datetime(2026, 3, 2, 2, tzinfo=UTC)  # at 02:00, as every day
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EARLY = DUE - 5 * MINUTE


def make(status: Status = "up", **fields: object) -> Check:
    """A check that is expected daily at 02:00, may be ten minutes early, and has had its run of yesterday."""
    settings: dict[str, object] = {"kind": "cron", "schedule": "0 2 * * *", "early": 600, "grace": 900}
    base = Check(id=A, project=B, created=DUE - 9 * DAY, badge=A, status=status)
    last_ping = None if status == "new" else DUE - DAY
    return with_deadline(replace(base, **{"last_ping": last_ping, **settings, **fields}))


@pytest.mark.parametrize("status", ["new", "up", "down", "paused"])
def test_a_success_a_little_before_its_time_counts_for_it(status: Status) -> None:
    check = record(make(status), "success", EARLY).check
    assert (check.status, check.last_ping, check.early_for) == ("up", EARLY, DUE)
    assert expected_at(check) == DUE + DAY
    assert check.alert_after == DUE + DAY + 15 * MINUTE
    assert expire(check, DUE + DAY).flip is None


@pytest.mark.parametrize("fields", [{"early": 0}, {"early": 299}, {"kind": "simple", "timeout": 86_400}])
def test_without_the_setting_it_is_nothing_but_a_success(fields: dict[str, Any]) -> None:
    check = record(make(**fields), "success", EARLY).check
    assert check.early_for is None
    assert expected_at(check) == (EARLY + DAY if check.kind == "simple" else DUE)


def test_it_may_be_as_early_as_the_setting_says() -> None:
    assert early_for(make(), DUE - 10 * MINUTE) == DUE
    assert early_for(make(), DUE - 10 * MINUTE - timedelta(milliseconds=1)) is None
    assert early_for(make(), DUE) is None


def test_further_pings_before_the_time_count_for_the_same_one() -> None:
    check = record(make(), "success", EARLY).check
    check = record(check, "fail", EARLY + MINUTE).check
    assert (check.status, check.early_for) == ("down", DUE)
    check = record(check, "success", EARLY + 2 * MINUTE).check
    assert (check.status, check.early_for, expected_at(check)) == ("up", DUE, DUE + DAY)
    # Also one that a server with a slow clock has dated.
    assert early_for(check, DUE - HOUR) == DUE


def test_the_next_ping_in_time_counts_for_its_own_time() -> None:
    check = record(record(make(), "success", EARLY).check, "success", DUE + DAY + MINUTE).check
    assert (check.early_for, expected_at(check)) == (None, DUE + 2 * DAY)


def test_a_ping_that_is_late_for_a_time_counts_for_that_one() -> None:
    # At 02:12 the run of 02:00 is still open, and that of 02:20 is nearer.
    schedule: dict[str, Any] = {"schedule": "0,20 2 * * *", "last_ping": DUE - DAY + 20 * MINUTE}
    check = record(make(**schedule), "success", DUE + 12 * MINUTE).check
    assert (check.early_for, expected_at(check)) == (None, DUE + 20 * MINUTE)
    # Once the run of 02:00 has come, 02:12 is early for 02:20.
    check = record(make(**schedule), "success", DUE).check
    assert early_for(check, DUE + 12 * MINUTE) == DUE + 20 * MINUTE


@pytest.mark.parametrize("expired", [True, False])
def test_a_time_that_was_missed_is_not_open_any_more(expired: bool) -> None:
    at = EARLY + DAY
    check = make()
    if expired:
        check = expire(check, at).check
        assert check.status == "down"
    check = record(check, "success", at).check
    assert (check.early_for, expected_at(check)) == (DUE + DAY, DUE + 2 * DAY)


def test_a_ping_that_is_nearer_to_the_time_before_is_not_early() -> None:
    hourly: dict[str, Any] = {"schedule": "0 * * * *", "early": 3600}
    check = record(make(**hourly, last_ping=DUE - HOUR), "success", DUE + MINUTE).check
    assert early_for(check, DUE + 20 * MINUTE) is None
    # A run by hand counts ahead, but those that come at their time afterwards don't go on ahead of it.
    check = record(check, "success", DUE + 40 * MINUTE).check
    assert check.early_for == DUE + HOUR
    check = record(check, "success", DUE + HOUR + MINUTE).check
    assert (check.early_for, expected_at(check)) == (None, DUE + 2 * HOUR)


def test_no_ping_skips_more_than_one_time() -> None:
    check = make(schedule="* * * * *", early=86_400, last_ping=DUE, grace=60)
    for seconds in (50, 55, 118, 200, 239):
        at = DUE + timedelta(seconds=seconds)
        check = record(check, "success", at).check
        expected = expected_at(check)
        assert expected is not None and timedelta() < expected - at <= 2 * MINUTE


def test_a_run_that_starts_early_and_ends_behind_its_time_is_in_time() -> None:
    running = record(make(), "start", EARLY).check
    assert running.early_for is None
    check = record(running, "success", DUE + 8 * MINUTE).check
    assert (check.status, check.early_for, expected_at(check)) == ("up", None, DUE + DAY)


def test_a_run_that_starts_and_ends_early_counts() -> None:
    running = record(make(), "start", DUE - 15 * MINUTE).check
    check = record(running, "success", EARLY).check
    assert (check.early_for, check.last_duration, check.alert_after) == (DUE, 600, DUE + DAY + 15 * MINUTE)


def test_a_run_that_starts_after_an_early_success_has_its_time() -> None:
    check = record(record(make(), "success", EARLY).check, "start", EARLY + MINUTE).check
    assert check.alert_after == EARLY + 16 * MINUTE


def test_an_early_failure_is_not_missed_as_well() -> None:
    check = record(make(failures_before_alert=2), "fail", EARLY).check
    assert check.failed_at == DUE
    assert missed_run_at(check) == DUE + DAY + 15 * MINUTE
    again = record(check, "fail", EARLY + DAY)
    assert again.check.failures == 2
    assert again.alert is not None and again.alert.held is None


def test_a_run_that_starts_early_and_hangs_is_not_missed_as_well() -> None:
    check = record(make(failures_before_alert=2, grace=60), "start", EARLY).check
    down = expire(check, EARLY + MINUTE).check
    assert (down.status, down.failed_at) == ("down", DUE)
    assert missed_run_at(down) == DUE + DAY + MINUTE


def test_new_settings_keep_what_counts_for_a_time_that_the_schedule_still_has() -> None:
    check = record(make(), "success", EARLY).check
    for kept in ({"desc": "x"}, {"grace": 60}, {"early": 0}, {"schedule": "0 2,14 * * *"}):
        changed = change_settings(replace(check, **kept), DUE + HOUR).check
        assert changed.early_for == DUE
        assert expected_at(changed) == (DUE + 12 * HOUR if "schedule" in kept else DUE + DAY)
    for lost in (
        {"kind": "simple", "timeout": 86_400},
        {"schedule": "58 1 * * *"},
        {"tz": "Europe/Berlin"},
    ):
        changed = change_settings(replace(check, **lost), EARLY + MINUTE).check
        assert changed.early_for is None
    assert expected_at(changed) == DUE + 23 * HOUR


def test_nothing_is_left_of_it_without_a_last_ping() -> None:
    assert still_early_for(make("new", early_for=DUE)) is None


def test_a_resumed_check_has_forgotten_it() -> None:
    paused = pause(record(make(), "success", EARLY).check, EARLY + MINUTE).check
    assert paused.early_for == DUE
    assert resume(paused, EARLY + MINUTE).check.early_for is None
    up = record(paused, "success", EARLY + 2 * MINUTE).check
    assert (up.early_for, expected_at(up)) == (DUE, DUE + DAY)


def test_times_during_a_pause_are_not_open() -> None:
    paused = pause(make(), DUE - HOUR).check
    assert record(paused, "success", EARLY + 3 * DAY).check.early_for == DUE + 3 * DAY


def test_a_run_that_was_excused_is_still_open() -> None:
    schedule: dict[str, Any] = {"schedule": "0,30 2 * * *", "last_ping": DUE - DAY + HOUR}
    excused = put_off(make(**schedule), DUE + 20 * MINUTE).check
    assert early_for(excused, DUE + 22 * MINUTE) is None


@pytest.mark.parametrize(
    ("last", "at", "time", "following"),
    [
        # The clock goes forward at 01:00 UTC: 02:30 does not exist, and is expected at 03:00.
        ("2026-03-28T01:30Z", "2026-03-29T00:55Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"),
        # It goes back at 01:00 UTC: 02:30 comes twice, and is expected the first time alone.
        ("2026-10-24T00:30Z", "2026-10-25T00:25Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
    ],
)
def test_a_change_of_the_clock_moves_the_time_that_counts(
    last: str, at: str, time: str, following: str
) -> None:
    check = make(schedule="30 2 * * *", tz="Europe/Berlin", last_ping=datetime.fromisoformat(last))
    check = record(check, "success", datetime.fromisoformat(at)).check
    assert check.early_for == datetime.fromisoformat(time)
    assert expected_at(check) == datetime.fromisoformat(following)


def test_a_schedule_that_never_elapses_again_has_no_time_to_be_early_for() -> None:
    assert early_for(make(kind="oncalendar", schedule="2001-01-01"), DUE) is None
