"""What happens to a check: a ping, a pause, a resume, new settings, time passing.

Each function takes a check and a moment and returns a Step: the check afterwards, with the flip and the alert
that this produced. They do no I/O, and the same events give the same flips and alerts, numbers included,
whichever process computes them.

Moments may arrive out of order, since several servers whose clocks differ a little can serve one check. Flips
are ordered by their numbers, and no flip is dated before its predecessor.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hcserver.domain import alert as alerts
from hcserver.domain.alert import Alert
from hcserver.domain.check import RECENT_RUNS, Check, RunOutcome, Status
from hcserver.domain.early import early_for, still_early_for
from hcserver.domain.flip import Cause, Flip
from hcserver.domain.ping import Signal
from hcserver.domain.status import counted_until, has_overdue_run, with_deadline


class Step(msgspec.Struct, frozen=True):
    """A check after an event, with the flip and the alert that the event produced."""

    check: Check
    flip: Flip | None = None
    alert: Alert | None = None


def record(
    check: Check,
    signal: Signal,
    at: datetime,
    rid: UUID | None = None,
    exit_status: int | None = None,
    *,
    ignored_end: bool = False,
) -> Step:
    """A ping with this effective signal (see hcserver.domain.signal). An `ign` with `ignored_end` is the end
    of a run that is neither a success nor a failure.

    Of the runs that are under way only the one that started last is remembered. While that one is overdue,
    the success of another run does not change the status. A success that ends the remembered run before
    `min_runtime` is over counts as a failure. A check that is down comes up with success number
    `successes_before_up` in a row.
    """
    counted = replace(check, n_pings=check.n_pings + 1)
    if check.status == "paused" and check.manual_resume:
        return Step(counted)
    if check.successes_until is not None and check.successes_until <= at:
        counted = with_deadline(replace(counted, successes=0))
    if signal in ("log", "ign"):
        return Step(_without_run(counted, at, rid) if ignored_end else counted)
    if signal == "start":
        return Step(_with_moments(replace(counted, last_start=at, last_start_rid=rid)))
    ended = _end_run(counted, signal, at, rid)
    if signal == "fail":
        return _fail(check, replace(ended, last_exit_status=exit_status), at, rid, "fail")
    if ended.too_short:
        return _fail(check, replace(ended, last_exit_status=None), at, rid, "too-short")
    ended = _with_run(ended, "s")
    if has_overdue_run(ended, at):
        return Step(with_deadline(ended))
    if check.status == "down" and ended.successes + 1 < check.successes_before_up:
        return _recover(ended, at)
    return _turn(check, ended, "up", at, "ping")


def pause(check: Check, at: datetime) -> Step:
    """Stop watching the check, and forget the run that is under way. No effect on a paused check."""
    if check.status == "paused":
        return Step(check)
    forgotten = replace(check, last_start=None, last_start_rid=None, excused_until=None)
    return _turn(check, forgotten, "paused", at, "pause")


def resume(check: Check, at: datetime) -> Step:
    """Make a paused check new, and forget its last ping and start. The caller ensures that it is paused."""
    cleared = replace(
        check, last_ping=None, early_for=None, last_start=None, last_start_rid=None, excused_until=None
    )
    return _turn(check, cleared, "new", at, "resume")


def change_settings(check: Check, at: datetime) -> Step:
    """New settings: `check` has them already, with the deadlines that the old settings gave it.

    A check that is late by the new settings but was not by the old ones is late from `at` on, not earlier.
    One that is down stays down until its next success, even if the new settings would allow it more time.
    """
    return Step(_late_from(at, check, replace(check, early_for=still_early_for(check))))


def expire(check: Check, now: datetime) -> Step:
    """Time passing. A check whose deadline has come goes down; its flip is dated at the deadline, not at
    `now`. For a check that is down already, an alert may have become due.
    """
    if check.successes_until is not None and check.successes_until <= now:
        check = with_deadline(replace(check, successes=0))
    if check.tell_after is not None and check.tell_after <= now:
        after, alert = alerts.when_due(check, now)
        return Step(after, None, alert)
    if check.alert_after is None or check.alert_after > now:
        return Step(check)
    return _turn(check, _with_run(check, "m"), "down", check.alert_after, "timeout")


def put_off(check: Check, now: datetime) -> Step:
    """The server was away when a deadline passed, so that the job could not report: the check gets its grace
    time again, from `now` on. Failures that were reported, and reminders, are not put off.
    """
    missed = _next_miss(check)
    if missed is None or missed > now:
        return Step(check)
    return Step(_with_moments(replace(check, excused_until=now + timedelta(seconds=check.grace))))


def _end_run(check: Check, signal: Signal, at: datetime, rid: UUID | None) -> Check:
    """The check after a success or fail ping, its status aside.

    The ping ends the remembered run if it has that run's id or none, and every failure ends it. While a run
    is left, an excuse (`excused_until`) still holds for it.
    """
    start, start_rid, excuse, duration = check.last_start, check.last_start_rid, check.excused_until, None
    if start is not None and start_rid == rid:
        duration = max((at - start).total_seconds(), 0.0)
    too_short = signal == "success" and duration is not None and duration < check.min_runtime
    if start_rid == rid or rid is None or signal == "fail":
        start = start_rid = None
    return replace(
        check,
        last_ping=at,
        early_for=early_for(check, at),
        last_duration=duration,
        too_short=too_short,
        successes=0 if signal == "fail" or too_short else check.successes,
        last_start=start,
        last_start_rid=start_rid,
        excused_until=None if start is None else excuse,
    )


def _recover(check: Check, at: datetime) -> Step:
    """One more success of a check that is down, with which it is not up yet."""
    until = counted_until(check, at)
    failed_at = until if check.failed_at is None else max(check.failed_at, until)
    return Step(_with_moments(replace(check, successes=check.successes + 1, failed_at=failed_at)))


def _without_run(check: Check, at: datetime, rid: UUID | None) -> Check:
    """The check after the end of a run that counts neither as a success nor as a failure: one that has the id
    of the remembered run or none ends that, unless it has taken too long by then. What was expected without
    the run still is, but the check is not late for it earlier than `at`.
    """
    if check.last_start is None or rid not in (None, check.last_start_rid) or has_overdue_run(check, at):
        return check
    return _late_from(at, check, replace(check, last_start=None, last_start_rid=None))


def _late_from(at: datetime, before: Check, changed: Check) -> Check:
    """The changed check with its deadlines. One that is late by the change but was not before is late from
    `at` on, not earlier.
    """
    after = _with_moments(changed)
    missed = _next_miss(after)
    earliest = at if before.due is None else min(at, before.due)
    if missed is not None and missed < earliest:
        after = _with_moments(replace(after, excused_until=earliest))
    return after


def _with_run(check: Check, outcome: RunOutcome) -> Check:
    return replace(check, recent_runs=(check.recent_runs + outcome)[-RECENT_RUNS:])


def _fail(before: Check, ended: Check, at: datetime, rid: UUID | None, cause: Cause) -> Step:
    """A run that has ended with a failure, or too soon. It is counted, unless that was done when it took too
    long.
    """
    if before.status == "down" and alerts.is_counted(before, rid):
        return Step(_with_moments(ended))
    ended = _with_run(ended, "f")
    if before.status != "down":
        return _turn(before, ended, "down", at, cause)
    after, alert = alerts.count_failure(before, with_deadline(ended), _not_before_last_flip(before, at))
    return Step(after, None, alert)


def _turn(before: Check, changed: Check, new: Status, at: datetime, reason: Cause) -> Step:
    """Give the check a status; if that is another one than before, with a flip and perhaps an alert."""
    if new == changed.status:
        return Step(with_deadline(changed))
    n = changed.n_flips + 1
    at = _not_before_last_flip(changed, at)
    flip = Flip(check=changed.id, n=n, at=at, old=changed.status, new=new, reason=reason)
    turned = with_deadline(replace(changed, status=new, n_flips=n, flipped_at=at, successes=0))
    after, alert = alerts.after_flip(before, turned, flip)
    return Step(after, flip, alert)


def _not_before_last_flip(check: Check, at: datetime) -> datetime:
    return at if check.flipped_at is None else max(at, check.flipped_at)


def _with_moments(check: Check) -> Check:
    return alerts.with_next_alert(with_deadline(check))


def _next_miss(check: Check) -> datetime | None:
    """When the check goes down by time or, being down, counts another missed run as a failure or has to begin
    again with its successes.
    """
    if check.status != "down":
        return check.alert_after
    moments = alerts.missed_run_at(check), check.successes_until
    return min((moment for moment in moments if moment is not None), default=None)
