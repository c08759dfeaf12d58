"""A hint that a job and its schedule go by different clocks: its runs are whole hours off the schedule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.run_lines import Run
from hcserver.domain.schedule import ScheduleKind, next_occurrence, oncalendar_lines, split_zone
from hcserver.domain.words import counted

RUNS: Final = 10  # that are looked at, at most
_LEAST_RUNS: Final = 3  # fewer may be chance
_FARTHEST: Final = 14  # hours; zones are that far from UTC
_HOUR: Final = timedelta(hours=1)
# What lies so near to a time of the schedule is meant for it: clocks differ a little, and jobs take a while.
_BEFORE: Final = timedelta(minutes=2)
_AFTER: Final = timedelta(minutes=10)


class TimeZoneHint(msgspec.Struct, frozen=True, kw_only=True):
    """The last `runs` runs came so many hours behind the times of the schedule, or before them if `hours` is
    negative. `zone` is the one whose clock the schedule goes by; None: there are several.
    """

    runs: int
    hours: int
    zone: str | None

    @property
    def sentences(self) -> str:
        """The hint for people."""
        way = "after" if self.hours > 0 else "before"
        zone = "" if self.zone is None else f", which is in {self.zone}"
        runs, hours = counted(self.runs, "run"), counted(abs(self.hours), "hour")
        return (
            f"The last {runs} came {hours} {way} the times of the schedule{zone}. "
            "Does the job go by the clock of another time zone?"
        )


def time_zone_hint(check: Check, runs: Iterable[Run]) -> TimeZoneHint | None:
    """What the last runs of a check, the newest first, say about its time zone.

    None: the latest of them are not all the same number of hours off the schedule, or it could be as many in
    the other direction. What counts is when a run started or, if that is unknown, when it ended.
    """
    if check.kind == "simple":
        return None
    times = _Times(check.kind, check.schedule, check.tz)
    moments = [_moment(run) for run in runs if run.outcome in ("success", "fail", "start")]
    possible = [hours for hours in range(-_FARTHEST, _FARTHEST + 1) if hours != 0]
    off: list[datetime] = []  # the latest runs that are as far off
    for moment in islice(moments, RUNS):
        left = [] if times.near(moment) else [one for one in possible if times.near(moment - one * _HOUR)]
        if not left:
            break
        off.append(moment)
        possible = left
    hours = min(possible, key=abs)
    if -hours in possible or len({times.near(moment - hours * _HOUR) for moment in off}) < _LEAST_RUNS:
        return None
    return TimeZoneHint(runs=len(off), hours=hours, zone=times.zone)


def _moment(run: Run) -> datetime:
    return run.ping.at if run.start is None else run.start.at


class _Times:
    """The times of a schedule."""

    def __init__(self, kind: ScheduleKind, schedule: str, tz: str) -> None:
        self._schedule = (kind, schedule, tz)
        lines = oncalendar_lines(schedule) if kind == "oncalendar" else []
        zones = {split_zone(line, tz)[1] for line in lines} or {tz}
        self.zone = zones.pop() if len(zones) == 1 else None

    def near(self, moment: datetime) -> datetime | None:
        """The time that something at this moment is meant for, if there is one."""
        found = next_occurrence(*self._schedule, moment - _AFTER)
        return found if found is not None and found <= moment + _BEFORE else None
