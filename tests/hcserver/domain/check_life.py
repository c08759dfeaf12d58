"""A check's life for property tests: anything that can happen to a check, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from hcserver.domain.alert import Alert
from hcserver.domain.check import Check, CheckKind
from hcserver.domain.flip import Flip
from hcserver.domain.ping import Signal
from hcserver.domain.schedule import next_occurrence
from hcserver.domain.state_machine import Step, change_settings, expire, pause, put_off, record, resume
from hcserver.domain.status import going_down_at, has_overdue_run, not_before, shown_status

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
SCHEDULES: list[tuple[CheckKind, str, str]] = [
    ("simple", "* * * * *", "UTC"),
    ("cron", "30 2 * * *", "Europe/Berlin"),
    ("cron", "*/20 * * * *", "Australia/Lord_Howe"),
    ("cron", "0 0 * * *", "America/Santiago"),
    ("oncalendar", "*:0/30\n02:15 Australia/Sydney", "America/New_York"),
    ("oncalendar", "2025-04-05 12:00", "UTC"),
]
SETTINGS: list[dict[str, Any]] = [
    {"desc": "something else"},
    {"depends_on": (B,)},
    *({"grace": grace} for grace in (60, 600, 3600)),
    *({"max_runtime": seconds} for seconds in (0, 60, 5000)),
    *({"min_runtime": seconds} for seconds in (0, 60, 4000)),
    *({"early": seconds} for seconds in (0, 600, 86_400)),
    *({"kind": "simple", "timeout": timeout} for timeout in (60, 3600, 86_400)),
    *({"kind": kind, "schedule": schedule, "tz": tz} for kind, schedule, tz in SCHEDULES[1:]),
    *({"failures_before_alert": failures} for failures in (1, 2, 5)),
    *({"successes_before_up": successes} for successes in (1, 2, 3)),
    *({"repeat_after": seconds} for seconds in (0, 600)),
]
waits: st.SearchStrategy[float] = st.one_of(  # seconds
    st.just(0),
    st.floats(0, 90),
    st.sampled_from([59, 60, 61, 600]),
    st.integers(0, 7200),
    st.integers(0, 100_000),
)
CLOCKS = timedelta(seconds=120)  # how much the clocks of the servers differ, at most
behinds = st.sampled_from([0, 0, 1, 120])  # seconds
signals: st.SearchStrategy[Signal] = st.sampled_from(["start", "success", "fail", "log", "ign"])

Happening = Callable[[Check], Step]


class CheckLife(RuleBasedStateMachine):
    """Around a change of the clocks in the south; the servers' clocks differ by up to two minutes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.latest = datetime(2025, 4, 5, tzinfo=UTC)
        self.flips: list[Flip] = []
        self.alerts: list[Alert] = []
        self.happenings: list[Happening] = []
        self.pings = 0
        self.successes = 0  # pings since the last failure or flip
        self.last_report: tuple[datetime, Signal] = (self.now, "log")  # moment and type of the last ping
        self.not_late_before = self.now - CLOCKS  # the settings allow no deadline before this moment

    @initialize(schedule=st.sampled_from(SCHEDULES), manual=st.booleans(), grace=st.sampled_from([60, 3600]))
    def create(self, schedule: tuple[CheckKind, str, str], manual: bool, grace: int) -> None:
        kind, text, tz = schedule
        self.check = self.first = Check(
            id=A,
            project=B,
            created=self.now,
            badge=A,
            timeout=3600,
            grace=grace,
            kind=kind,
            schedule=text,
            tz=tz,
            manual_resume=manual,
        )

    def do(self, happening: Happening) -> Step:
        before = self.check
        step = happening(before)
        self.check = step.check
        self.happenings.append(happening)
        if step.flip is None:
            assert self.check.status == before.status
        else:
            assert (step.flip.old, step.flip.new) == (before.status, self.check.status)
            assert step.flip.old != step.flip.new
            assert step.flip.at <= self.latest
            self.successes = 0
            self.flips.append(step.flip)
        if step.alert is not None:
            self.alerts.append(step.alert)
        return step

    def wait(self, seconds: float) -> None:
        self.now += timedelta(milliseconds=int(seconds * 1000))
        self.latest = max(self.latest, self.now)

    @rule(
        wait=waits,
        signal=signals,
        rid=st.sampled_from([None, A, B, C]),
        behind=behinds,
        ignored_end=st.booleans(),
    )
    def a_ping_comes_in(
        self, wait: float, signal: Signal, rid: UUID | None, behind: int, ignored_end: bool
    ) -> None:
        self.wait(wait)
        at = self.now - timedelta(seconds=behind)
        self.pings += 1
        self.last_report = (at, signal)
        # A clock that is behind can date it before the last change of the settings.
        self.not_late_before = min(self.not_late_before, at)
        before = self.check
        is_good = signal == "success" and not self._is_too_short(before, at, rid)
        if signal in ("success", "fail"):
            self.successes = self.successes + 1 if is_good else 0
        successes = self.successes
        ignored_end &= signal == "ign"
        step = self.do(lambda check: record(check, signal, at, rid, ignored_end=ignored_end))
        if before.status == "down" and step.flip is not None:
            assert is_good and before.successes_before_up <= successes
        elif before.status == "down" and before.successes_before_up == 1 and is_good:
            assert has_overdue_run(step.check, at)
        if signal == "success" and has_overdue_run(step.check, at):
            assert step == Step(step.check) and step.check.status == before.status
        if signal == "success" and self._is_too_short(before, at, rid):
            assert step.check.too_short and step.check.status == "down"
            assert step.check.recent_runs.endswith(("f", "m"))
        elif signal in ("success", "fail") and not self._ignores_pings(before):
            assert not step.check.too_short

    def _is_too_short(self, before: Check, at: datetime, rid: UUID | None) -> bool:
        start = before.last_start
        if start is None or before.last_start_rid != rid or self._ignores_pings(before):
            return False
        return max((at - start).total_seconds(), 0) < before.min_runtime

    def _ignores_pings(self, check: Check) -> bool:
        return check.status == "paused" and check.manual_resume

    @rule(wait=waits, settings=st.sampled_from(SETTINGS))
    def it_is_edited(self, wait: float, settings: dict[str, Any]) -> None:
        self.wait(wait)
        now = self.now
        deadline = self.check.alert_after
        self.do(lambda check: change_settings(replace(check, **settings), now))
        self.not_late_before = now if deadline is None else min(now, deadline)

    @rule(wait=waits)
    def the_server_comes_back(self, wait: float) -> None:
        self.wait(wait)
        now = self.now
        self.do(lambda check: put_off(check, now))
        assert self.check.alert_after is None or self.check.alert_after > now

    @rule(wait=waits)
    def the_scheduler_looks(self, wait: float) -> None:
        self.wait(wait)
        deadline, shown, now = self.check.alert_after, shown_status(self.check, self.now), self.now
        last = self.flips[-1].at if self.flips else self.check.created - CLOCKS
        step = self.do(lambda check: expire(check, now))
        if deadline is not None and deadline <= now:
            assert step.flip is not None and step.flip.at == max(deadline, last)
            assert deadline >= self.not_late_before
            assert shown == "down"
        else:
            assert step.flip is None
            assert (shown == "down") == (self.check.status == "down")

    @rule(behind=behinds)
    def it_is_paused(self, behind: int) -> None:
        at = self.now - timedelta(seconds=behind)
        self.do(lambda check: pause(check, at))
        assert self.check.status == "paused"

    @precondition(lambda self: self.check.status == "paused")
    @rule(behind=behinds)
    def it_is_resumed(self, behind: int) -> None:
        at = self.now - timedelta(seconds=behind)
        self.do(lambda check: resume(check, at))
        assert self.check.status == "new"

    @invariant()
    def flips_alternate_in_order_and_the_last_one_is_the_status(self) -> None:
        assert self.check.n_pings == self.pings
        assert [flip.n for flip in self.flips] == list(range(1, self.check.n_flips + 1))
        for earlier, later in zip(self.flips, self.flips[1:], strict=False):
            assert earlier.new == later.old
            assert earlier.at <= later.at
        assert self.check.status == (self.flips[-1].new if self.flips else "new")
        assert self.check.flipped_at == (self.flips[-1].at if self.flips else None)

    @invariant()
    def people_hear_of_each_failure_and_of_its_end_once(self) -> None:
        assert [alert.n for alert in self.alerts] == list(range(1, self.check.n_alerts + 1))
        down = paused = False
        for alert in self.alerts:
            if alert.held is not None:
                continue
            if alert.event == "paused":
                paused = True
                continue
            if alert.event in ("down", "start-too-long"):
                assert not down or paused
            elif alert.event == "reminder":
                assert down and not paused
            else:
                assert down and alert.after_pause == paused
            down, paused = alert.event != "up", False
        assert (
            self.check.status != "down" or self.check.told_at is not None or self.check.tell_after is not None
        )

    @invariant()
    def the_deadline_follows_from_the_rest_of_the_state(self) -> None:
        assert self.check.alert_after == not_before(going_down_at(self.check), self.check.excused_until)

    @invariant()
    def successes_in_a_row_are_counted_while_it_is_down_alone(self) -> None:
        check = self.check
        assert check.successes <= (self.successes if check.status == "down" else 0)
        up = replace(check, status="up")
        expected = not_before(going_down_at(up), check.excused_until) if check.successes else None
        assert check.successes_until == expected

    @invariant()
    def no_more_than_one_time_of_the_schedule_is_counted_ahead(self) -> None:
        check = self.check
        if check.early_for is not None:
            assert check.kind != "simple" and check.last_ping is not None
            assert check.early_for == next_occurrence(check.kind, check.schedule, check.tz, check.last_ping)

    def teardown(self) -> None:
        """Another server that goes through the same events comes to the same result."""
        if not hasattr(self, "check"):
            return
        check, flips, alerts = self.first, [], []
        for happening in self.happenings:
            step = happening(check)
            check = step.check
            flips += [step.flip] if step.flip else []
            alerts += [step.alert] if step.alert else []
        assert (check, flips, alerts) == (self.check, self.flips, self.alerts)
