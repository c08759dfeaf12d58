"""The status of a check at a moment: when its next run is due, when it goes down, and what people see."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.schedule import next_occurrence

ShownStatus = Literal["new", "up", "grace", "down", "paused"]


class Term(NamedTuple):
    """The time after which a check goes down: so many seconds from `since` on; None: it does not go down."""

    since: datetime | None
    seconds: int


def expected_at(check: Check) -> datetime | None:
    """When the next success is due: the start of an up check's grace time. None: never, or it is not up."""
    if check.status != "up" or check.last_ping is None:
        return None
    if check.kind == "simple":
        return check.last_ping + timedelta(seconds=check.timeout)
    return next_occurrence(check.kind, check.schedule, check.tz, counted_until(check, check.last_ping))


def counted_until(check: Check, moment: datetime) -> datetime:
    """`moment` or, if that is later, the time of the schedule for which the last ping has come early: nothing
    is expected up to there.
    """
    return moment if check.early_for is None else max(moment, check.early_for)


def grace_start(check: Check) -> datetime | None:
    """The start of the grace time: the moment at which a success is due or, if that is earlier and the check
    is not down, the start of the run that is under way. None: time alone does not take the check down.
    """
    expected = expected_at(check)
    if check.last_start is None or check.status == "down":
        return expected
    return check.last_start if expected is None else min(expected, check.last_start)


def term(check: Check) -> Term:
    """The time that runs now: the grace time or, with `max_runtime`, that of the run that is under way.

    A run that starts before the grace time is over is in time. One that starts later, after others of which
    no end was reported, has no more time than one that had started when the grace time ended.
    """
    start = check.last_start
    if start is None or not check.max_runtime or check.status == "down":
        return Term(grace_start(check), check.grace)
    expected, grace = expected_at(check), timedelta(seconds=check.grace)
    in_time_until = None if expected is None else not_before(expected + grace, check.excused_until)
    if in_time_until is None or start <= in_time_until:
        return Term(start, check.max_runtime)
    return Term(in_time_until - grace, check.grace + check.max_runtime)


def going_down_at(check: Check) -> datetime | None:
    """When time takes the check down, as the settings and the pings have it; None: time alone won't."""
    since, seconds = term(check)
    return None if since is None else since + timedelta(seconds=seconds)


def not_before(moment: datetime | None, earliest: datetime | None) -> datetime | None:
    """`moment`, moved to `earliest` if it lies before that; an `earliest` of None moves nothing."""
    return moment if moment is None or earliest is None else max(moment, earliest)


def with_deadline(check: Check) -> Check:
    """The check with `alert_after` computed from its other fields: the end of its time (see `term`), but not
    before `excused_until`; and with `successes_until`, which is the same for the successes of a check that is
    down. Needed after every change of these fields.
    """
    return replace(
        check,
        alert_after=not_before(going_down_at(check), check.excused_until),
        successes_until=_successes_until(check) if check.successes else None,
    )


def _successes_until(check: Check) -> datetime | None:
    """Another run is missed, or takes too long, when a check that is up would go down."""
    return not_before(going_down_at(replace(check, status="up")), check.excused_until)


def has_overdue_run(check: Check, at: datetime) -> bool:
    """Whether the run that is under way has taken longer than a run may."""
    if check.last_start is None:
        return False
    end = not_before(check.last_start + timedelta(seconds=check.run_limit), check.excused_until)
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
    has_started_in_time = check.max_runtime and check.last_start is not None
    if expected is None or has_started_in_time:
        return check.status, down
    if now >= expected:
        return "grace", down
    return check.status, expected if down is None else min(expected, down)
