from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hcserver.domain.alert import Alert
from hcserver.domain.check import Check
from hcserver.domain.state_machine import Step, change_settings, expire, pause, put_off, record, resume

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A = UUID(int=1)
MINUTE = timedelta(minutes=1)


def make(**fields: Any) -> Check:
    return Check(id=A, project=A, created=NOW, badge=A, **{"timeout": 3600, "grace": 60, **fields})


def events(*steps: Step) -> list[tuple[str, str | None]]:
    return [(step.alert.event, step.alert.held) for step in steps if step.alert is not None]


def run(check: Check, *signals: str) -> tuple[Check, list[Alert]]:
    alerts = []
    for number, signal in enumerate(signals, 1):
        step = record(check, signal, NOW + number * MINUTE)  # type: ignore[arg-type]
        check = step.check
        alerts += [] if step.alert is None else [step.alert]
    return check, alerts


def test_a_first_success_makes_no_alert() -> None:
    assert run(make(), "success", "success")[1] == []


def test_a_failure_and_the_recovery_make_one_alert_each() -> None:
    _, alerts = run(make(), "success", "fail", "fail", "success", "success")
    assert [(alert.event, alert.n, alert.at) for alert in alerts] == [
        ("down", 1, NOW + 2 * MINUTE),
        ("up", 2, NOW + 4 * MINUTE),
    ]
    assert alerts[1].since == NOW + 2 * MINUTE


def test_a_first_ping_that_fails_makes_an_alert() -> None:
    assert [alert.event for alert in run(make(), "fail")[1]] == ["down"]


def test_the_alert_of_a_timeout_is_dated_like_its_flip() -> None:
    up = record(make(), "success", NOW).check
    step = expire(up, NOW + timedelta(hours=2))
    assert step.flip is not None and step.alert is not None
    assert (step.alert.event, step.alert.reason, step.alert.at) == ("down", "timeout", step.flip.at)
    assert step.flip.at == NOW + timedelta(seconds=3660)


def test_a_run_that_takes_too_long_has_an_event_of_its_own() -> None:
    running = record(record(make(), "success", NOW).check, "start", NOW).check
    assert events(expire(running, NOW + MINUTE)) == [("start-too-long", None)]


def test_alerts_are_held_until_there_are_enough_failures() -> None:
    check, alerts = run(make(failures_before_alert=3), "fail", "fail", "fail", "fail", "success")
    assert [(alert.event, alert.held) for alert in alerts] == [
        ("down", "failure 1 of 3 in a row"),
        ("down", None),
        ("up", None),
    ]
    assert alerts[1].at == NOW + 3 * MINUTE
    assert (check.failures, check.told_at, check.due) == (0, None, check.alert_after)


def test_a_recovery_without_an_alert_before_makes_none() -> None:
    _, alerts = run(make(failures_before_alert=2), "success", "fail", "success", "fail", "success")
    assert [alert.held is None for alert in alerts] == [False, False]


def test_missed_runs_count_as_failures() -> None:
    check = record(make(failures_before_alert=3), "success", NOW).check
    told = []
    for minutes in range(60 * 10):
        step = expire(check, NOW + minutes * MINUTE)
        check = step.check
        told += [(minutes, step.alert.held)] if step.alert is not None else []
    assert told == [(61, "failure 1 of 3 in a row"), (181, None)]


def test_missed_runs_of_a_schedule_count_as_failures() -> None:
    cron = make(failures_before_alert=2, kind="cron", schedule="0 * * * *", grace=600)
    check = record(cron, "success", NOW).check
    first = expire(check, NOW + timedelta(minutes=70))
    assert first.check.due == NOW + timedelta(minutes=130)
    assert events(expire(first.check, NOW + timedelta(minutes=130))) == [("down", None)]


def test_a_failed_one_off_job_makes_an_alert_although_no_run_can_be_missed() -> None:
    once = make(failures_before_alert=5, kind="oncalendar", schedule="2026-03-01 13:00")
    check = record(once, "success", NOW).check
    down = expire(check, NOW + timedelta(hours=2)).check
    assert events(expire(down, NOW + timedelta(hours=2))) == [("down", None)]


def test_reminders_come_at_their_interval_while_the_check_is_down() -> None:
    down = record(make(repeat_after=600), "fail", NOW).check
    assert down.due == NOW + 10 * MINUTE
    first = expire(down, NOW + 10 * MINUTE)
    assert events(first) == [("reminder", None)]
    assert first.alert is not None and first.alert.since == NOW
    # After a long absence of ours there is one, not one for each that was missed.
    late = expire(first.check, NOW + 500 * MINUTE)
    assert events(late, expire(late.check, NOW + 501 * MINUTE)) == [("reminder", None)]
    assert record(late.check, "success", NOW + 502 * MINUTE).check.tell_after is None


def test_a_pause_makes_an_alert_and_ends_reminders() -> None:
    down = record(make(repeat_after=600), "fail", NOW).check
    paused = pause(down, NOW + MINUTE)
    assert events(paused) == [("paused", None)]
    assert (paused.check.due, paused.check.told_at) == (None, None)
    assert events(resume(paused.check, NOW + 2 * MINUTE)) == []


def test_a_success_after_a_pause_ends_the_failure_that_was_reported_before() -> None:
    paused = pause(record(make(), "fail", NOW).check, NOW + MINUTE).check
    step = record(paused, "success", NOW + 2 * MINUTE)
    assert step.alert is not None
    assert (step.alert.event, step.alert.since, step.alert.after_pause) == ("up", NOW, True)
    assert step.check.down_before_pause is None


def test_a_success_after_a_pause_is_not_reported_where_no_failure_was() -> None:
    up = record(make(), "success", NOW).check
    unreported = record(make(failures_before_alert=2), "fail", NOW).check
    for check in (make(), up, unreported):
        paused = pause(check, NOW + MINUTE).check
        assert events(record(paused, "success", NOW + 2 * MINUTE)) == []


def test_a_resumed_check_starts_afresh() -> None:
    paused = pause(record(make(), "fail", NOW).check, NOW + MINUTE).check
    resumed = resume(paused, NOW + 2 * MINUTE).check
    assert events(record(resumed, "success", NOW + 3 * MINUTE)) == []


def test_a_failure_after_a_pause_is_reported_anew_and_has_an_end_of_its_own() -> None:
    paused = pause(record(make(), "fail", NOW).check, NOW + MINUTE).check
    failed = record(paused, "fail", NOW + 2 * MINUTE)
    recovered = record(failed.check, "success", NOW + 3 * MINUTE)
    assert events(failed, recovered) == [("down", None), ("up", None)]
    assert recovered.alert is not None
    assert (recovered.alert.since, recovered.alert.after_pause) == (NOW + 2 * MINUTE, False)


def test_the_alerts_before_a_pause_can_be_told_from_those_behind_it() -> None:
    failed = record(make(), "fail", NOW)
    paused = pause(failed.check, NOW + MINUTE)
    assert failed.alert is not None and paused.alert is not None
    assert failed.alert.n < paused.check.paused_alert == paused.alert.n
    again = record(paused.check, "fail", NOW + 2 * MINUTE)
    assert again.alert is not None and again.alert.n > again.check.paused_alert


def test_a_lower_threshold_makes_an_alert_at_once() -> None:
    down, _ = run(make(failures_before_alert=5), "fail", "fail")
    lowered = change_settings(replace(down, failures_before_alert=2), NOW + 3 * MINUTE).check
    assert lowered.due is not None and lowered.due <= NOW + 2 * MINUTE
    assert events(expire(lowered, NOW + 3 * MINUTE)) == [("down", None)]


def test_switching_reminders_on_and_off_counts_from_the_last_message() -> None:
    down = record(make(), "fail", NOW).check
    assert down.due is None
    on = change_settings(replace(down, repeat_after=3600), NOW).check
    assert on.due == NOW + timedelta(hours=1)
    assert change_settings(replace(on, repeat_after=0), NOW).check.due is None


def test_only_a_deadline_that_has_passed_is_put_off() -> None:
    up = record(make(), "success", NOW).check
    assert put_off(up, NOW).check is up
    late = NOW + timedelta(days=1)
    assert put_off(up, late).check.alert_after == late + MINUTE


def test_several_failures_in_one_millisecond_are_several() -> None:
    check = make(failures_before_alert=2)
    for _ in range(2):
        step = record(check, "fail", NOW)
        check = step.check
    assert check.failures == 2
    assert events(step) == [("down", None)]


def test_an_excuse_holds_until_the_next_success() -> None:
    late = NOW + timedelta(days=1)
    excused = put_off(record(make(), "success", NOW).check, late).check
    assert record(excused, "start", late).check.alert_after == late + MINUTE
    assert change_settings(replace(excused, desc="new"), late).check.alert_after == late + MINUTE
    again = record(excused, "success", late).check
    assert again.alert_after == late + timedelta(seconds=3660)


def test_runs_missed_while_we_were_away_are_no_failures() -> None:
    down = record(make(failures_before_alert=2), "fail", NOW).check
    assert down.tell_after == NOW + timedelta(seconds=3660)
    late = NOW + timedelta(days=1)
    excused = put_off(down, late).check
    assert excused.tell_after == late + MINUTE
    assert events(expire(excused, late)) == []
    assert events(expire(excused, late + MINUTE)) == [("down", None)]


def test_a_reminder_is_not_put_off() -> None:
    down = record(make(repeat_after=3600), "fail", NOW).check
    assert put_off(down, NOW + timedelta(days=1)).check is down


def test_a_run_that_is_put_off_is_still_one_that_takes_too_long() -> None:
    started = record(record(make(), "success", NOW).check, "start", NOW + MINUTE).check
    late = NOW + timedelta(minutes=30)
    excused = put_off(started, late).check
    assert events(expire(excused, late + MINUTE)) == [("start-too-long", None)]


def test_alerts_have_the_start_of_the_last_state_and_the_number_of_the_last_ping() -> None:
    _, alerts = run(make(), "success", "success", "fail", "log", "success", "fail")
    assert [(alert.event, alert.since, alert.ping) for alert in alerts] == [
        ("down", NOW + MINUTE, 3),
        ("up", NOW + 3 * MINUTE, 5),
        ("down", NOW + 5 * MINUTE, 6),
    ]


@given(
    st.lists(st.sampled_from(["success", "fail", "start", "log", "wait", "pause", "resume"]), max_size=40),
    st.integers(1, 4),
    st.sampled_from([0, 1800]),
)
@settings(max_examples=200, deadline=None)
def test_alerts_follow_the_status_whatever_happens(
    happenings: list[str], threshold: int, repeat: int
) -> None:
    check = make(failures_before_alert=threshold, repeat_after=repeat, timeout=600)
    now, told_down, told_before_pause, last_n = NOW, False, False, 0
    for happening in happenings:
        now += 7 * MINUTE
        match happening:
            case "wait":
                step = expire(check, now)
            case "pause":
                step = pause(check, now)
            case "resume":
                step = resume(check, now) if check.status == "paused" else Step(check)
            case signal:
                step = record(check, signal, now)  # type: ignore[arg-type]
        before, check = check, step.check
        if step.alert is not None:
            assert step.alert.n == last_n + 1 == check.n_alerts
            last_n += 1
            if step.alert.held is None:
                assert step.alert.event in ("down", "up", "start-too-long", "reminder", "paused")
                if step.alert.event in ("down", "start-too-long"):
                    assert not told_down and check.failures >= threshold
                    told_down = True
                elif step.alert.event == "up":
                    assert told_before_pause if step.alert.after_pause else told_down
        if check.status != before.status:
            told_before_pause = check.status == "paused" and told_down
        if check.status != "down":
            told_down = False
        assert told_down == (check.told_at is not None)
        # Whoever is down is told of by now, or there is a moment at which that will be looked at again.
        assert check.status != "down" or told_down or check.tell_after is not None
        assert before.n_alerts <= check.n_alerts


# --- one run is one failure

DAILY = {"kind": "cron", "schedule": "7 7 * * *", "failures_before_alert": 2}
DUE = datetime(2026, 3, 2, 7, 7, tzinfo=UTC)
DAY = timedelta(days=1)
EARLY = DUE - timedelta(seconds=2)


def walk(check: Check, until: datetime) -> list[tuple[datetime, str, str | None]]:
    """The alerts that time alone brings until that moment."""
    alerts: list[tuple[datetime, str, str | None]] = []
    while check.due is not None and check.due <= until:
        step = expire(check, check.due)
        check = step.check
        if step.alert is not None:
            alerts.append((step.alert.at, step.alert.event, step.alert.held))
    return alerts


@pytest.mark.parametrize("status", ["up", "new"])
def test_a_run_that_starts_a_little_early_and_hangs_is_one_failure(status: str) -> None:
    check = make(**DAILY)
    if status == "up":
        check = record(check, "success", NOW).check
    check = record(check, "start", EARLY).check
    assert walk(check, DUE + DAY + 2 * MINUTE) == [
        (EARLY + MINUTE, "down", "failure 1 of 2 in a row"),
        (DUE + DAY + MINUTE, "down", None),
    ]


def test_a_run_that_starts_a_little_early_and_fails_is_one_failure() -> None:
    check = record(record(make(**DAILY), "success", NOW).check, "start", EARLY).check
    check = record(check, "fail", EARLY + timedelta(seconds=1)).check
    assert walk(check, DUE + DAY) == []
    assert [at for at, _, _ in walk(check, DUE + 2 * DAY)] == [DUE + DAY + MINUTE]


def test_an_early_run_of_a_check_that_is_down_stands_for_its_occurrence_too() -> None:
    check = record(make(**{**DAILY, "failures_before_alert": 3}), "fail", NOW).check
    check = record(check, "start", EARLY).check
    check = record(check, "fail", EARLY + timedelta(seconds=1)).check
    assert check.failures == 2
    assert [at for at, _, _ in walk(check, DUE + 2 * DAY)] == [DUE + DAY + MINUTE]


def test_a_run_that_starts_long_before_its_time_stands_for_none() -> None:
    check = record(make(**DAILY), "success", NOW).check
    check = record(check, "start", DUE - timedelta(hours=2)).check
    assert [at for at, _, _ in walk(check, DUE + DAY)] == [DUE - timedelta(minutes=119), DUE + MINUTE]


def test_a_run_that_starts_late_and_hangs_is_one_failure() -> None:
    check = record(make(**DAILY), "success", NOW).check
    check = record(check, "start", DUE + MINUTE / 2).check
    assert [at for at, _, _ in walk(check, DUE + 2 * DAY)] == [DUE + MINUTE, DUE + DAY + MINUTE]


@pytest.mark.parametrize("fields", [DAILY, {"failures_before_alert": 2}])
def test_a_run_that_took_too_long_and_then_fails_is_one_failure(fields: dict[str, Any]) -> None:
    check = record(make(**fields), "success", NOW).check
    check = record(check, "start", NOW + MINUTE, A).check
    check = expire(check, NOW + 2 * MINUTE).check
    assert (check.status, check.failures) == ("down", 1)
    failed = record(check, "fail", NOW + 3 * MINUTE, A)
    assert (failed.check.failures, failed.alert, failed.check.last_start) == (1, None, None)
    again = record(record(failed.check, "start", NOW + 4 * MINUTE, A).check, "fail", NOW + 5 * MINUTE, A)
    assert again.check.failures == 2
    assert events(again) == [("down", None)]


def test_the_failure_of_another_run_is_another_failure() -> None:
    check = record(make(failures_before_alert=2), "start", NOW, A).check
    check = expire(check, NOW + MINUTE).check
    assert events(record(check, "fail", NOW + 2 * MINUTE, UUID(int=2))) == [("down", None)]


# --- new settings, moments out of order


def test_runs_that_only_new_settings_make_missed_are_missed_at_the_change() -> None:
    down = record(make(failures_before_alert=2), "fail", NOW).check
    change = NOW + 30 * MINUTE
    changed = change_settings(replace(down, timeout=60), change).check
    assert changed.tell_after == change
    step = expire(changed, change)
    assert step.alert is not None and (step.alert.event, step.alert.at) == ("down", change)


def test_no_alert_is_dated_before_the_flip_that_it_is_about() -> None:
    check = make(status="up", flipped_at=NOW, n_flips=1, failures_before_alert=2)
    down = record(check, "fail", NOW - MINUTE)
    assert down.alert is not None and down.alert.at == NOW
    second = record(down.check, "fail", NOW - MINUTE)
    assert second.alert is not None and second.alert.at == NOW


# --- the maximum runtime

HOUR = timedelta(hours=1)


def test_a_run_that_exceeds_the_maximum_runtime_takes_too_long() -> None:
    running = record(record(make(max_runtime=7200), "success", NOW).check, "start", NOW + HOUR).check
    assert expire(running, NOW + 3 * HOUR - MINUTE) == Step(running)
    step = expire(running, NOW + 3 * HOUR)
    assert events(step) == [("start-too-long", None)]
    assert step.alert is not None and step.alert.at == NOW + 3 * HOUR
    assert step.check.failed_at == NOW + HOUR


def test_runs_that_never_end_are_no_success_in_time() -> None:
    check = record(make(max_runtime=7200), "success", NOW).check
    for minutes in range(60, 180, 10):
        check = record(check, "start", NOW + minutes * MINUTE).check
    step = expire(check, NOW + 3 * HOUR + MINUTE)
    assert events(step) == [("down", None)]
    assert step.check.failed_at == NOW + HOUR


def test_a_run_that_starts_early_and_exceeds_the_maximum_runtime_is_one_failure() -> None:
    check = record(make(**DAILY, max_runtime=7200), "success", NOW).check
    check = record(check, "start", EARLY).check
    assert walk(check, DUE + DAY + 2 * MINUTE) == [
        (EARLY + 2 * HOUR, "down", "failure 1 of 2 in a row"),
        (DUE + DAY + MINUTE, "down", None),
    ]


@pytest.mark.parametrize("start", [EARLY + DAY, DUE + DAY + MINUTE / 2])
def test_a_run_of_a_check_that_is_down_is_not_missed_while_it_may_run(start: datetime) -> None:
    check = record(make(**DAILY, max_runtime=7200), "fail", DUE).check
    assert check.tell_after == DUE + DAY + MINUTE
    running = record(check, "start", start).check
    assert running.tell_after == start + 2 * HOUR
    assert [at for at, _, _ in walk(running, DUE + 2 * DAY)] == [start + 2 * HOUR]
    assert record(running, "success", start + HOUR).check.tell_after is None


def test_a_run_long_before_its_time_does_not_stand_for_the_next_one_of_a_check_that_is_down() -> None:
    check = record(make(**DAILY, max_runtime=7200), "fail", DUE).check
    running = record(check, "start", DUE + HOUR).check
    assert running.tell_after == DUE + DAY + MINUTE


def test_each_missed_run_counts_once_though_others_have_started() -> None:
    check = record(make(**{**DAILY, "failures_before_alert": 4}, max_runtime=7200), "fail", DUE).check
    check = record(check, "start", DUE + DAY).check
    assert walk(check, DUE + 4 * DAY) == [(DUE + 3 * DAY + MINUTE, "down", None)]


# --- the minimum runtime


def short_run(check: Check, minutes: int) -> Step:
    start = NOW + minutes * MINUTE
    return record(record(check, "start", start).check, "success", start + timedelta(seconds=2))


def test_a_run_that_was_too_short_is_a_failure_and_the_alert_says_how_long_it_took() -> None:
    up = record(make(min_runtime=30), "success", NOW).check
    step = short_run(up, 1)
    assert step.alert is not None
    assert (step.alert.event, step.alert.reason, step.alert.took) == ("down", "too-short", 2.0)
    assert step.alert.since == NOW
    recovered = record(step.check, "success", NOW + 2 * MINUTE)
    assert recovered.alert is not None and (recovered.alert.event, recovered.alert.took) == ("up", None)


def test_runs_that_were_too_short_are_counted_with_other_failures() -> None:
    check = record(make(min_runtime=30, failures_before_alert=3), "success", NOW).check
    first = short_run(check, 1)
    assert events(first) == [("down", "failure 1 of 3 in a row")]
    second = record(first.check, "fail", NOW + 2 * MINUTE)
    third = short_run(second.check, 3)
    assert events(second, third) == [("down", None)]
    assert third.alert is not None and (third.alert.reason, third.alert.took) == ("too-short", 2.0)


# --- several successes before it is up


def test_failures_count_on_until_the_check_is_up_and_alerts_and_recoveries_pair_up() -> None:
    """Where every other run fails, nobody would ever hear of it if each success began the count again."""
    check = make(failures_before_alert=3, successes_before_up=2)
    _, alerts = run(check, *["fail", "success"] * 4, "success", "fail", "success", "success", "success")
    assert [(alert.event, alert.held, (alert.at - NOW) // MINUTE) for alert in alerts] == [
        ("down", "failure 1 of 3 in a row", 1),
        ("down", None, 5),
        ("up", None, 9),
        ("down", "failure 1 of 3 in a row", 10),
    ]
    assert alerts[2].since == NOW + MINUTE


def test_a_run_that_a_success_stands_for_is_not_missed_as_well() -> None:
    check = record(make(failures_before_alert=3, successes_before_up=2), "fail", NOW).check
    check = record(check, "success", NOW + 50 * MINUTE).check
    assert check.tell_after == NOW + 111 * MINUTE
    assert walk(check, NOW + timedelta(hours=9)) == [(NOW + 171 * MINUTE, "down", None)]


def test_reminders_go_on_while_successes_are_counted() -> None:
    check = record(make(repeat_after=600, successes_before_up=2), "fail", NOW).check
    check = record(check, "success", NOW + MINUTE).check
    assert walk(check, NOW + 21 * MINUTE) == [
        (NOW + 10 * MINUTE, "reminder", None),
        (NOW + 20 * MINUTE, "reminder", None),
    ]
