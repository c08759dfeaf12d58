"""Maintenance windows: times in which nobody is notified that a check is down."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.schedule import ScheduleKind, next_occurrence


class MaintenanceWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A window for one check of a project, for the checks with a tag, or (with neither) for all checks.

    It is open either once, from `start` to `end`, or for `minutes` whenever `schedule` elapses.
    """

    id: UUID
    project: UUID
    created: datetime
    name: str = ""
    check: UUID | None = None
    tag: str = ""
    start: datetime | None = None
    end: datetime | None = None
    kind: ScheduleKind = "cron"
    schedule: str = ""
    tz: str = "UTC"
    minutes: int = 0


def covers(window: MaintenanceWindow, check: Check) -> bool:
    """Whether the window applies to this check."""
    if window.project != check.project or window.check not in (None, check.id):
        return False
    return not window.tag or window.tag in check.tags.split()


def next_opening(window: MaintenanceWindow, after: datetime) -> datetime | None:
    """When a recurring window opens next, strictly later than `after`; None: never again."""
    return next_occurrence(window.kind, window.schedule, window.tz, after, never_skip=True)


def open_until(window: MaintenanceWindow, now: datetime) -> datetime | None:
    """When the window that is open at `now` closes; None if it isn't open.

    An opening whose time a clock change skips is at the end of the gap, whatever the kind of the schedule.
    """
    if not window.schedule:
        within = window.start is not None and window.end is not None and window.start <= now < window.end
        return window.end if within else None
    length = timedelta(minutes=window.minutes)
    opened = next_opening(window, now - length)
    return opened + length if opened is not None and opened <= now else None
