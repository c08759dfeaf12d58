"""The last days of a check as a strip of bars, and its uptime in figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Literal

from hcserver.domain.day_totals import Day, uptime_of
from hcserver.domain.words import counted, rough_duration

Look = Literal["none", "fine", "short", "long"]

_STEP, _WIDTH, _HEIGHT = 4, 3, 24  # pixels, of a day
_ROUNDING: Final = 1e-6  # so that what is meant to be 75 % does not become 74.99 %
_SHORT: Final = 3600  # seconds of downtime on a day, up to which its bar is of middling height
# The heights of bars in pixels, which the style sheet has as well, as widths of strokes. Days without and
# with downtime differ in more than their colour.
_BARS: Final[dict[Look, int]] = {"none": 2, "fine": 10, "short": 16, "long": 24}


def day_strip(days: Sequence[Day], uptime: str) -> str:
    """One bar a day, today's on the right. A day with downtime says so when one points at it.

    `uptime` is that of all days, in words.
    """
    parts, position = [], 0
    for look, together in groupby(days, key=_look):
        run = list(together)
        if look in ("none", "fine"):
            parts.append(f'<path class="{look}" d="{_bars(look, position, len(run))}"/>')
        else:
            for index, day in enumerate(run, start=position):
                parts.append(
                    f'<path class="{look}" d="{_bars(look, index, 1)}"><title>{_in_words(day)}</title></path>'
                )
        position += len(run)
    width = len(days) * _STEP - (_STEP - _WIDTH)
    return (
        f'<svg class="history" viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{_summary(days, uptime)}">{"".join(parts)}</svg>'
    )


def uptime_in_words(days: Iterable[Day]) -> str:
    """The share of the time in which it was up, rounded down: "99.98 %". Nothing if it was not watched."""
    share = uptime_of(days)
    if share is None:
        return ""
    return "100 %" if share == 1 else f"{math.floor(share * 10_000 + _ROUNDING) / 100:.2f} %"


def _look(day: Day) -> Look:
    if not day.watched:
        return "none"
    if not day.seconds:
        return "fine"
    return "short" if day.seconds <= _SHORT else "long"


def _bars(look: Look, position: int, count: int) -> str:
    """A dashed line, as high as the bars and with a dash for each day, along the foot of the strip."""
    middle = _HEIGHT - _BARS[look] // 2
    return f"M{position * _STEP} {middle}h{count * _STEP - (_STEP - _WIDTH)}"


def _in_words(day: Day) -> str:
    times = "" if day.times == 1 else f", {counted(day.times, 'time')}"
    return f"{day.date}: down for {rough_duration(day.seconds)}{times}"


def _summary(days: Sequence[Day], uptime: str) -> str:
    if not uptime:
        return "No data yet"
    down = sum(day.seconds > 0 for day in days)
    return f"{counted(len(days), 'day')}, {uptime} up, {counted(down, 'day')} with downtime"
