from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hcserver.domain.alert import Alert, Step, changed, expire, pause, put_off, record, resume
from hcserver.domain.check import Check

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


def test_a_first_success_is_not_worth_a_message() -> None:
    assert run(make(), "success", "success")[1] == []


def test_a_failure_and_the_recovery_are_told_once() -> None:
    _, alerts = run(make(), "success", "fail", "fail", "success", "success")
    assert [(alert.event, alert.n, alert.at) for alert in alerts] == [
        ("down", 1, NOW + 2 * MINUTE),
        ("up", 2, NOW + 4 * MINUTE),
    ]
    assert alerts[1].since == NOW + 2 * MINUTE


def test_a_first_ping_that_fails_is_told() -> None:
    assert [alert.event for alert in run(make(), "fail")[1]] == ["down"]


def test_a_timeout_is_told_at_its_moment() -> None:
    up = record(make(), "success", NOW).check
    step = expire(up, NOW + timedelta(hours=2))
    assert step.flip is not None and step.alert is not None
    assert (step.alert.event, step.alert.reason, step.alert.at) == ("down", "timeout", step.flip.at)
    assert step.flip.at == NOW + timedelta(seconds=3660)


def test_a_run_that_takes_too_long_is_told_as_such() -> None:
    running = record(record(make(), "success", NOW).check, "start", NOW).check
    assert events(expire(running, NOW + MINUTE)) == [("start-too-long", None)]


def test_nothing_is_told_before_as_many_failures_as_wanted() -> None:
    check, alerts = run(make(failures_before_alert=3), "fail", "fail", "fail", "fail", "success")
    assert [(alert.event, alert.held) for alert in alerts] == [
        ("down", "failure 1 of 3 in a row"),
        ("down", None),
        ("up", None),
    ]
    assert alerts[1].at == NOW + 3 * MINUTE
    assert (check.failures, check.told_at, check.due) == (0, None, check.alert_after)


def test_a_recovery_from_what_was_not_told_is_not_told() -> None:
    _, alerts = run(make(failures_before_alert=2), "success", "fail", "success", "fail", "success")
    assert [alert.held is None for alert in alerts] == [False, False]


def test_a_job_that_died_is_told_after_as_many_missed_runs() -> None:
    check = record(make(failures_before_alert=3), "success", NOW).check
    told = []
    for minutes in range(60 * 10):
        step = expire(check, NOW + minutes * MINUTE)
        check = step.check
        told += [(minutes, step.alert.held)] if step.alert is not None else []
    assert told == [(61, "failure 1 of 3 in a row"), (181, None)]


def test_a_cron_job_that_died_is_told_after_as_many_missed_runs() -> None:
    cron = make(failures_before_alert=2, kind="cron", schedule="0 * * * *", grace=600)
    check = record(cron, "success", NOW).check
    first = expire(check, NOW + timedelta(minutes=70))
    assert first.check.due == NOW + timedelta(minutes=130)
    assert events(expire(first.check, NOW + timedelta(minutes=130))) == [("down", None)]


def test_a_one_off_job_is_told_though_it_is_never_expected_again() -> None:
    once = make(failures_before_alert=5, kind="oncalendar", schedule="2026-03-01 13:00")
    check = record(once, "success", NOW).check
    down = expire(check, NOW + timedelta(hours=2)).check
    assert events(expire(down, NOW + timedelta(hours=2))) == [("down", None)]


def test_reminders_come_as_often_as_wanted_while_it_is_down() -> None:
    down = record(make(repeat_after=600), "fail", NOW).check
    assert down.due == NOW + 10 * MINUTE
    first = expire(down, NOW + 10 * MINUTE)
    assert events(first) == [("reminder", None)]
    assert first.alert is not None and first.alert.since == NOW
    # After a long absence of ours there is one, not one for each that was missed.
    late = expire(first.check, NOW + 500 * MINUTE)
    assert events(late, expire(late.check, NOW + 501 * MINUTE)) == [("reminder", None)]
    assert record(late.check, "success", NOW + 502 * MINUTE).check.tell_after is None


def test_a_pause_is_told_and_ends_reminders() -> None:
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


def test_a_lower_threshold_is_told_at_once() -> None:
    down, _ = run(make(failures_before_alert=5), "fail", "fail")
    lowered = changed(replace(down, failures_before_alert=2)).check
    assert lowered.due is not None and lowered.due <= NOW + 2 * MINUTE
    assert events(expire(lowered, NOW + 3 * MINUTE)) == [("down", None)]


def test_switching_reminders_on_and_off_counts_from_the_last_message() -> None:
    down = record(make(), "fail", NOW).check
    assert down.due is None
    on = changed(replace(down, repeat_after=3600)).check
    assert on.due == NOW + timedelta(hours=1)
    assert changed(replace(on, repeat_after=0)).check.due is None


def test_putting_off_leaves_what_is_not_due_alone() -> None:
    up = record(make(), "success", NOW).check
    assert put_off(up, NOW).check is up
    late = NOW + timedelta(days=1)
    assert put_off(up, late).check.alert_after == late + MINUTE


def test_failures_in_one_millisecond_are_as_many() -> None:
    check = make(failures_before_alert=2)
    for _ in range(2):
        step = record(check, "fail", NOW)
        check = step.check
    assert check.failures == 2
    assert events(step) == [("down", None)]


def test_what_is_put_off_stays_put_off_until_something_ends_it() -> None:
    late = NOW + timedelta(days=1)
    excused = put_off(record(make(), "success", NOW).check, late).check
    assert record(excused, "start", late).check.alert_after == late + MINUTE
    assert changed(replace(excused, desc="new")).check.alert_after == late + MINUTE
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


def test_alerts_know_how_long_it_was_up_and_which_ping_was_the_last() -> None:
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
def test_people_know_how_it_is(happenings: list[str], threshold: int, repeat: int) -> None:
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
