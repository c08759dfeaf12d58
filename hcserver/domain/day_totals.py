"""The downtime of the last days, added up span by span, so that a long history is read only once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from hcserver.domain.check import Status
from hcserver.domain.clock import EPOCH

_DAY: Final = 86_400  # seconds


class Day(NamedTuple):
    """One day, in UTC: how many downtimes it had, how many seconds they lasted in all, and for how many
    seconds the check was up or down at all (see hcserver.domain.downtime.Downtime).
    """

    number: int  # days since 1970-01-01
    times: int
    seconds: float
    watched: float

    @property
    def date(self) -> date:
        """The day in the calendar."""
        return EPOCH.date() + timedelta(days=self.number)


class DayTotals:
    """The last `days` days up to today. What is added of earlier days is ignored."""

    def __init__(self, now: datetime, days: int) -> None:
        self._first = _day_of(now) - days + 1  # days since 1970-01-01
        self._times = array("I", bytes(4 * days))
        self._seconds = array("d", bytes(8 * days))
        self._watched = array("d", bytes(8 * days))

    def copy(self) -> DayTotals:
        """One that can be added to without changing this one."""
        other = DayTotals.__new__(DayTotals)
        other._first = self._first
        other._times, other._seconds, other._watched = self._times[:], self._seconds[:], self._watched[:]
        return other

    def move(self, now: datetime) -> None:
        """Today is the day of `now`: forget the days that are too long ago. It never moves back."""
        passed = _day_of(now) - self._first - len(self._times) + 1
        if passed <= 0:
            return
        gone = min(passed, len(self._times))
        self._times = self._times[gone:] + array("I", bytes(4 * gone))
        self._seconds = self._seconds[gone:] + array("d", bytes(8 * gone))
        self._watched = self._watched[gone:] + array("d", bytes(8 * gone))
        self._first += passed

    @property
    def begin(self) -> datetime:
        """The beginning of the first day."""
        return EPOCH + timedelta(days=self._first)

    def add(self, begin: datetime, end: datetime, status: Status) -> None:
        """From `begin` to `end` this was the status. A downtime over midnight counts on both days."""
        if status not in ("up", "down"):
            return
        start, stop = (begin - EPOCH).total_seconds(), (end - EPOCH).total_seconds()
        start = max(start, self._first * _DAY)
        stop = min(stop, (self._first + len(self._times)) * _DAY)
        while start < stop:
            day = int(start // _DAY)
            until = min((day + 1) * _DAY, stop)
            self._watched[day - self._first] += until - start
            if status == "down":
                self._times[day - self._first] += 1
                self._seconds[day - self._first] += until - start
            start = until

    def days(self) -> list[Day]:
        """The earliest first."""
        numbers = range(self._first, self._first + len(self._times))
        return list(map(Day, numbers, self._times, self._seconds, self._watched))


def worst_days(several: Iterable[list[Day]]) -> list[Day]:
    """The days of a group of checks: of each day the check that was down for longest.

    The lists have the same days.
    """
    return [
        max(days, key=lambda day: (day.seconds, day.times, day.watched))
        for days in zip(*several, strict=True)
    ]


def uptime_of(days: Iterable[Day]) -> float | None:
    """The share of the time in which a check was up. None: it was neither up nor down on any of the days."""
    down = watched = 0.0
    for day in days:
        down += day.seconds
        watched += day.watched
    return None if not watched else 1 - down / watched


def _day_of(moment: datetime) -> int:
    return (moment.astimezone(UTC) - EPOCH).days
