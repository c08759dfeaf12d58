"""The status of a check at a moment: when its next run is due, when it goes down, and what people see."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.schedule import next_occurrence

ShownStatus = Literal["new", "up", "grace", "down", "paused"]


def expected_at(check: Check) -> datetime | None:
    """When the next success is due: the start of an up check's grace time. None: never, or it is not up."""
    if check.status != "up" or check.last_ping is None:
        return None
    if check.kind == "simple":
        return check.last_ping + timedelta(seconds=check.timeout)
    return next_occurrence(check.kind, check.schedule, check.tz, check.last_ping)


def grace_start(check: Check) -> datetime | None:
    """The start of the grace time: the moment at which a success is due or, if that is earlier and the check
    is not down, the start of the run that is under way. None: time alone does not take the check down.
    """
    expected = expected_at(check)
    if check.last_start is None or check.status == "down":
        return expected
    return check.last_start if expected is None else min(expected, check.last_start)


def going_down_at(check: Check) -> datetime | None:
    """The end of the grace time, as the settings and the pings have it; None: time alone won't end it."""
    start = grace_start(check)
    return None if start is None else start + timedelta(seconds=check.grace)


def not_before(moment: datetime | None, earliest: datetime | None) -> datetime | None:
    """`moment`, moved to `earliest` if it lies before that; an `earliest` of None moves nothing."""
    return moment if moment is None or earliest is None else max(moment, earliest)


def with_deadline(check: Check) -> Check:
    """The check with `alert_after` computed from its other fields: the end of the grace time, but not before
    `excused_until`. Needed after every change of these fields.
    """
    return replace(check, alert_after=not_before(going_down_at(check), check.excused_until))


def has_overdue_run(check: Check, at: datetime) -> bool:
    """Whether the run that is under way has taken longer than the grace time."""
    if check.last_start is None:
        return False
    end = not_before(check.last_start + timedelta(seconds=check.grace), check.excused_until)
    return end is not None and end <= at


def shown_status(check: Check, now: datetime) -> ShownStatus:
    """The status that people see at `now`: the stored one, with the time that has passed since taken into
    account. A check past its deadline is shown as down even before the scheduler has come to it.
    """
    return shown_until(check, now)[0]


def shown_until(check: Check, now: datetime) -> tuple[ShownStatus, datetime | None]:
    """The status that people see at `now`, and the moment at which time alone changes it; None: never."""
    down = check.alert_after
    if down is not None and now >= down:
        return "down", None
    expected = expected_at(check)
    if expected is None:
        return check.status, down
    if now >= expected:
        return "grace", down
    return check.status, expected if down is None else min(expected, down)
