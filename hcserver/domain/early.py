"""Pings that come a little before their time: which time of the schedule a ping counts for."""

from __future__ import annotations

from datetime import datetime, timedelta

from hcserver.domain.check import Check
from hcserver.domain.schedule import next_occurrence


def early_for(before: Check, at: datetime) -> datetime | None:
    """The time of the schedule, later than `at`, for which a success or failure at `at` counts.

    None: it counts for none, or for one that has come. `before` is the check as it was before the ping. A
    ping counts for the next time only if it is at most `early` seconds ahead of it, nearer to it than to the
    time before, and not late for an earlier one. While one time is counted early, further pings before it
    count for the same one, so that never more than one time is counted ahead.
    """
    if before.kind == "simple" or not before.early:
        return None
    if before.early_for is not None and at < before.early_for:
        return before.early_for
    coming = next_occurrence(before.kind, before.schedule, before.tz, at)
    if coming is None or coming - at > timedelta(seconds=before.early):
        return None
    since = at - (coming - at)
    done = _done_with(before, at)
    if done is not None:
        since = min(since, done)
    nearer_or_late = next_occurrence(before.kind, before.schedule, before.tz, since) != coming
    return None if nearer_or_late else coming


def still_early_for(check: Check) -> datetime | None:
    """What is left of `early_for` under new settings: a time that the schedule does not have any more after
    the last ping is forgotten.
    """
    if check.early_for is None or check.last_ping is None or check.kind == "simple":
        return None
    coming = next_occurrence(check.kind, check.schedule, check.tz, check.last_ping)
    return check.early_for if coming == check.early_for else None


def _done_with(before: Check, at: datetime) -> datetime | None:
    """The moment after which times of the schedule are still open at `at`, so that a ping is late for them.

    None: none is open. Of a check that is down, or is to go down, those that have passed are missed.
    """
    if before.status != "up" or before.last_ping is None:
        return None
    if before.alert_after is not None and before.alert_after <= at:
        return None
    return before.last_ping if before.early_for is None else max(before.last_ping, before.early_for)
