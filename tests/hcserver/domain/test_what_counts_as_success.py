"""The settings min_runtime and successes_before_up in the state machine."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check, Status
from hcserver.domain.state_machine import Step, change_settings, expire, pause, put_off, record, resume
from tests.hcserver.domain.test_state_machine import HOUR, MINUTE, NOW, A, B, make

# --- the minimum runtime

SECOND = timedelta(seconds=1)


def ended(seconds: float, rid: UUID | None = None, **fields: object) -> Step:
    """A run of a check that is up, and has a minimum runtime of 30 seconds, succeeds after that time."""
    check = make("up", **{"last_ping": NOW, "min_runtime": 30, "last_exit_status": 3, **fields})
    running = record(check, "start", NOW + MINUTE, rid).check
    return record(running, "success", NOW + MINUTE + seconds * SECOND, rid)


def test_a_success_sooner_than_the_minimum_runtime_takes_the_check_down() -> None:
    for rid in (None, B):
        step = ended(29.999, rid)
        assert step.flip is not None and (step.flip.new, step.flip.reason) == ("down", "too-short")
        assert step.flip.at == step.check.last_ping == NOW + MINUTE + 29.999 * SECOND
        assert (step.check.too_short, step.check.last_duration) == (True, 29.999)
        assert (step.check.recent_runs, step.check.last_exit_status) == ("f", None)
        assert ended(30, rid) == Step(ended(30, rid).check)
        assert (ended(30, rid).check.status, ended(30, rid).check.recent_runs) == ("up", "s")


def test_after_a_run_that_was_too_short_the_next_success_brings_the_check_up() -> None:
    again = record(ended(2).check, "success", NOW + HOUR)
    assert again.flip is not None and (again.flip.new, again.check.too_short) == ("up", False)
    assert again.check.recent_runs == "fs"


@pytest.mark.parametrize(("started", "finished"), [(A, B), (A, None), (None, A)])
def test_a_success_without_a_known_start_is_not_judged(started: UUID | None, finished: UUID | None) -> None:
    check = make("up", last_ping=NOW, min_runtime=30)
    assert record(check, "success", NOW + SECOND, finished).check.status == "up"
    running = record(check, "start", NOW + SECOND, started).check
    assert record(running, "success", NOW + 2 * SECOND, finished).check.status == "up"


def test_a_failure_is_one_however_long_its_run_was() -> None:
    running = record(make("up", last_ping=NOW, min_runtime=30), "start", NOW).check
    step = record(running, "fail", NOW + SECOND)
    assert step.flip is not None and (step.flip.reason, step.check.too_short) == ("fail", False)


def test_a_run_that_took_too_long_already_is_no_second_failure_for_being_too_short() -> None:
    running = record(make("up", last_ping=NOW, min_runtime=300), "start", NOW).check
    down = expire(running, NOW + MINUTE).check
    step = record(down, "success", NOW + 2 * MINUTE)
    assert (step.flip, step.alert, step.check.status) == (None, None, "down")
    assert (step.check.recent_runs, step.check.failures) == ("m", 1)


# --- several successes before it is up

DAY = timedelta(days=1)


def down(**fields: object) -> Check:
    """A check that has just failed and needs three successes to be up."""
    check = make("up", **{"last_ping": NOW, "successes_before_up": 3, **fields})
    return record(check, "fail", NOW + MINUTE).check


def succeed(check: Check, *minutes: int) -> Step:
    """Successes so many minutes after NOW."""
    step = Step(check)
    for minute in minutes:
        step = record(step.check, "success", NOW + minute * MINUTE)
    return step


def test_a_check_that_is_down_comes_up_with_the_last_of_several_successes() -> None:
    two = succeed(down(), 2, 3)
    assert (two.flip, two.alert, two.check.status, two.check.successes) == (None, None, "down", 2)
    assert (two.check.recent_runs, two.check.last_ping) == ("fss", NOW + 3 * MINUTE)
    up = succeed(two.check, 4)
    assert up.flip is not None and (up.flip.new, up.flip.at) == ("up", NOW + 4 * MINUTE)
    assert up.alert is not None and (up.alert.event, up.alert.since) == ("up", NOW + MINUTE)
    assert (up.check.successes, up.check.successes_until) == (0, None)


@pytest.mark.parametrize("status", ["new", "paused"])
def test_a_check_that_is_new_or_paused_is_up_at_the_first_success(status: Status) -> None:
    assert succeed(make(status, successes_before_up=3), 1).check.status == "up"


def test_a_failure_or_a_run_that_was_too_short_starts_the_count_again() -> None:
    for again in (
        record(succeed(down(), 2, 3).check, "fail", NOW + 4 * MINUTE).check,
        ended(2, last_ping=NOW, successes_before_up=3).check,
        record(
            record(succeed(down(min_runtime=30), 2, 3).check, "start", NOW + 4 * MINUTE).check,
            "success",
            NOW + 4 * MINUTE + SECOND,
        ).check,
    ):
        assert (again.status, again.successes, again.successes_until) == ("down", 0, None)
        assert [succeed(again, *range(5, last)).check.status for last in (7, 8)] == ["down", "up"]


def test_a_missed_run_starts_the_count_again_also_after_the_alert() -> None:
    two = succeed(down(), 2, 3).check
    assert two.told_at is not None
    assert two.due == two.successes_until == NOW + 64 * MINUTE
    assert expire(two, NOW + 64 * MINUTE - SECOND) == Step(two)
    missed = expire(two, NOW + 64 * MINUTE)
    assert (missed.flip, missed.alert, missed.check.successes, missed.check.due) == (None, None, 0, None)
    # Nobody has looked yet when the next success comes.
    for check in (two, missed.check):
        assert succeed(check, 64).check.successes == 1
        running = record(check, "start", NOW + 64 * MINUTE).check
        assert (running.successes, running.due) == (0, None)
    assert succeed(two, 63).check.status == "up"


def test_a_run_that_takes_too_long_starts_the_count_again() -> None:
    running = record(succeed(down(), 2, 3).check, "start", NOW + 4 * MINUTE).check
    assert running.due == NOW + 5 * MINUTE
    assert expire(running, NOW + 5 * MINUTE).check.successes == 0
    assert succeed(running, 6).check.successes == 1
    overlapping = record(running, "success", NOW + 6 * MINUTE, B).check
    assert (overlapping.successes, overlapping.status) == (0, "down")
    longer = record(succeed(down(max_runtime=600), 2, 3).check, "start", NOW + 4 * MINUTE).check
    assert longer.due == NOW + 14 * MINUTE
    assert succeed(longer, 13).check.status == "up"


def test_with_a_schedule_the_next_run_has_to_come_in_time() -> None:
    daily = down(kind="cron", schedule="30 12 * * *", last_ping=NOW)
    one = succeed(daily, 30).check
    assert one.successes_until == NOW + DAY + 31 * MINUTE
    assert expire(one, NOW + DAY + 31 * MINUTE).check.successes == 0


def test_a_lower_number_counts_from_the_next_success() -> None:
    one = succeed(down(), 2).check
    changed = change_settings(replace(one, successes_before_up=1), NOW + 3 * MINUTE)
    assert (changed.flip, changed.check.status, changed.check.successes) == (None, "down", 1)
    assert succeed(changed.check, 4).check.status == "up"


def test_a_pause_forgets_the_successes() -> None:
    paused = pause(succeed(down(), 2, 3).check, NOW + 4 * MINUTE).check
    assert (paused.successes, paused.successes_until) == (0, None)
    resumed = resume(paused, NOW + 5 * MINUTE).check
    again = record(resumed, "fail", NOW + 6 * MINUTE).check
    assert succeed(again, 7, 8).check.status == "down"


def test_successes_are_kept_while_the_server_was_away_or_new_settings_make_the_next_one_late() -> None:
    two = succeed(down(), 2, 3).check
    away = put_off(two, NOW + 2 * HOUR).check
    assert (away.successes, away.successes_until) == (2, NOW + 2 * HOUR + MINUTE)
    shorter = change_settings(replace(two, timeout=60), NOW + 10 * MINUTE).check
    assert (shorter.successes, shorter.successes_until) == (2, NOW + 10 * MINUTE)
