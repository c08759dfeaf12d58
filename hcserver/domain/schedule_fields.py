"""What cron and OnCalendar expressions have in common: the days and times of one parsed expression."""

from __future__ import annotations

from typing import Final

import msgspec
from cronsim import CronSim

from hcserver.domain.schedule import ScheduleKind, oncalendar_lines, parse_cron, parse_oncalendar

EVERY_MONTH: Final = tuple(range(1, 13))
LAST: Final = -1  # as a day: the last one of the month; as n of an `nth` weekday: the last one
LAST_MON_TO_FRI: Final = -1001  # as a day: the last one of the month from Monday to Friday

_EVERY_DAY: Final = frozenset(range(1, 32))
_EVERY_WEEKDAY: Final = frozenset(range(7))


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """One expression: it elapses at all combinations of its hours, minutes and seconds on its days.

    A day belongs to it if it is in one of `years` (None: all) and one of `months`, and if `days` and the
    weekdays match: both of them or, with `either`, one of them. There is no condition on days where `days` is
    None, and none on weekdays where both of their fields are empty.
    """

    zone: str
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    seconds: tuple[int, ...]
    years: tuple[int, ...] | None
    months: tuple[int, ...]
    days: (
        tuple[int, ...] | None
    )  # 1 to 31, LAST, other negative numbers from the month's end, LAST_MON_TO_FRI
    weekdays: tuple[int, ...] = ()  # 0 is Monday
    nth: tuple[tuple[int, int], ...] = ()  # weekday and which one of the month, or LAST
    either: bool = False

    @property
    def any_weekday(self) -> bool:
        """Whether there is no condition on weekdays."""
        return not self.weekdays and not self.nth


def fields(kind: ScheduleKind, schedule: str, tz: str) -> list[Fields]:
    """The fields of a schedule, for each of its lines. Raises ValueError for one that can't be parsed."""
    if kind == "cron":
        return [_of_cron(parse_cron(schedule), tz)]
    return [_of_oncalendar(line, tz) for line in oncalendar_lines(schedule)]


def _of_cron(parsed: CronSim, tz: str) -> Fields:
    days: set[int] | None = {_cron_day(day) for day in parsed.days}
    plain = {(day - 1) % 7 for day in parsed.weekdays if isinstance(day, int)}
    nth = {_cron_nth(*day) for day in parsed.weekdays if not isinstance(day, int)}
    if days is not None and days >= _EVERY_DAY:
        days = None
    every_weekday = plain >= _EVERY_WEEKDAY
    either = not parsed.day_and
    if either and (days is None or every_weekday):  # one condition that always holds is enough
        days, every_weekday = None, True
    restricted = days is not None and not every_weekday
    return Fields(
        zone=tz,
        hours=tuple(sorted(parsed.hours)),
        minutes=tuple(sorted(parsed.minutes)),
        seconds=tuple(sorted(parsed.seconds)),
        years=None,
        months=tuple(sorted(parsed.months)),
        days=None if days is None else tuple(sorted(days)),
        weekdays=() if every_weekday else tuple(sorted(plain)),
        nth=() if every_weekday else tuple(sorted(nth)),
        either=either and restricted,
    )


def _of_oncalendar(line: str, tz: str) -> Fields:
    parsed, zone = parse_oncalendar(line, tz)
    days: set[int] = set(parsed.days)
    every_weekday = set(parsed.weekdays) >= _EVERY_WEEKDAY
    return Fields(
        zone=zone,
        hours=tuple(sorted(parsed.hours)),
        minutes=tuple(sorted(parsed.minutes)),
        seconds=tuple(sorted(parsed.seconds)),
        years=None if len(parsed.years) >= _ALL_YEARS else tuple(sorted(parsed.years)),
        months=tuple(sorted(parsed.months)),
        days=None if days >= _EVERY_DAY else tuple(sorted(days)),
        weekdays=() if every_weekday else tuple(sorted(parsed.weekdays)),
    )


_ALL_YEARS: Final = 230  # OnCalendar knows the years 1970 to 2199


def _cron_day(day: int) -> int:
    special = {CronSim.LAST: LAST, CronSim.LAST_WEEKDAY: LAST_MON_TO_FRI}
    return special.get(day, day)


def _cron_nth(weekday: int, n: int) -> tuple[int, int]:
    return (weekday - 1) % 7, LAST if n == CronSim.LAST else n
