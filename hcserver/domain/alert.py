"""Alerts: what of a check's life people are to be notified of, and when.

The status and the flips of a check are exact; alerts follow from the same events but leave out what is not
worth a message, such as a first failure where `failures_before_alert` asks for two. Like flips they are
numbered parts of the check's state and are stored together with it, so that each is decided exactly once.

The functions below are called by hcserver.domain.state_machine. They return the check with what it has to
remember, and the alert (None: none).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.flip import Cause, Flip
from hcserver.domain.schedule import next_occurrence
from hcserver.domain.status import counted_until, term

AlertEvent = Literal["down", "up", "start-too-long", "paused", "reminder"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a check that people may be notified of. `n` counts a check's alerts from 1."""

    check: UUID
    n: int
    at: datetime
    event: AlertEvent
    reason: Cause
    since: datetime | None = None  # when the state that has ended (for a reminder: that goes on) began
    held: str | None = None  # why nobody is notified; None: the channels decide
    ping: int = 0  # n of the last ping at that time, 0: there was none
    after_pause: bool = False  # an "up" that ends a pause of a check that was down before
    took: float | None = None  # seconds, of the run that was too short


class _MissedRun(NamedTuple):
    """A run that counts as missed from `at` on, with the moment after which the next one is expected."""

    at: datetime
    due: datetime


def after_flip(before: Check, after: Check, flip: Flip) -> tuple[Check, Alert | None]:
    """The alert for a flip. Only the end of something that people were alerted to is an `up`."""
    if flip.new == "down":
        return count_failure(before, after, flip.at, flip)
    up_at = flip.at if flip.new == "up" else None
    calm = replace(
        after,
        up_at=up_at,
        failures=0,
        failed_at=None,
        down_at=None,
        down_before_pause=None,
        told_at=None,
        tell_after=None,
    )
    if flip.new == "paused":
        # Failures before the pause are not reported any more; who heard of them still hears how they end.
        down_since = before.down_at if before.told_at is not None else None
        paused = replace(calm, down_before_pause=down_since, paused_alert=before.n_alerts + 1)
        return _with_alert(paused, "paused", flip.at, flip.reason)
    if flip.old == "down" and flip.new == "up" and before.told_at is not None:
        return _with_alert(calm, "up", flip.at, flip.reason, since=before.down_at)
    if flip.old == "paused" and flip.new == "up" and before.down_before_pause is not None:
        since = before.down_before_pause
        return _with_alert(calm, "up", flip.at, flip.reason, since=since, after_pause=True)
    return calm, None


def count_failure(
    before: Check, after: Check, at: datetime, flip: Flip | None = None
) -> tuple[Check, Alert | None]:
    """One more failure in a row, either with the flip by which the check went down or while it is down.

    The alert is due with failure number `failures_before_alert`; a flip that comes earlier has a held one.
    """
    by_time = flip is not None and flip.reason == "timeout"
    since, seconds = term(before)
    failed_at = counted_until(after, _due_moment(before, at - timedelta(seconds=seconds) if by_time else at))
    down_at = after.down_at if flip is None else flip.at
    after = replace(
        after, failures=before.failures + 1, failed_at=failed_at, down_at=down_at, down_before_pause=None
    )
    if after.told_at is not None:
        return with_next_alert(after), None
    reason: Cause = "too-short" if after.too_short else "fail"
    if flip is not None:
        reason = flip.reason
    took = after.last_duration if reason == "too-short" else None
    if after.failures < after.failures_before_alert:
        waiting = with_next_alert(after)
        if flip is None:
            return waiting, None
        held = f"failure {after.failures} of {after.failures_before_alert} in a row"
        return _with_alert(waiting, "down", at, reason, held=held, took=took)
    ran_too_long = by_time and before.last_start == since is not None
    event: AlertEvent = "start-too-long" if ran_too_long else "down"
    up_since = None if flip is None else before.up_at
    told = with_next_alert(replace(after, told_at=at))
    return _with_alert(told, event, at, reason, since=up_since, took=took)


def is_counted(check: Check, rid: UUID | None) -> bool:
    """Whether the run with this id was under way when the check went down, so that it is a failure already:
    its late end by a fail ping is not a second one.
    """
    if check.last_start is None or check.down_at is None:
        return False
    return check.last_start_rid == rid and check.last_start < check.down_at


def missed_run_at(check: Check) -> datetime | None:
    """When the check, being down, counts its next run as missed and thereby as one more failure.

    None: it is not down, people have been alerted, it has failures enough, or no run is expected any more.
    """
    missed = _next_missed_run(check)
    return None if missed is None else missed.at


def _next_missed_run(check: Check) -> _MissedRun | None:
    """The run that a check which is down misses next, unless it ends by then. With `max_runtime` the run that
    is under way has its time, as if it had started when the grace time ended if it has started later.
    """
    if check.status != "down" or check.failed_at is None or check.told_at is not None:
        return None
    if check.failures >= check.failures_before_alert:
        return None
    if check.kind == "simple":
        expected: datetime | None = check.failed_at + timedelta(seconds=check.timeout)
    else:
        expected = next_occurrence(check.kind, check.schedule, check.tz, check.failed_at)
    if expected is None:
        return None
    end = expected + timedelta(seconds=check.grace)
    if check.max_runtime and check.last_start is not None:
        end = max(end, min(check.last_start, end) + timedelta(seconds=check.max_runtime))
    at = end if check.excused_until is None else max(end, check.excused_until)
    return _MissedRun(at, at - (end - expected))


def when_due(check: Check, now: datetime) -> tuple[Check, Alert | None]:
    """`tell_after` has come for a check that is down: a reminder is due, or another run was missed, or there
    are failures enough by new settings, or no further run is expected.
    """
    if check.told_at is not None:
        reminded = with_next_alert(replace(check, told_at=now))
        return _with_alert(reminded, "reminder", now, "timeout", since=check.down_at)
    missed = _next_missed_run(check)
    if missed is None:
        assert check.failed_at is not None, "only a check with a failure has a next alert"
        at = check.failed_at if check.down_at is None else max(check.failed_at, check.down_at)
    else:
        at = missed.at
        check = replace(check, failures=check.failures + 1, failed_at=missed.due)
        if check.failures < check.failures_before_alert:
            return with_next_alert(check), None
    return _with_alert(with_next_alert(replace(check, told_at=now)), "down", at, "timeout")


def with_next_alert(check: Check) -> Check:
    """The check with `tell_after` computed from its other fields."""
    moment = _next_alert_at(check)
    return check if moment == check.tell_after else replace(check, tell_after=moment)


def _next_alert_at(check: Check) -> datetime | None:
    """When an alert may be due for a check that is down although nothing is reported."""
    if check.status != "down" or check.failed_at is None:
        return None
    if check.told_at is not None:
        return check.told_at + timedelta(seconds=check.repeat_after) if check.repeat_after else None
    missed = missed_run_at(check)
    return check.failed_at if missed is None else missed


def _due_moment(check: Check, failure: datetime) -> datetime:
    """The moment at which the run was due that failed at `failure` (if by time: was late from then on); the
    next run is expected after it. `check` is as it was before.

    A run that started at most the grace time before an occurrence of the schedule, or as early as a ping may
    come, stands for that occurrence, which is therefore not missed as well.
    """
    start = check.last_start
    if start is None or check.kind == "simple":
        return failure
    since = {"up": check.last_ping, "down": check.failed_at}.get(check.status) or start
    occurrence = next_occurrence(check.kind, check.schedule, check.tz, since)
    ahead = timedelta(seconds=max(check.grace, check.early))
    if occurrence is None or not start < occurrence <= start + ahead:
        return failure
    return max(failure, occurrence)


def _with_alert(
    check: Check,
    event: AlertEvent,
    at: datetime,
    reason: Cause,
    *,
    since: datetime | None = None,
    held: str | None = None,
    after_pause: bool = False,
    took: float | None = None,
) -> tuple[Check, Alert]:
    n = check.n_alerts + 1
    alert = Alert(
        check=check.id,
        n=n,
        at=at,
        event=event,
        reason=reason,
        since=since,
        held=held,
        ping=check.n_pings,
        after_pause=after_pause,
        took=took,
    )
    return replace(check, n_alerts=n), alert
