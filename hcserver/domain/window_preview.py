"""When a maintenance window is open in a span of time, for people who look ahead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from hcserver.domain.maintenance_window import MaintenanceWindow, next_opening

_TICK = timedelta(microseconds=1)


class Opening(NamedTuple):
    """One time in which a window is open."""

    start: datetime
    end: datetime


def openings(
    window: MaintenanceWindow, start: datetime, end: datetime, step: timedelta = timedelta(0)
) -> Iterator[Opening]:
    """The times in which the window is open between these moments, the earliest first, uncut at both ends.

    With a step, openings that begin less than it after the one before are left out: of a window that opens
    every minute one does not want to know each time.
    """
    if not window.schedule:
        if window.start is not None and window.end is not None and window.start < end and window.end > start:
            yield Opening(window.start, window.end)
        return
    length = timedelta(minutes=window.minutes)
    opened = next_opening(window, start - length)
    while opened is not None and opened < end:
        yield Opening(opened, opened + length)
        # The next one begins strictly later than the moment that is asked for.
        opened = next_opening(window, opened + max(step - _TICK, timedelta(0)))
