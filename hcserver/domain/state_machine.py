"""What happens to a check: pings, time passing, pause and resume. Pure functions of a check and a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.check import Check, Status
from hcserver.domain.flip import Cause, Flip
from hcserver.domain.ping import Signal
from hcserver.domain.schedule import next_occurrence

ShownStatus = Literal["new", "up", "grace", "down", "paused"]


def expected_at(check: Check) -> datetime | None:
    """When the next success is due: the start of the grace time of an up check. None: never, or not up."""
    if check.status != "up" or check.last_ping is None:
        return None
    if check.kind == "simple":
        return check.last_ping + timedelta(seconds=check.timeout)
    return next_occurrence(check.kind, check.schedule, check.tz, check.last_ping)


def grace_start(check: Check) -> datetime | None:
    """The start of the grace time with a running job counted in, whichever comes first."""
    expected = expected_at(check)
    if check.last_start is None or check.status == "down":
        return expected
    return check.last_start if expected is None else min(expected, check.last_start)


def going_down_at(check: Check) -> datetime | None:
    """The moment at which the check goes down if nothing comes in, None if it can't by time alone."""
    start = grace_start(check)
    return None if start is None else start + timedelta(seconds=check.grace)


def shown_status(check: Check, now: datetime) -> ShownStatus:
    """The status as people see it at `now`: the stored one, moved on by the time that has passed."""
    if check.alert_after is not None and now >= check.alert_after:
        return "down"
    expected = expected_at(check)
    return check.status if expected is None or now < expected else "grace"


def with_deadline(check: Check) -> Check:
    """The check with `alert_after` computed anew; needed after every change of its settings."""
    return replace(check, alert_after=not_before(going_down_at(check), check.excused_until))


def not_before(moment: datetime | None, excused_until: datetime | None) -> datetime | None:
    """The moment at which something counts as missed, put off where we were away."""
    return moment if moment is None or excused_until is None else max(moment, excused_until)


def record(check: Check, signal: Signal, at: datetime, rid: UUID | None = None) -> tuple[Check, Flip | None]:
    """What a ping of the final type `signal` does to the check, and the flip if its status changes."""
    n_pings = check.n_pings + 1
    if signal in ("log", "ign") or (check.status == "paused" and check.manual_resume):
        return replace(check, n_pings=n_pings), None
    if signal == "start":
        started = replace(check, n_pings=n_pings, last_start=at, last_start_rid=rid)
        return with_deadline(started), None

    last_start, last_start_rid, duration = check.last_start, check.last_start_rid, None
    if last_start is not None:
        if last_start_rid == rid:
            duration = max((at - last_start).total_seconds(), 0.0)
        if last_start_rid == rid or rid is None or signal == "fail":
            last_start = last_start_rid = None
    changed = replace(
        check,
        n_pings=n_pings,
        last_ping=at,
        last_duration=duration,
        excused_until=None,
        last_start=last_start,
        last_start_rid=last_start_rid,
    )
    return _turn(changed, "up" if signal == "success" else "down", at, "fail" if signal == "fail" else "ping")


def expire(check: Check, now: datetime) -> tuple[Check, Flip | None]:
    """Take the check down if its moment has come; the flip then carries that moment, not `now`."""
    if check.alert_after is None or check.alert_after > now:
        return check, None
    return _turn(check, "down", check.alert_after, "timeout")


def put_off(check: Check, now: datetime) -> Check:
    """We were away when the check's moment came: it gets its grace time again."""
    if check.alert_after is None or check.alert_after > now:
        return check
    return with_deadline(replace(check, excused_until=now + timedelta(seconds=check.grace)))


def pause(check: Check, at: datetime) -> tuple[Check, Flip | None]:
    """Stop watching. No effect on a paused check; a run that is going on is forgotten."""
    if check.status == "paused":
        return check, None
    forgotten = replace(check, last_start=None, last_start_rid=None, excused_until=None)
    return _turn(forgotten, "paused", at, "pause")


def resume(check: Check, at: datetime) -> tuple[Check, Flip | None]:
    """Back to new: the last ping and start are forgotten. The caller makes sure that it was paused."""
    cleared = replace(check, last_ping=None, last_start=None, last_start_rid=None, excused_until=None)
    return _turn(cleared, "new", at, "resume")


def _turn(check: Check, new: Status, at: datetime, reason: Cause) -> tuple[Check, Flip | None]:
    old = check.status
    if new == old:
        return with_deadline(check), None
    n = check.n_flips + 1
    turned = with_deadline(replace(check, status=new, n_flips=n))
    return turned, Flip(check=check.id, n=n, at=at, old=old, new=new, reason=reason)
