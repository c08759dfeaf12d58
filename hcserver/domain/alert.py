"""When people are to be told. Status and flips say what is; here is decided what of it is worth a message.

Alerts follow from the same pings, moments and changes as flips do, and like those they are part of the
state: numbered, written together with it, so that each is decided once whatever process does it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hcserver.domain import state_machine
from hcserver.domain.check import Check
from hcserver.domain.flip import Cause, Flip
from hcserver.domain.ping import Signal
from hcserver.domain.schedule import next_occurrence

AlertEvent = Literal["down", "up", "start-too-long", "paused", "reminder"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tell of a check, or (with `held`) the reason why it is not told. `n` counts from 1."""

    check: UUID
    n: int
    at: datetime
    event: AlertEvent
    reason: Cause
    since: datetime | None = None  # when what has ended (for a reminder: what still goes on) began
    held: str | None = None
    ping: int = 0  # n of the last ping at that time, 0: there was none
    after_pause: bool = False  # an "up" that ends a pause of a check that was down before


class Step(msgspec.Struct, frozen=True):
    """A check after something happened to it, with the flip and the alert that this made."""

    check: Check
    flip: Flip | None = None
    alert: Alert | None = None


def record(check: Check, signal: Signal, at: datetime, rid: UUID | None = None) -> Step:
    """A ping: see state_machine.record."""
    after, flip = state_machine.record(check, signal, at, rid)
    if after.status == "down" and signal == "fail":
        return _failed(check, after, flip)
    return _follow(check, after, flip)


def pause(check: Check, at: datetime) -> Step:
    """See state_machine.pause."""
    return _follow(check, *state_machine.pause(check, at))


def resume(check: Check, at: datetime) -> Step:
    """See state_machine.resume."""
    return _follow(check, *state_machine.resume(check, at))


def changed(check: Check) -> Step:
    """New settings: all moments are computed anew."""
    return Step(_with_moment(state_machine.with_deadline(check)))


def expire(check: Check, now: datetime) -> Step:
    """Time passing: the check goes down if its moment has come; one that is down may be worth a message."""
    if check.tell_after is not None and check.tell_after <= now:
        return _tell(check, check.tell_after, now)
    return _follow(check, *state_machine.expire(check, now))


def put_off(check: Check, now: datetime) -> Step:
    """See state_machine.put_off; runs that a check which is down has missed meanwhile don't count either."""
    after = state_machine.put_off(check, now)
    waits_for_failures = check.told_at is None and check.failures < check.failures_before_alert
    if check.tell_after is not None and check.tell_after <= now and waits_for_failures:
        after = replace(after, excused_until=now + timedelta(seconds=check.grace))
    return Step(after if after is check else _with_moment(after))


def _follow(before: Check, after: Check, flip: Flip | None) -> Step:
    if flip is None:
        return Step(after)
    if flip.new == "down":
        return _failed(before, after, flip)
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
        return _alert(paused, flip, "paused", flip.at, flip.reason)
    if flip.old == "down" and flip.new == "up" and before.told_at is not None:
        return _alert(calm, flip, "up", flip.at, flip.reason, since=before.down_at)
    if flip.old == "paused" and flip.new == "up" and before.down_before_pause is not None:
        since = before.down_before_pause
        return _alert(calm, flip, "up", flip.at, flip.reason, since=since, after_pause=True)
    return Step(calm, flip)


def _failed(before: Check, after: Check, flip: Flip | None) -> Step:
    """One more failure in a row. The first takes the check down, the `failures_before_alert`th is told."""
    at = flip.at if flip is not None else after.last_ping
    assert at is not None, "only a flip or a ping is a failure"
    by_time = flip is not None and flip.reason == "timeout"
    # The run that is expected next follows the moment at which this one was due.
    failed_at = at - timedelta(seconds=after.grace) if by_time else at
    down_at = after.down_at if flip is None else flip.at
    after = replace(
        after, failures=before.failures + 1, failed_at=failed_at, down_at=down_at, down_before_pause=None
    )
    if after.told_at is not None:
        return Step(_with_moment(after), flip)
    if after.failures < after.failures_before_alert:
        if flip is None:
            return Step(_with_moment(after))
        held = f"failure {after.failures} of {after.failures_before_alert} in a row"
        return _alert(_with_moment(after), flip, "down", at, flip.reason, held=held)
    ran_too_long = by_time and before.last_start == state_machine.grace_start(before) is not None
    event: AlertEvent = "start-too-long" if ran_too_long else "down"
    reason: Cause = "fail" if flip is None else flip.reason
    since = None if flip is None else before.up_at
    return _alert(_with_moment(replace(after, told_at=at)), flip, event, at, reason, since=since)


def _tell(check: Check, moment: datetime, now: datetime) -> Step:
    """There may be something to tell of a check that is down: a reminder, or that another run was missed."""
    if check.told_at is not None:
        reminded = _with_moment(replace(check, told_at=now))
        return _alert(reminded, None, "reminder", now, "timeout", since=check.down_at)
    # Otherwise there are failures enough, or no run will ever be missed again.
    if moment != check.failed_at:
        failed_at = moment - timedelta(seconds=check.grace)
        check = replace(check, failures=check.failures + 1, failed_at=failed_at)
        if check.failures < check.failures_before_alert:
            return Step(_with_moment(check))
    told = _with_moment(replace(check, told_at=now))
    return _alert(told, None, "down", moment, "timeout")


def _with_moment(check: Check) -> Check:
    moment = _moment(check)
    return check if moment == check.tell_after else replace(check, tell_after=moment)


def _moment(check: Check) -> datetime | None:
    """When there may be something to tell of a check that is down without anything coming in."""
    if check.status != "down" or check.failed_at is None:
        return None
    if check.told_at is not None:
        return check.told_at + timedelta(seconds=check.repeat_after) if check.repeat_after else None
    if check.failures >= check.failures_before_alert:
        return check.failed_at
    if check.kind == "simple":
        expected: datetime | None = check.failed_at + timedelta(seconds=check.timeout)
    else:
        expected = next_occurrence(check.kind, check.schedule, check.tz, check.failed_at)
    if expected is None:
        return check.failed_at
    return state_machine.not_before(expected + timedelta(seconds=check.grace), check.excused_until)


def _alert(
    check: Check,
    flip: Flip | None,
    event: AlertEvent,
    at: datetime,
    reason: Cause,
    since: datetime | None = None,
    held: str | None = None,
    after_pause: bool = False,
) -> Step:
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
    )
    return Step(replace(check, n_alerts=n), flip, alert)
