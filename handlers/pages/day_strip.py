"""The last days of a check as a strip of bars, and its uptime in figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Literal

from hcserver.domain.day_totals import Day, uptime
from hcserver.domain.words import counted, rough_duration

Look = Literal["none", "fine", "short", "long"]

_STEP, _WIDTH, _HEIGHT = 4, 3, 24  # pixels, of a day
_SHORT: Final = 3600  # seconds of downtime on a day, up to which its bar is of middling height
# Where the bar begins, and its height: days without and with downtime differ in more than their colour.
_BARS: Final[dict[Look, tuple[int, int]]] = {
    "none": (22, 2),
    "fine": (14, 10),
    "short": (7, 17),
    "long": (0, 24),
}


def day_strip(days: Sequence[Day]) -> str:
    """One bar a day, today's on the right. A day with downtime says so when one points at it."""
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
        f'<svg class="days" viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{_summary(days)}">{"".join(parts)}</svg>'
    )


def uptime_in_words(days: Iterable[Day]) -> str:
    """The share of the time in which it was up, rounded down: "99.98 %". Nothing if it was not watched."""
    share = uptime(days)
    if share is None:
        return ""
    return "100 %" if share == 1 else f"{math.floor(share * 10_000) / 100:.2f} %"


def _look(day: Day) -> Look:
    if not day.watched:
        return "none"
    if not day.seconds:
        return "fine"
    return "short" if day.seconds <= _SHORT else "long"


def _bars(look: Look, position: int, count: int) -> str:
    top, height = _BARS[look]
    first = f"M{position * _STEP} {top}"
    bar = f"h{_WIDTH}v{height}h-{_WIDTH}z"
    return first + f"m{_STEP} 0".join([bar] * count)


def _in_words(day: Day) -> str:
    times = "" if day.times == 1 else f", {counted(day.times, 'time')}"
    return f"{day.begin:%Y-%m-%d}: down for {rough_duration(day.seconds)}{times}"


def _summary(days: Sequence[Day]) -> str:
    down = sum(day.seconds > 0 for day in days)
    share = uptime_in_words(days)
    if not share:
        return "No data yet"
    return f"{counted(len(days), 'day')}, {share} up, {counted(down, 'day')} with downtime"
