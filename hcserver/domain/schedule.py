"""Schedules: cron and OnCalendar expressions in a time zone.

The cronsim and oncalendar libraries parse the expressions and decide which days match. The search for the
next occurrence is our own, since it runs on every ping: it keeps what was parsed, and walks days and sorted
times.

A change of the clock can skip the time of an occurrence, or show it twice. cron follows Debian's cron(8), as
cronsim does: a job with a wildcard in its hour or minute runs at every matching minute of real time; any
other job runs once, at the end of the gap or in the first pass. OnCalendar follows systemd.time(7): a skipped
time has no occurrence, a repeated one has one occurrence, in the first pass.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from oncalendar import MAX_YEAR, SPECIALS, BaseIterator, OnCalendarError

from hcserver.domain.time_zone import is_zone, zone

ScheduleKind = Literal["cron", "oncalendar"]

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)  # an accepted schedule elapses after this moment
_CRON_HORIZON: Final = 50  # years that are searched, as cronsim does
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)


def schedule_kind(text: str) -> ScheduleKind:
    """One line of five fields is cron, everything else OnCalendar.

    Raises ValueError if the expression can't be parsed or never elapses after 2000-01-01 (in UTC).
    """
    kind: ScheduleKind = "oncalendar"
    if "\n" not in text.strip() and len(text.split()) == 5:
        kind = "cron"
    if next_occurrence(kind, text, "UTC", _EPOCH) is None:
        raise ValueError(f"never elapses: {text!r}")
    return kind


def next_occurrence(
    kind: ScheduleKind, schedule: str, tz: str, after: datetime, *, never_skip: bool = False
) -> datetime | None:
    """The first moment (UTC) strictly later than `after` at which the schedule elapses; None: never.

    `tz` counts where an OnCalendar line names no zone of its own. With `never_skip` every time that a clock
    change skips has its occurrence at the end of the gap. Raises ValueError for a schedule that
    `schedule_kind` does not accept, and for an unknown zone.
    """
    lines = _compile(kind, schedule, tz, never_skip)
    found = [moment for line in lines if (moment := line.after(after)) is not None]
    return min(found, default=None)


class _Line:
    """One parsed expression in its zone.

    `repeats`: it elapses in both passes of an hour that the clock shows twice (otherwise in the first one).
    `moves`: it elapses at the end of a gap if its time falls into the gap (otherwise not at all).
    """

    __slots__ = (
        "_known",
        "first_time",
        "hours",
        "matches",
        "minutes",
        "months",
        "moves",
        "repeats",
        "seconds",
        "years",
        "zone",
    )

    def __init__(
        self,
        zone: ZoneInfo,
        matches: Callable[[date], bool],
        years: Collection[int] | None,
        months: Collection[int],
        times: tuple[Collection[int], Collection[int], Collection[int]],
        *,
        repeats: bool,
        moves: bool,
    ) -> None:
        self.zone = zone
        self.matches = matches
        self.years = years
        self.months = sorted(months)
        self.hours, self.minutes, self.seconds = (sorted(values) for values in times)
        self.first_time = time(self.hours[0], self.minutes[0], self.seconds[0])
        self.repeats = repeats
        self.moves = moves
        # The last search: from this moment on, the occurrence found is the next one, until it is reached.
        self._known: tuple[datetime, datetime | None] = (datetime.max.replace(tzinfo=UTC), None)

    def after(self, moment: datetime) -> datetime | None:
        """The first occurrence strictly later than `moment`, both UTC."""
        since, found = self._known
        if moment < since or (found is not None and moment >= found):
            found = self._search(moment)
            self._known = (moment, found)
        return found

    def _search(self, moment: datetime) -> datetime | None:
        local = moment.astimezone(self.zone)
        wall = local.replace(tzinfo=None, fold=0, microsecond=0)
        last_year = self._last_year(wall.year)

        if self._offset(wall, 0) != self._offset(wall, 1):  # the clock shows `wall` twice
            end, start = self._jump(wall)
            if self.repeats:
                for fold in range(local.fold, 2):
                    found = self._next_wall(wall, last_year)
                    if found is not None and found < end:
                        return self._utc(found, fold)
                    wall = start - _SECOND if fold == 0 else end - _SECOND
            elif local.fold:
                wall = end - _SECOND

        while (found := self._next_wall(wall, last_year)) is not None:
            if self._offset(found, 0) >= self._offset(found, 1):
                return self._utc(found, 0)
            _, end = self._jump(found)  # the clock never shows `found`
            if self.moves:
                return self._utc(end, 0)
            wall = end - _SECOND
        return None

    def _last_year(self, year: int) -> int:
        if self.years is not None:
            return MAX_YEAR - 1
        return min(year + _CRON_HORIZON, date.max.year - 1)

    def _offset(self, wall: datetime, fold: int) -> timedelta:
        return self.zone.utcoffset(wall.replace(tzinfo=self.zone, fold=fold))  # type: ignore[return-value]

    def _utc(self, wall: datetime, fold: int) -> datetime:
        return (wall - self._offset(wall, fold)).replace(tzinfo=UTC)

    def _jump(self, wall: datetime) -> tuple[datetime, datetime]:
        """What the clock shows before and after the change by which it shows `wall` twice or never."""
        old, new = self._offset(wall, 0), self._offset(wall, 1)  # PEP 495: fold=0 is before the change
        low = (wall - max(old, new)).replace(tzinfo=UTC)
        seconds = bisect_left(
            range(int(abs(new - old).total_seconds())),
            True,
            key=lambda n: (low + n * _SECOND).astimezone(self.zone).utcoffset() == new,
        )
        change = low.replace(tzinfo=None) + seconds * _SECOND
        return change + old, change + new

    def _next_wall(self, wall: datetime, last_year: int) -> datetime | None:
        """The first matching local time later than `wall`, even one that the clock skips."""
        day = wall.date()
        if self._on(day) and (later := self._later_that_day(wall)) is not None:
            return datetime.combine(day, later)
        found = self._first_day(day + _DAY, last_year)
        return None if found is None else datetime.combine(found, self.first_time)

    def _on(self, day: date) -> bool:
        if day.month not in self.months or (self.years is not None and day.year not in self.years):
            return False
        return self.matches(day)

    def _later_that_day(self, wall: datetime) -> time | None:
        if wall.hour in self.hours:
            if wall.minute in self.minutes and wall.second < self.seconds[-1]:
                return time(wall.hour, wall.minute, _above(self.seconds, wall.second))
            if wall.minute < self.minutes[-1]:
                return time(wall.hour, _above(self.minutes, wall.minute), self.seconds[0])
        if wall.hour < self.hours[-1]:
            return time(_above(self.hours, wall.hour), self.minutes[0], self.seconds[0])
        return None

    def _first_day(self, start: date, last_year: int) -> date | None:
        """The first matching day from `start` on.

        Which days of a year match depends only on the year's layout: its first weekday and its length. There
        are fourteen layouts, so that an expression that matches no day is found out after a few years.
        """
        barren: set[tuple[int, bool]] = set()
        for year in range(start.year, last_year + 1):
            layout = (date(year, 1, 1).weekday(), isleap(year))
            if layout in barren or (self.years is not None and year not in self.years):
                continue
            for month in self.months:
                day = max(start, date(year, month, 1))
                while day.month == month and day.year == year:
                    if self.matches(day):
                        return day
                    day += _DAY
            if year > start.year:
                barren.add(layout)
        return None


def _above(values: list[int], value: int) -> int:
    return values[bisect_right(values, value)]


@lru_cache(maxsize=2048)  # some 10 kB each
def _compile(kind: ScheduleKind, schedule: str, tz: str, never_skip: bool) -> tuple[_Line, ...]:
    if kind == "cron":
        return (_cron(schedule, zone(tz), never_skip),)
    return tuple(_oncalendar(line, tz, never_skip) for line in oncalendar_lines(schedule))


def parse_cron(expression: str) -> CronSim:
    """What the fields of a cron expression say. Raises ValueError."""
    try:
        return CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001 (only parsed)
    except CronSimError as error:
        raise ValueError(f"not a cron expression: {expression!r}") from error


def parse_oncalendar(line: str, tz: str) -> tuple[BaseIterator, str]:
    """What the fields of one OnCalendar line say, and the zone that it names (otherwise `tz`).

    Raises ValueError.
    """
    expression, tz = split_zone(line, tz)
    expression = SPECIALS.get(expression.strip().lower(), expression)
    try:
        return BaseIterator(expression, datetime(2000, 1, 1)), tz  # noqa: DTZ001 (only parsed)
    except OnCalendarError as error:
        raise ValueError(f"not an OnCalendar expression: {line!r}") from error


def split_zone(line: str, tz: str) -> tuple[str, str]:
    """One OnCalendar line without its zone, and the zone that it names (otherwise `tz`)."""
    expression, _, suffix = line.rpartition(" ")
    return (expression, suffix) if is_zone(suffix) else (line, tz)


def oncalendar_lines(schedule: str) -> list[str]:
    """The lines of an OnCalendar schedule, each once."""
    return list(dict.fromkeys(line.strip() for line in schedule.strip().split("\n")))


def _cron(expression: str, zone: ZoneInfo, never_skip: bool) -> _Line:
    parsed = parse_cron(expression)
    # cron(8), "Notes": a wildcard job follows the running clock; others run once, whatever the clock skips.
    wildcard = parsed.parts[1].startswith("*") or parsed.parts[2].startswith("*")
    times = (parsed.hours, parsed.minutes, parsed.seconds)
    moves = never_skip or not wildcard
    return _Line(zone, parsed.match_day, None, parsed.months, times, repeats=wildcard, moves=moves)


def _oncalendar(line: str, tz: str, never_skip: bool) -> _Line:
    parsed, tz = parse_oncalendar(line, tz)

    def matches(day: date) -> bool:
        return parsed.match_dow(day) and parsed.match_dom(day)

    times = (parsed.hours, parsed.minutes, parsed.seconds)
    return _Line(zone(tz), matches, parsed.years, parsed.months, times, repeats=False, moves=never_skip)
