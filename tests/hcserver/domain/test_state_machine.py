from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check, Status
from hcserver.domain.flip import Cause, Flip
from hcserver.domain.ping import Signal
from hcserver.domain.state_machine import Step, change_settings, expire, pause, put_off, record, resume
from hcserver.domain.status import going_down_at, shown_status, with_deadline

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def make(status: Status = "new", **fields: object) -> Check:
    """A check with an hour's timeout and a minute's grace time."""
    base = Check(id=A, project=B, created=NOW, badge=A, timeout=3600, grace=60, status=status)
    return with_deadline(replace(base, **fields))


def outcome(step: Step) -> tuple[Check, Flip | None]:
    return step.check, step.flip


# --- how the last runs ended


def test_the_ends_of_the_last_twenty_runs_are_remembered() -> None:
    check = make("up", last_ping=NOW)
    check = record(check, "success", NOW + MINUTE).check
    check = record(check, "fail", NOW + 2 * MINUTE, None, 3).check
    assert (check.recent_runs, check.last_exit_status) == ("sf", 3)
    check = record(check, "fail", NOW + 3 * MINUTE).check
    assert (check.recent_runs, check.last_exit_status) == ("sff", None)
    for _ in range(20):
        check = record(check, "success", NOW + 4 * MINUTE).check
    assert check.recent_runs == "s" * 20


@pytest.mark.parametrize("signal", ["start", "log", "ign"])
def test_what_ends_no_run_is_not_among_the_last_runs(signal: Signal) -> None:
    assert record(make("up", last_ping=NOW), signal, NOW + MINUTE).check.recent_runs == ""


def test_a_run_that_took_too_long_and_then_failed_is_one_run() -> None:
    check = record(make("up", last_ping=NOW), "start", NOW).check
    assert check.alert_after is not None
    check = expire(check, check.alert_after).check
    assert check.recent_runs == "m"
    assert record(check, "fail", NOW + HOUR).check.recent_runs == "m"
    assert record(check, "success", NOW + HOUR).check.recent_runs == "ms"


# --- pings


@pytest.mark.parametrize(
    ("signal", "status", "reason"), [("success", "up", "ping"), ("fail", "down", "fail")]
)
@pytest.mark.parametrize("old", ["new", "up", "down", "paused"])
def test_success_and_fail_turn_the_check_and_a_change_is_a_flip(
    signal: Signal, status: Status, reason: Cause, old: Status
) -> None:
    check, flip = outcome(record(make(old, n_pings=3, n_flips=7), signal, NOW))
    assert (check.status, check.last_ping, check.n_pings) == (status, NOW, 4)
    if old == status:
        assert flip is None
        assert check.n_flips == 7
    else:
        assert flip == Flip(check=A, n=8, at=NOW, old=old, new=status, reason=reason)
        assert check.n_flips == 8


@pytest.mark.parametrize("signal", ["log", "ign"])
@pytest.mark.parametrize("old", ["new", "up", "down", "paused"])
def test_log_and_ign_only_count(signal: Signal, old: Status) -> None:
    before = make(old, last_ping=NOW - MINUTE, last_start=NOW - MINUTE, n_pings=3)
    assert record(before, signal, NOW) == Step(replace(before, n_pings=4))


@pytest.mark.parametrize("old", ["new", "up", "down", "paused"])
def test_a_start_leaves_the_status_alone(old: Status) -> None:
    check, flip = outcome(record(make(old), "start", NOW, B))
    assert flip is None
    assert (check.status, check.last_ping, check.last_start, check.last_start_rid) == (old, None, NOW, B)


@pytest.mark.parametrize("signal", ["start", "success", "fail", "log", "ign"])
def test_a_check_paused_until_resumed_by_hand_only_counts(signal: Signal) -> None:
    before = make("paused", manual_resume=True)
    assert record(before, signal, NOW) == Step(replace(before, n_pings=1))


@pytest.mark.parametrize("rid", [None, B])
def test_an_end_with_the_starts_id_ends_the_run_and_has_a_duration(rid: UUID | None) -> None:
    running = record(make("up"), "start", NOW, rid).check
    check = record(running, "success", NOW + MINUTE, rid).check
    assert (check.last_duration, check.last_start, check.last_start_rid) == (60.0, None, None)


@pytest.mark.parametrize(
    ("started", "signal", "ended", "goes_on"),
    [
        (B, "success", A, True),
        (None, "success", A, True),
        (B, "success", None, False),
        (B, "fail", A, False),
        (None, "fail", A, False),
        (B, "fail", None, False),
    ],
)
def test_an_end_with_another_id_has_no_duration(
    started: UUID | None, signal: Signal, ended: UUID | None, goes_on: bool
) -> None:
    running = record(make("up", last_duration=5.0), "start", NOW, started).check
    check = record(running, signal, NOW + MINUTE, ended).check
    assert check.last_duration is None
    assert (check.last_start, check.last_start_rid) == ((NOW, started) if goes_on else (None, None))


def test_an_end_without_a_start_has_no_duration() -> None:
    check = record(make("up", last_duration=5.0), "success", NOW).check
    assert check.last_duration is None


def test_a_second_start_replaces_the_first() -> None:
    first = record(make("up"), "start", NOW, A).check
    second = record(first, "start", NOW + MINUTE, B).check
    assert (second.last_start, second.last_start_rid) == (NOW + MINUTE, B)


# --- ends that are ignored


@pytest.mark.parametrize("old", ["new", "up", "down", "paused"])
@pytest.mark.parametrize("rid", [None, B])
def test_an_end_that_is_ignored_ends_the_run_and_changes_nothing_else(old: Status, rid: UUID | None) -> None:
    before = make(old, last_ping=NOW, last_duration=5.0, recent_runs="s")
    running = record(before, "start", NOW, B).check
    step = record(running, "ign", NOW + MINUTE / 2, rid, 75, ignored_end=True)
    assert step == Step(replace(before, n_pings=2))


@pytest.mark.parametrize(("started", "ended"), [(B, A), (None, A)])
def test_an_end_that_is_ignored_leaves_other_runs(started: UUID | None, ended: UUID) -> None:
    running = record(make("up", last_ping=NOW), "start", NOW, started).check
    step = record(running, "ign", NOW + MINUTE / 2, ended, 75, ignored_end=True)
    assert step == Step(replace(running, n_pings=2))


def test_a_run_that_took_too_long_is_not_excused_by_an_end_that_is_ignored() -> None:
    running = record(make("up", last_ping=NOW), "start", NOW, B).check
    ended = record(running, "ign", NOW + 2 * MINUTE, B, 75, ignored_end=True).check
    assert ended.alert_after == NOW + MINUTE
    down = expire(ended, NOW + 3 * MINUTE).check
    assert down.status == "down"
    again = record(down, "ign", NOW + 4 * MINUTE, B, 75, ignored_end=True)
    assert again == Step(replace(down, n_pings=3))


def test_what_was_expected_still_is_when_a_run_counts_for_nothing() -> None:
    # Due at 13:00, with an hour for the run: the check is late once that is over, not since 13:01.
    check = make("up", last_ping=NOW, max_runtime=3600)
    running = record(check, "start", NOW + HOUR).check
    at = NOW + HOUR + 30 * MINUTE
    ended = record(running, "ign", at, None, 75, ignored_end=True).check
    assert (ended.status, ended.last_ping, ended.alert_after) == ("up", NOW, at)
    assert record(ended, "success", at + MINUTE).check.excused_until is None
    soon = record(running, "ign", NOW + HOUR + MINUTE / 2, None, 75, ignored_end=True).check
    assert (soon.alert_after, soon.excused_until) == (NOW + HOUR + MINUTE, None)


def test_a_run_that_counts_for_nothing_does_not_miss_one_of_a_check_that_is_down_before_its_end() -> None:
    down = record(make("up", last_ping=NOW, max_runtime=3600, failures_before_alert=2), "fail", NOW).check
    running = record(down, "start", NOW + HOUR).check
    assert running.tell_after == NOW + 2 * HOUR
    ended = record(running, "ign", NOW + HOUR + 30 * MINUTE, None, 75, ignored_end=True).check
    assert ended.tell_after == NOW + HOUR + 30 * MINUTE


# --- time


@pytest.mark.parametrize("status", ["new", "down", "paused"])
def test_a_check_that_is_not_up_does_not_go_down_by_time(status: Status) -> None:
    check = make(status, last_ping=NOW)
    assert going_down_at(check) is None
    assert shown_status(check, NOW + 1000 * HOUR) == status
    assert expire(check, NOW + 1000 * HOUR) == Step(check)


@pytest.mark.parametrize("status", ["new", "up", "paused"])
def test_a_run_that_takes_longer_than_the_grace_time_takes_the_check_down(status: Status) -> None:
    check = record(make(status, last_ping=NOW if status == "up" else None), "start", NOW).check
    assert going_down_at(check) == NOW + MINUTE
    assert shown_status(check, NOW + MINUTE - timedelta(milliseconds=1)) == status
    assert shown_status(check, NOW + MINUTE) == "down"
    assert expire(check, NOW + HOUR).check.status == "down"


def test_a_run_that_starts_late_does_not_put_off_the_end_of_the_grace_time() -> None:
    check = record(make("up", last_ping=NOW), "start", NOW + HOUR + MINUTE / 2).check
    assert going_down_at(check) == NOW + HOUR + MINUTE


def test_a_run_of_a_check_that_is_down_has_no_deadline() -> None:
    check = record(make("down", last_ping=NOW), "start", NOW).check
    assert check.alert_after is None


def test_the_flip_of_a_check_that_went_down_carries_the_moment_at_which_it_did() -> None:
    check = make("up", last_ping=NOW, n_flips=1)
    moment = NOW + HOUR + MINUTE
    assert expire(check, moment - timedelta(milliseconds=1)) == Step(check)
    for now in (moment, moment + 5 * HOUR):
        down, flip = outcome(expire(check, now))
        assert (down.status, down.n_flips, down.alert_after) == ("down", 2, None)
        assert flip == Flip(check=A, n=2, at=moment, old="up", new="down", reason="timeout")
    assert expire(down, moment + HOUR) == Step(down)


def test_a_schedule_that_never_elapses_again_leaves_the_check_up() -> None:
    check = make("up", last_ping=NOW, kind="oncalendar", schedule="2001-01-01")
    assert check.alert_after is None
    assert shown_status(check, NOW + 10_000 * HOUR) == "up"
    running = record(check, "start", NOW + HOUR).check
    assert running.alert_after == NOW + HOUR + MINUTE


# --- pause and resume


@pytest.mark.parametrize("status", ["new", "up", "down"])
def test_a_pause_ends_a_run_and_keeps_the_last_ping(status: Status) -> None:
    running = record(make(status, last_ping=NOW, n_flips=2), "start", NOW, B).check
    check, flip = outcome(pause(running, NOW + MINUTE))
    assert (check.status, check.last_ping, check.last_start, check.last_start_rid) == (
        "paused",
        NOW,
        None,
        None,
    )
    assert check.alert_after is None
    assert flip == Flip(check=A, n=3, at=NOW + MINUTE, old=status, new="paused", reason="pause")


def test_pausing_a_paused_check_does_nothing() -> None:
    check = make("paused")
    assert pause(check, NOW) == Step(check)


def test_a_resumed_check_is_new_but_keeps_counting() -> None:
    paused = make("paused", last_ping=NOW, last_start=NOW, last_start_rid=B, n_pings=5, n_flips=2)
    check, flip = outcome(resume(paused, NOW + MINUTE))
    assert (check.status, check.last_ping, check.last_start, check.last_start_rid) == (
        "new",
        None,
        None,
        None,
    )
    assert (check.n_pings, check.alert_after) == (5, None)
    assert flip == Flip(check=A, n=3, at=NOW + MINUTE, old="paused", new="new", reason="resume")


# --- several runs at once

C = UUID(int=3)


def test_the_success_of_one_run_is_no_recovery_while_another_is_overdue() -> None:
    check = record(make(), "success", NOW).check
    check = record(check, "start", NOW + MINUTE, B).check
    check = record(check, "start", NOW + MINUTE, A).check
    down = expire(check, NOW + 3 * MINUTE)
    assert down.flip is not None and down.flip.at == NOW + 2 * MINUTE
    b_ends = record(down.check, "success", NOW + 3 * MINUTE, B)
    assert (b_ends.check.status, b_ends.flip, b_ends.alert) == ("down", None, None)
    assert (b_ends.check.last_ping, b_ends.check.last_start) == (NOW + 3 * MINUTE, NOW + MINUTE)
    assert expire(b_ends.check, NOW + HOUR) == Step(b_ends.check)
    a_ends = record(b_ends.check, "success", NOW + 4 * MINUTE, A)
    assert a_ends.flip is not None and a_ends.flip.new == "up"
    assert a_ends.alert is not None and a_ends.alert.event == "up"


@pytest.mark.parametrize("rid", [None, A])
def test_the_overdue_run_is_over_when_it_ends_itself_or_a_ping_without_an_id_comes(rid: UUID | None) -> None:
    running = record(make("down", n_flips=1), "start", NOW, A).check
    assert record(running, "success", NOW + HOUR, rid).check.status == "up"


def test_a_new_start_takes_the_place_of_an_overdue_run() -> None:
    hung = record(make("down", n_flips=1), "start", NOW, A).check
    again = record(hung, "start", NOW + HOUR, B).check
    assert record(again, "success", NOW + HOUR + MINUTE, B).check.status == "up"


def test_the_success_of_one_run_is_a_recovery_while_another_is_in_time() -> None:
    running = record(make("down", n_flips=1), "start", NOW, A).check
    up = record(running, "success", NOW + MINUTE / 2, B).check
    assert (up.status, up.alert_after) == ("up", NOW + MINUTE)


@pytest.mark.parametrize("old", ["new", "up", "paused"])
def test_a_success_does_not_hide_an_overdue_run_that_the_scheduler_has_not_seen_yet(old: Status) -> None:
    running = record(make(old, last_ping=NOW if old == "up" else None), "start", NOW, A).check
    success = record(running, "success", NOW + 2 * MINUTE, B)
    assert (success.check.status, success.flip) == (old, None)
    down = expire(success.check, NOW + 2 * MINUTE)
    assert down.flip is not None
    assert (down.flip.at, down.flip.old, down.flip.new) == (NOW + MINUTE, old, "down")


def test_an_overdue_run_is_excused_after_an_absence_although_another_succeeds() -> None:
    running = record(make("up", last_ping=NOW), "start", NOW, A).check
    back = NOW + HOUR
    excused = record(put_off(running, back).check, "success", back, B).check
    assert (excused.status, excused.alert_after) == ("up", back + MINUTE)


# --- moments out of order


@pytest.mark.parametrize(("signal", "old"), [("success", "down"), ("fail", "up")])
def test_no_flip_is_dated_before_its_predecessor(signal: Signal, old: Status) -> None:
    check = make(old, n_flips=4, flipped_at=NOW)
    check, flip = outcome(record(check, signal, NOW - MINUTE))
    assert flip is not None and (flip.n, flip.at) == (5, NOW)
    assert (check.flipped_at, check.last_ping) == (NOW, NOW - MINUTE)
    for step in (pause(check, NOW - MINUTE), resume(replace(check, status="paused"), NOW - MINUTE)):
        assert step.flip is not None and step.flip.at == NOW


def test_a_deadline_before_the_last_flip_gives_a_flip_at_that_moment() -> None:
    # The clock of the server that took the last ping is an hour slow.
    check = record(make("up", flipped_at=NOW), "success", NOW - 2 * HOUR).check
    down = expire(check, NOW + MINUTE)
    assert down.flip is not None and down.flip.at == NOW


def test_a_check_from_before_flips_were_dated_here_can_flip() -> None:
    check, flip = outcome(record(make("up", n_flips=3, flipped_at=None), "fail", NOW))
    assert flip is not None and (flip.at, check.flipped_at) == (NOW, NOW)


# --- new settings


@pytest.mark.parametrize(
    "settings", [{"timeout": 60}, {"kind": "cron", "schedule": "* * * * *"}, {"timeout": 120, "grace": 90}]
)
def test_a_check_that_new_settings_make_late_goes_down_at_the_change(settings: dict[str, object]) -> None:
    up = record(make(), "success", NOW).check
    change = NOW + HOUR / 2
    changed = change_settings(replace(up, **settings), change).check
    assert shown_status(changed, change) == "down"
    # A start does not bring the old moment back.
    for check in (changed, record(changed, "start", change + MINUTE).check):
        down = expire(check, change + 5 * MINUTE)
        assert down.flip is not None and (down.flip.at, down.flip.reason) == (change, "timeout")


def test_a_lower_grace_time_takes_a_run_that_is_under_way_down_at_the_change() -> None:
    check = make(grace=3600)
    for step in (("success", NOW), ("fail", NOW + 10 * MINUTE), ("success", NOW + 20 * MINUTE)):
        check = record(check, step[0], step[1]).check
    running = record(check, "start", NOW + 5 * MINUTE).check
    change = NOW + 30 * MINUTE
    down = expire(change_settings(replace(running, grace=60), change).check, change)
    assert down.flip is not None and down.flip.at == change
    assert down.alert is not None and (down.alert.event, down.alert.at) == ("start-too-long", change)


def test_a_check_that_was_late_already_goes_down_at_its_old_deadline() -> None:
    up = record(make(), "success", NOW).check
    deadline = NOW + HOUR + MINUTE
    lower = change_settings(replace(up, timeout=60), deadline + MINUTE).check
    same = change_settings(replace(up, desc="other"), deadline + MINUTE).check
    for check in (lower, same):
        down = expire(check, deadline + 2 * MINUTE)
        assert down.flip is not None and down.flip.at == deadline


def test_a_longer_timeout_gives_an_up_check_more_time_and_leaves_a_down_one_down() -> None:
    up = record(make(), "success", NOW).check
    assert change_settings(replace(up, timeout=7200), NOW + HOUR).check.alert_after == NOW + 2 * HOUR + MINUTE
    down = expire(up, NOW + 2 * HOUR).check
    changed = change_settings(replace(down, timeout=86_400), NOW + 2 * HOUR)
    assert (changed.check.status, changed.flip, changed.alert) == ("down", None, None)
    assert record(changed.check, "success", NOW + 3 * HOUR).check.status == "up"


def test_settings_posted_unchanged_change_nothing() -> None:
    started = record(record(make(), "success", NOW).check, "start", NOW + MINUTE).check
    for check in (started, expire(started, NOW + HOUR).check, put_off(started, NOW + HOUR).check):
        for now in (NOW, NOW + 5 * HOUR):
            assert change_settings(check, now) == Step(check)
