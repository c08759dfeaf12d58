from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from hcserver.domain.check import Check, CheckKind, Status
from hcserver.domain.flip import Cause, Flip
from hcserver.domain.ping import Signal
from hcserver.domain.state_machine import (
    expected_at,
    expire,
    going_down_at,
    grace_start,
    pause,
    record,
    resume,
    shown_status,
    with_deadline,
)
from hcserver.domain.time_zone import zone

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def make(status: Status = "new", **fields: object) -> Check:
    """A check with an hour's timeout and a minute's grace time."""
    base = Check(id=A, project=B, created=NOW, badge=A, timeout=3600, grace=60, status=status)
    return with_deadline(replace(base, **fields))


def at(text: str, tz: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(tz)).astimezone(UTC)


# --- pings


@pytest.mark.parametrize(
    ("signal", "status", "reason"), [("success", "up", "ping"), ("fail", "down", "fail")]
)
@pytest.mark.parametrize("old", ["new", "up", "down", "paused"])
def test_success_and_fail_turn_the_check_and_a_change_is_a_flip(
    signal: Signal, status: Status, reason: Cause, old: Status
) -> None:
    check, flip = record(make(old, n_pings=3, n_flips=7), signal, NOW)
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
    assert record(before, signal, NOW) == (replace(before, n_pings=4), None)


@pytest.mark.parametrize("old", ["new", "up", "down", "paused"])
def test_a_start_leaves_the_status_alone(old: Status) -> None:
    check, flip = record(make(old), "start", NOW, B)
    assert flip is None
    assert (check.status, check.last_ping, check.last_start, check.last_start_rid) == (old, None, NOW, B)


@pytest.mark.parametrize("signal", ["start", "success", "fail", "log", "ign"])
def test_a_check_paused_until_resumed_by_hand_only_counts(signal: Signal) -> None:
    before = make("paused", manual_resume=True)
    assert record(before, signal, NOW) == (replace(before, n_pings=1), None)


@pytest.mark.parametrize("rid", [None, B])
def test_an_end_with_the_starts_id_ends_the_run_and_has_a_duration(rid: UUID | None) -> None:
    running, _ = record(make("up"), "start", NOW, rid)
    check, _ = record(running, "success", NOW + MINUTE, rid)
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
    running, _ = record(make("up", last_duration=5.0), "start", NOW, started)
    check, _ = record(running, signal, NOW + MINUTE, ended)
    assert check.last_duration is None
    assert (check.last_start, check.last_start_rid) == ((NOW, started) if goes_on else (None, None))


def test_an_end_without_a_start_has_no_duration() -> None:
    check, _ = record(make("up", last_duration=5.0), "success", NOW)
    assert check.last_duration is None


def test_a_second_start_replaces_the_first() -> None:
    first, _ = record(make("up"), "start", NOW, A)
    second, _ = record(first, "start", NOW + MINUTE, B)
    assert (second.last_start, second.last_start_rid) == (NOW + MINUTE, B)


# --- time


def test_an_up_check_is_late_after_its_timeout_and_down_after_its_grace_time() -> None:
    check = make("up", last_ping=NOW)
    assert expected_at(check) == NOW + HOUR
    assert going_down_at(check) == NOW + HOUR + MINUTE
    almost = timedelta(milliseconds=1)
    assert shown_status(check, NOW + HOUR - almost) == "up"
    assert shown_status(check, NOW + HOUR) == "grace"
    assert shown_status(check, NOW + HOUR + MINUTE - almost) == "grace"
    assert shown_status(check, NOW + HOUR + MINUTE) == "down"


@pytest.mark.parametrize("status", ["new", "down", "paused"])
def test_a_check_that_is_not_up_does_not_go_down_by_time(status: Status) -> None:
    check = make(status, last_ping=NOW)
    assert going_down_at(check) is None
    assert shown_status(check, NOW + 1000 * HOUR) == status
    assert expire(check, NOW + 1000 * HOUR) == (check, None)


@pytest.mark.parametrize("status", ["new", "up", "paused"])
def test_a_run_that_takes_longer_than_the_grace_time_takes_the_check_down(status: Status) -> None:
    check, _ = record(make(status, last_ping=NOW if status == "up" else None), "start", NOW)
    assert grace_start(check) == NOW
    assert going_down_at(check) == NOW + MINUTE
    assert shown_status(check, NOW + MINUTE - timedelta(milliseconds=1)) == status
    assert shown_status(check, NOW + MINUTE) == "down"
    assert expire(check, NOW + HOUR)[0].status == "down"


def test_a_run_that_starts_late_does_not_put_off_the_end_of_the_grace_time() -> None:
    check, _ = record(make("up", last_ping=NOW), "start", NOW + HOUR + MINUTE / 2)
    assert going_down_at(check) == NOW + HOUR + MINUTE


def test_a_run_of_a_check_that_is_down_has_no_deadline() -> None:
    check, _ = record(make("down", last_ping=NOW), "start", NOW)
    assert check.alert_after is None
    assert grace_start(check) is None


def test_the_flip_of_a_check_that_went_down_carries_the_moment_at_which_it_did() -> None:
    check = make("up", last_ping=NOW, n_flips=1)
    moment = NOW + HOUR + MINUTE
    assert expire(check, moment - timedelta(milliseconds=1)) == (check, None)
    for now in (moment, moment + 5 * HOUR):
        down, flip = expire(check, now)
        assert (down.status, down.n_flips, down.alert_after) == ("down", 2, None)
        assert flip == Flip(check=A, n=2, at=moment, old="up", new="down", reason="timeout")
    assert expire(down, moment + HOUR) == (down, None)


def test_a_schedule_that_never_elapses_again_leaves_the_check_up() -> None:
    check = make("up", last_ping=NOW, kind="oncalendar", schedule="2001-01-01")
    assert check.alert_after is None
    assert shown_status(check, NOW + 10_000 * HOUR) == "up"
    running, _ = record(check, "start", NOW + HOUR)
    assert running.alert_after == NOW + HOUR + MINUTE


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


# --- pause and resume


@pytest.mark.parametrize("status", ["new", "up", "down"])
def test_a_pause_ends_a_run_and_keeps_the_last_ping(status: Status) -> None:
    running, _ = record(make(status, last_ping=NOW, n_flips=2), "start", NOW, B)
    check, flip = pause(running, NOW + MINUTE)
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
    assert pause(check, NOW) == (check, None)


def test_a_resumed_check_is_new_but_keeps_counting() -> None:
    paused = make("paused", last_ping=NOW, last_start=NOW, last_start_rid=B, n_pings=5, n_flips=2)
    check, flip = resume(paused, NOW + MINUTE)
    assert (check.status, check.last_ping, check.last_start, check.last_start_rid) == (
        "new",
        None,
        None,
        None,
    )
    assert (check.n_pings, check.alert_after) == (5, None)
    assert flip == Flip(check=A, n=3, at=NOW + MINUTE, old="paused", new="new", reason="resume")


# --- properties

SCHEDULES: list[tuple[CheckKind, str, str]] = [
    ("simple", "* * * * *", "UTC"),
    ("cron", "30 2 * * *", "Europe/Berlin"),
    ("cron", "*/20 * * * *", "Australia/Lord_Howe"),
    ("cron", "0 0 * * *", "America/Santiago"),
    ("oncalendar", "*:0/30\n02:15 Australia/Sydney", "America/New_York"),
    ("oncalendar", "2025-04-05 12:00", "UTC"),
]
signals: st.SearchStrategy[Signal] = st.sampled_from(["start", "success", "fail", "log", "ign"])

Step = Callable[[Check], tuple[Check, Flip | None]]


class CheckLife(RuleBasedStateMachine):
    """Anything that can happen to a check, in any order, around a change of the clocks in the south."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2025, 4, 5, tzinfo=UTC)
        self.flips: list[Flip] = []
        self.steps: list[Step] = []
        self.pings = 0

    @initialize(schedule=st.sampled_from(SCHEDULES), manual=st.booleans(), grace=st.sampled_from([60, 3600]))
    def create(self, schedule: tuple[CheckKind, str, str], manual: bool, grace: int) -> None:
        kind, text, tz = schedule
        self.first = make(kind=kind, schedule=text, tz=tz, manual_resume=manual, grace=grace)
        self.check = self.first

    def do(self, step: Step) -> None:
        before = self.check
        self.check, flip = step(before)
        self.steps.append(step)
        if flip is None:
            assert self.check.status == before.status
            return
        assert (flip.old, flip.new) == (before.status, self.check.status)
        assert flip.old != flip.new
        assert flip.at <= self.now
        self.flips.append(flip)

    @rule(seconds=st.one_of(st.floats(0, 90), st.integers(0, 7200), st.integers(0, 100_000)))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(milliseconds=int(seconds * 1000))

    @rule(signal=signals, rid=st.sampled_from([None, A, B]))
    def a_ping_comes_in(self, signal: Signal, rid: UUID | None) -> None:
        now = self.now
        self.pings += 1
        self.do(lambda check: record(check, signal, now, rid))

    @rule()
    def the_scheduler_looks(self) -> None:
        deadline, shown, now = self.check.alert_after, shown_status(self.check, self.now), self.now
        known = len(self.flips)
        self.do(lambda check: expire(check, now))
        if deadline is not None and deadline <= now:
            assert [flip.at for flip in self.flips[known:]] == [deadline]
            assert shown == "down"
        else:
            assert len(self.flips) == known
            assert (shown == "down") == (self.check.status == "down")

    @rule()
    def it_is_paused(self) -> None:
        now = self.now
        self.do(lambda check: pause(check, now))
        assert self.check.status == "paused"

    @precondition(lambda self: self.check.status == "paused")
    @rule()
    def it_is_resumed(self) -> None:
        now = self.now
        self.do(lambda check: resume(check, now))
        assert self.check.status == "new"

    @invariant()
    def pings_and_flips_are_counted(self) -> None:
        assert self.check.n_pings == self.pings
        assert [flip.n for flip in self.flips] == list(range(1, self.check.n_flips + 1))
        for earlier, later in zip(self.flips, self.flips[1:], strict=False):
            assert earlier.new == later.old

    @invariant()
    def the_deadline_is_the_moment_of_going_down(self) -> None:
        assert self.check.alert_after == going_down_at(self.check)

    def teardown(self) -> None:
        if not hasattr(self, "check"):
            return
        check, flips = self.first, []
        for step in self.steps:
            check, flip = step(check)
            flips += [flip] if flip else []
        assert (check, flips) == (self.check, self.flips)


CheckLife.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_a_check_lives_by_the_rules = CheckLife.TestCase


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(SCHEDULES),
    st.integers(0, 200_000),
    st.integers(0, 100_000),
)
def test_a_check_never_goes_down_before_its_grace_time_is_over(
    schedule: tuple[CheckKind, str, str], offset: int, waited: int
) -> None:
    kind, text, tz = schedule
    last = datetime(2025, 4, 4, 12, tzinfo=UTC) + timedelta(seconds=offset)
    check = make("up", kind=kind, schedule=text, tz=tz, last_ping=last)
    expected = expected_at(check)
    assert expected is None or expected > last
    now = last + timedelta(seconds=waited)
    down, flip = expire(check, now)
    assert (flip is not None) == (expected is not None and now >= expected + MINUTE)
    assert (down.status == "down") == (flip is not None)
