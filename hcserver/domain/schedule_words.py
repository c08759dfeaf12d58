"""A schedule in words: "every 6 hours", "03:15 every day", "Mon to Fri at 09:00".

The words say exactly when a schedule elapses by the clock of its zone. A schedule for which there are no
short words is shown as its expression. What a change of the clock does to an occurrence is the subject of
hcserver.domain.schedule_preview.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from hcserver.domain.check import CheckKind
from hcserver.domain.day_words import days_in_words
from hcserver.domain.schedule import oncalendar_lines
from hcserver.domain.schedule_fields import Fields, fields
from hcserver.domain.words import duration_in_words, listed

_LISTED_TIMES: Final = 6  # at most so many times of a day are listed
_LISTED_MINUTES: Final = 4  # of an hour
_SERIES: Final = 4  # so many times in equal steps are told as a series
_DESCRIBED_LINES: Final = 3
_DAY: Final = 24 * 60  # minutes

# A period in whole units is told in the largest of these; above the number it would be hard to grasp.
_UNITS: Final = ((604_800, "week", 52), (86_400, "day", 365), (3600, "hour", 72), (60, "minute", 90))


@lru_cache(maxsize=4096)
def in_words(kind: CheckKind, timeout: int, schedule: str, tz: str) -> str:
    """When a check with this schedule is expected to report. Times have 24 hours.

    A zone that an OnCalendar line names is told where it is not `tz`. Raises ValueError for an expression
    that can't be parsed.
    """
    if kind == "simple":
        return period_in_words(timeout)
    lines = fields(kind, schedule, tz)
    described = [_line(line, tz) for line in lines[:_DESCRIBED_LINES]]
    words = [one for one in described if one is not None]
    if len(words) == len(lines):
        return "; ".join(words)
    return schedule.strip() if kind == "cron" else "; ".join(oncalendar_lines(schedule))


def period_in_words(seconds: int) -> str:
    """How often something happens that happens each time after so many seconds: "every 6 hours"."""
    for size, unit, highest in _UNITS:
        number, rest = divmod(seconds, size)
        if number and not rest and number <= highest:
            return _every(number, unit)
    return f"every {duration_in_words(seconds)}"


def _line(line: Fields, tz: str) -> str | None:
    days = days_in_words(line)
    words = None if days is None else _on_days(days, line)
    return words if words is None or line.zone == tz else f"{words} ({line.zone})"


def _on_days(days: str, line: Fields) -> str | None:
    """Joins the days with the times, which stand first where they say more."""
    daily = days == "every day"
    if (series := _series(line)) is not None:
        return series if daily else f"{days}, {series}"
    if (span := _span(line)) is not None:
        return f"{span} every day" if daily else f"{days}, {span}"
    if (times := _times(line)) is not None:
        return f"{times} every day" if daily else f"{days} at {times}"
    return None


def _series(line: Fields) -> str | None:
    """Times that go on in equal steps all day long, or at the same minutes of every hour."""
    if line.seconds != (0,):
        return _seconds(line)
    minutes = _minutes(line)
    step = _step(minutes)
    if step is not None and step * len(minutes) == _DAY and len(minutes) >= _SERIES:
        start = minutes[0]
        if step < 60:
            return _every(step, "minute") + (f" from minute {start}" if start else "")
        if step > 60:
            return f"{_every(step // 60, 'hour')} from {_clock(start)}" if step % 60 == 0 else None
    if len(line.hours) == 24 and len(line.minutes) <= _LISTED_MINUTES:
        return f"every hour at {listed([f':{minute:02}' for minute in line.minutes])}"
    return None


def _seconds(line: Fields) -> str | None:
    step = _step(line.seconds)
    if len(line.hours) < 24 or len(line.minutes) < 60 or step is None:
        return None
    all_minute_long = line.seconds[0] == 0 and step * len(line.seconds) == 60
    return _every(step, "second") if all_minute_long else None


def _span(line: Fields) -> str | None:
    """Times in equal steps from one time of the day to another."""
    minutes = _minutes(line)
    step = _step(minutes)
    if line.seconds != (0,) or step is None or len(minutes) < _SERIES:
        return None
    if step > 60 and step % 60:
        return None
    every = _every(step, "minute") if step < 60 else _every(step // 60, "hour")
    return f"{every} from {_clock(minutes[0])} to {_clock(minutes[-1])}"


def _times(line: Fields) -> str | None:
    if len(line.hours) * len(line.minutes) * len(line.seconds) > _LISTED_TIMES:
        return None
    with_seconds = line.seconds != (0,)
    return listed(
        [
            _clock(minute) + (f":{second:02}" if with_seconds else "")
            for minute in _minutes(line)
            for second in line.seconds
        ]
    )


def _minutes(line: Fields) -> list[int]:
    """The times of a day in minutes since midnight, seconds left out."""
    return [60 * hour + minute for hour in line.hours for minute in line.minutes]


def _step(numbers: Sequence[int]) -> int | None:
    """The difference between each number and the next, if it is always the same; None: it isn't."""
    differences = {after - before for before, after in pairwise(numbers)}
    return differences.pop() if len(differences) == 1 else None


def _every(number: int, unit: str) -> str:
    return f"every {unit}" if number == 1 else f"every {number} {unit}s"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
