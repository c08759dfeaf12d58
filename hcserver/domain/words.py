"""Durations and moments as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

_MINUTE: Final = 60  # seconds
_HOUR: Final = 3600
_DAY: Final = 86_400
_JUST_NOW: Final = 5  # seconds: nearer moments are neither "ago" nor "in"
_DAYS_FROM: Final = 2 * _DAY  # seconds: from here on a distance is told in days


def duration_in_words(seconds: float) -> str:
    """A duration to the second, such as "30 min", "1 h 30 min" or "2 days"; zero is "0 s"."""
    rest = max(0, round(seconds))
    days, rest = divmod(rest, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    parts = [_days(days)] * bool(days)
    parts += [f"{hours} h"] * bool(hours)
    parts += [f"{minutes} min"] * bool(minutes)
    parts += [f"{rest} s"] * bool(rest)
    return " ".join(parts) or "0 s"


def rough_duration(seconds: float) -> str:
    """How long something has lasted, cut to its two largest units: "13 min", "1 h 58 min", "2 days 3 h".

    Seconds are told only below a minute.
    """
    rest = max(0, int(seconds))
    if rest < _MINUTE:
        return f"{rest} s"
    unit = _HOUR if rest >= _DAY else _MINUTE
    return duration_in_words(rest // unit * unit)


def relative(moment: datetime, now: datetime) -> str:
    """How far a moment is from `now`, in one unit: "in 4 h", "13 min ago", "just now".

    The number is rounded. Hours are used below two days.
    """
    seconds = (moment - now).total_seconds()
    if abs(seconds) < _JUST_NOW:
        return "now" if seconds > 0 else "just now"
    distance = _distance(abs(seconds))
    return f"in {distance}" if seconds > 0 else f"{distance} ago"


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(number: int, noun: str) -> str:
    """A number with its noun, whose plural has an s: "1 run", "2 runs"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _distance(seconds: float) -> str:
    if (whole := round(seconds)) < _MINUTE:
        return f"{whole} s"
    if (minutes := round(seconds / _MINUTE)) < _HOUR // _MINUTE:
        return f"{minutes} min"
    if (hours := round(seconds / _HOUR)) < _DAYS_FROM // _HOUR:
        return f"{hours} h"
    return _days(round(seconds / _DAY))


def _days(number: int) -> str:
    return counted(number, "day")
