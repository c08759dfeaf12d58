"""The days of a schedule in words: "every day", "Mon to Fri", "on the 1st of each month"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hcserver.domain.schedule_fields import EVERY_MONTH, LAST, LAST_MON_TO_FRI, Fields
from hcserver.domain.words import listed

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_NTH: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", LAST: "last"}
_MONTH_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days, at least
_ALWAYS: Final = 28  # every month has this day
_RUN: Final = 3  # so many values in a row are told as "from to"
_LISTED: Final = 6  # at most so many values are listed


def days_in_words(line: Fields) -> str | None:
    """The days on which an expression elapses. None: there are no short words for them."""
    if line.years is not None:
        return _once(line)
    if line.days is None:
        return _every_day(line.months) if line.any_weekday else _weekdays(line)
    if line.any_weekday:
        return _days_of_month(line.days, line.months)
    if not line.either:
        return _nth_by_days(line)
    days, weekdays = _days_of_month(line.days, line.months), _weekdays(line)
    if days is None or weekdays is None:
        return None
    return f"{days} and {weekdays if weekdays.startswith('on ') else f'on {weekdays}'}"


def _once(line: Fields) -> str | None:
    if line.years is None or not line.any_weekday or line.days is None:
        return None
    if (len(line.years), len(line.months), len(line.days)) != (1, 1, 1):
        return None
    year, month, day = line.years[0], line.months[0], line.days[0]
    if not 1 <= day <= _MONTH_LENGTHS[month - 1]:
        return None
    return f"once, on {day} {MONTHS[month - 1]} {year}"


def _every_day(months: Sequence[int]) -> str:
    return "every day" if tuple(months) == EVERY_MONTH else f"every day {_in_months(months)}"


def _weekdays(line: Fields) -> str | None:
    if line.nth:
        return None if line.weekdays else _nth(line.nth, line.months)
    if len(line.weekdays) == 1:
        words = f"{WEEKDAYS[line.weekdays[0]]}s"
    else:
        words = _sequence(line.weekdays, [WEEKDAYS[day][:3] for day in line.weekdays])
    return words if line.months == EVERY_MONTH else f"{words} {_in_months(line.months)}"


def _nth(nth: Sequence[tuple[int, int]], months: Sequence[int]) -> str | None:
    weekdays = {weekday for weekday, _ in nth}
    numbers = [n for _, n in nth if n != LAST] + [LAST for _, n in nth if n == LAST]
    if len(weekdays) > 1 or (5 in numbers and (len(numbers) > 1 or tuple(months) != EVERY_MONTH)):
        return None
    which = listed([_NTH[n] for n in numbers])
    rare = " that has one" if 5 in numbers else ""
    return f"on the {which} {WEEKDAYS[weekdays.pop()]} of {_of_months(months)}{rare}"


def _nth_by_days(line: Fields) -> str | None:
    """One weekday on seven days in a row is the first, second, third, fourth or last one of a month."""
    if len(line.weekdays) != 1 or line.nth or line.days is None:
        return None
    weeks = {tuple(range(7 * n - 6, 7 * n + 1)): n for n in range(1, 5)} | {tuple(range(-7, 0)): LAST}
    n = weeks.get(line.days)
    return None if n is None else _nth([(line.weekdays[0], n)], line.months)


def _days_of_month(days: Sequence[int], months: Sequence[int]) -> str | None:
    plain = [day for day in days if day > 0]
    special = [day for day in days if day <= 0]
    if any(day not in (LAST, LAST_MON_TO_FRI) for day in special):
        return None
    if any(day > _ALWAYS for day in plain):
        return _rare_day(plain[0], months) if len(days) == 1 else None
    words = []
    if plain:
        if len(plain) > _LISTED and not _in_a_row(plain):
            return None
        words.append(f"the {_sequence(plain, [_ordinal(day) for day in plain])}")
    if LAST in special:
        words.append("the last day")
    if LAST_MON_TO_FRI in special:
        words.append("the last weekday (Mon to Fri)")
    return f"on {listed(words)} of {_of_months(months)}"


def _rare_day(day: int, months: Sequence[int]) -> str | None:
    """A day that not all months have."""
    lengths = [_MONTH_LENGTHS[month - 1] for month in months]
    words = f"on the {_ordinal(day)} of {_of_months(months)}"
    if min(lengths) >= day:
        return words
    if tuple(months) == EVERY_MONTH:
        return f"{words} that has one"
    return f"{words} in leap years" if (day, tuple(months)) == (29, (2,)) else None


def _of_months(months: Sequence[int]) -> str:
    if tuple(months) == EVERY_MONTH:
        return "each month"
    return f"each month {_in_months(months)}" if _in_a_row(months) else _months(months)


def _in_months(months: Sequence[int]) -> str:
    return f"{'from' if _in_a_row(months) else 'in'} {_months(months)}"


def _months(months: Sequence[int]) -> str:
    return _sequence(months, [MONTHS[month - 1] for month in months])


def _sequence(values: Sequence[int], words: Sequence[str]) -> str:
    return f"{words[0]} to {words[-1]}" if _in_a_row(values) else listed(words)


def _in_a_row(values: Sequence[int]) -> bool:
    return len(values) >= _RUN and values[-1] - values[0] == len(values) - 1


def _ordinal(number: int) -> str:
    suffix = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
