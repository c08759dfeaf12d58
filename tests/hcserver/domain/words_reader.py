"""Reads the words for a schedule back, as a person would: which days, and which times of a day they name."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

Days = Callable[[date], bool]

_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_FULL = ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"]
_MONTHS = [date(2000, month, 1).strftime("%B") for month in range(1, 13)]
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_UNITS = {"second": 1, "minute": 60, "hour": 3600}

_SERIES = re.compile(
    r"(?:(?P<days>.+), )?(?P<every>every (?:second|minute|hour|\d+ (?:seconds|minutes|hours))"
    r"(?: from minute \d+| from [0-9:]+(?: to [0-9:]+)?| at :.*)?)(?P<daily> every day)?"
)


def occurrences(words: str, after: datetime) -> Iterator[datetime]:
    """The moments later than `after` that the words name, in UTC, for some twelve years."""
    lines = [_line(line) for line in words.split("; ")]
    day = after.date()
    for _ in range(12 * 366):
        found = {
            datetime.combine(day, time(), UTC) + timedelta(seconds=second)
            for days, seconds in lines
            if days(day)
            for second in seconds
        }
        yield from sorted(moment for moment in found if moment > after)
        day += timedelta(days=1)


def _line(words: str) -> tuple[Days, list[int]]:
    if (series := _SERIES.fullmatch(words)) is not None:
        assert not (series["days"] and series["daily"])
        return _days(series["days"] or "every day"), _steps(series["every"])
    if words.endswith(" every day"):
        return _days("every day"), [_clock(one) for one in _list(words.removesuffix(" every day"))]
    days, times = words.rsplit(" at ", 1)
    return _days(days), [_clock(one) for one in _list(times)]


def _steps(words: str) -> list[int]:
    if (hourly := re.fullmatch(r"every hour at (.*)", words)) is not None:
        minutes = [int(one.removeprefix(":")) for one in _list(hourly[1])]
        return [3600 * hour + 60 * minute for hour in range(24) for minute in minutes]
    pattern = r"every (?:(\d+) )?(\w+?)s?(?: from minute (\d+))?(?: from ([0-9:]+))?(?: to ([0-9:]+))?"
    found = re.fullmatch(pattern, words)
    assert found is not None, words
    step = int(found[1] or 1) * _UNITS[found[2]]
    start = 60 * int(found[3]) if found[3] else _clock(found[4]) if found[4] else 0
    end = _clock(found[5]) if found[5] else 86_399
    return list(range(start, end + 1, step))


def _days(words: str) -> Days:
    if (both := re.fullmatch(r"(on the .*) and (on .*)", words)) is not None:
        first, second = (
            _days(both[1]),
            _days(both[2].removeprefix("on ") if " the " not in both[2] else both[2]),
        )
        return lambda day: first(day) or second(day)
    if (once := re.fullmatch(r"once, on (\d+) (\w+) (\d+)", words)) is not None:
        only = date(int(once[3]), _MONTHS.index(once[2]) + 1, int(once[1]))
        return lambda day: day == only
    words = re.sub(r" that has one$| in leap years$", "", words)
    words = words.replace("of each month from ", "of ")
    if (of_month := re.fullmatch(r"on the (.+) of (.+)", words)) is not None:
        chosen = _of_month(of_month[1])
        months = _months(of_month[2])
        return lambda day: day.month in months and chosen(day)
    head, _, tail = re.sub(r" (in|from) ", "@", words).partition("@")
    months = _months(tail or "each month")
    if head == "every day":
        return lambda day: day.month in months
    weekdays = {_FULL.index(head)} if head in _FULL else _range(head, _WEEKDAYS)
    return lambda day: day.month in months and day.weekday() in weekdays


def _of_month(words: str) -> Days:
    if (nth := re.fullmatch(r"(.+) (\w+day)", words)) is not None and f"{nth[2]}s" in _FULL:
        weekday, numbers = _FULL.index(f"{nth[2]}s"), {_NTH[one] for one in _list(nth[1])}
        return lambda day: day.weekday() == weekday and bool(numbers & {_nth(day), _nth_from_end(day)})
    items = [item.removeprefix("the ") for item in _list(words)]
    last, last_workday = "last day" in items, "last weekday (Mon to Fri)" in items
    numbers = set()
    for item in items:
        if item[0].isdigit():
            start, _, end = item.partition(" to ")
            numbers |= set(range(_number(start), _number(end or start) + 1))
    return lambda day: (
        day.day in numbers or (last and day == _last(day)) or (last_workday and day == _last_workday(day))
    )


def _months(words: str) -> set[int]:
    if words == "each month":
        return set(range(1, 13))
    return {index + 1 for index in _range(words, _MONTHS)}


def _range(words: str, names: list[str]) -> set[int]:
    if " to " in words:
        start, end = (names.index(name) for name in words.split(" to "))
        return set(range(start, end + 1))
    return {names.index(name) for name in _list(words)}


def _list(words: str) -> list[str]:
    return re.split(r", | and ", words)


def _clock(words: str) -> int:
    parts = [int(part) for part in words.split(":")]
    return 3600 * parts[0] + 60 * parts[1] + (parts[2] if len(parts) > 2 else 0)


def _number(ordinal: str) -> int:
    return int(re.sub(r"(st|nd|rd|th)$", "", ordinal))


def _nth(day: date) -> int:
    return (day.day + 6) // 7


def _nth_from_end(day: date) -> int:
    return -((_last(day).day - day.day) // 7 + 1)


def _last(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _last_workday(day: date) -> date:
    last = _last(day)
    return last - timedelta(days=max(0, last.weekday() - 4))
