"""Settings that fit the runs that a job has had: a period or a cron expression, and a grace time.

They are rounded to what people would write, and are suggested only where they would have suited the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from statistics import median
from typing import Final

import msgspec

from hcserver.domain.runs import RunPing, durations
from hcserver.domain.time_zone import zone
from hcserver.domain.what_if import Proposal, what_if

MIN_RUNS: Final = 6  # a shorter history says nothing

_MINUTE: Final = 60  # seconds
_HOUR: Final = 3600
_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY

# What people choose, in seconds.
_USUAL: Final = (
    *(_MINUTE * n for n in (1, 2, 3, 5, 10, 15, 20, 30)),
    *(_HOUR * n for n in (1, 2, 3, 4, 6, 8, 12)),
    *(_DAY * n for n in (1, 2, 3, 7, 14, 30)),
)

_NEAR: Final = 0.1  # a period is at most so much longer or shorter than the median
_REGULAR_GAP: Final = 0.25  # a regular gap differs from the period by at most this part of it
_REGULAR_SHARE: Final = 0.8  # so many gaps must be regular
_AT_ONE_TIME: Final = 0.9  # so many runs must be at one time of the day
_ALLOWED_DOWN: Final = 0.2  # of the runs: those that were missed
_RESERVE: Final = 1.5  # the grace time is this many times what the history needed
_LEAST_GRACE: Final = 50  # the grace time is at least the period divided by this
_WIDEST: Final = 4 * _HOUR  # in which the runs of a cron job may begin
_WORKDAYS: Final = range(5)
_WEEKDAY_NAMES: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


class _Run(msgspec.Struct, frozen=True):
    begin: datetime  # its start or, if that is unknown, its end
    end: datetime
    duration: float  # seconds; 0: unknown


def suggested_period(pings: Sequence[RunPing]) -> Proposal | None:
    """A period and a grace time for the runs of these pings, oldest first.

    None: the history is too short or too irregular.
    """
    runs = _runs(pings)
    gaps = _gaps(runs)
    if len(runs) < MIN_RUNS or (period := _usual_period(median(gaps))) is None:
        return None
    excess = [gap - period for gap in gaps if abs(gap - period) <= _REGULAR_GAP * period]
    if len(excess) < _REGULAR_SHARE * len(gaps):
        return None
    grace = _usual_grace(max(*excess, *(run.duration for run in runs)), period)
    return None if grace is None else _suited(Proposal(timeout=period, grace=grace), pings)


def suggested_cron(pings: Sequence[RunPing], tz: str) -> Proposal | None:
    """A cron expression and a grace time, if the runs of these pings, oldest first, are at one time of the
    hour, day or week by the clock of the zone. None: they are not, or there are too few.

    Raises ValueError for an unknown zone.
    """
    runs = _runs(pings)
    if len(runs) < MIN_RUNS:
        return None
    typical = median(_gaps(runs))
    cycle = next((cycle for cycle in (_HOUR, _DAY, _WEEK) if abs(typical / cycle - 1) <= _NEAR), None)
    if cycle is None:
        return None
    begins = [run.begin.astimezone(zone(tz)) for run in runs]
    anchor = _anchor([_position(begin, cycle) for begin in begins], cycle)
    if anchor is None:
        return None
    behind = [(_position(begin, cycle) - anchor) % cycle for begin in begins]
    needed = [late + run.duration for late, run in zip(behind, runs, strict=True) if late <= _WIDEST]
    grace = _usual_grace(max(needed), cycle)
    if grace is None:
        return None
    days = [begin - timedelta(seconds=late) for begin, late in zip(begins, behind, strict=True)]
    schedule = _expression(anchor, cycle, days)
    return _suited(Proposal(kind="cron", schedule=schedule, tz=tz, grace=grace), pings)


def _runs(pings: Sequence[RunPing]) -> list[_Run]:
    lengths = durations(reversed(pings))
    runs = []
    for ping in pings:
        if ping.type in ("success", "fail"):
            length = lengths.get(ping.n, 0.0)
            runs.append(_Run(ping.at - timedelta(seconds=length), ping.at, length))
    return runs


def _gaps(runs: Iterable[_Run]) -> list[float]:
    return [(after.end - before.end).total_seconds() for before, after in pairwise(runs)]


def _usual_period(typical: float) -> int | None:
    """The usual number of seconds nearest to this, else a whole number of minutes, hours or days."""
    nearest = min(_USUAL, key=lambda usual: abs(usual - typical))
    unit = _MINUTE if typical < 2 * _HOUR else _HOUR if typical < 2 * _DAY else _DAY
    for period in (nearest, unit * round(typical / unit)):
        if period and abs(typical / period - 1) <= _NEAR:
            return period
    return None


def _usual_grace(needed: float, period: int) -> int | None:
    """None: the runs need more than the period."""
    least = max(needed * _RESERVE, period / _LEAST_GRACE)
    grace = next((usual for usual in _USUAL if usual >= least), None)
    return None if grace is None or grace > max(period, _MINUTE) else grace


def _suited(proposal: Proposal, pings: Sequence[RunPing]) -> Proposal | None:
    result = what_if(pings, proposal)
    return proposal if result.down <= _ALLOWED_DOWN * result.runs else None


def _position(local: datetime, cycle: int) -> float:
    """How many seconds of the hour, day or week have passed by the clock."""
    since_midnight = 3600 * local.hour + 60 * local.minute + local.second + local.microsecond / 1e6
    return (local.weekday() * _DAY + since_midnight) % cycle


def _anchor(positions: list[float], cycle: int) -> int | None:
    """The minute, in seconds of the cycle, from which most positions follow closely. None: there is none.

    It is a multiple of five minutes if the first position is less than five minutes after one.
    """
    ordered = sorted(positions)
    most = ceil(_AT_ONE_TIME * len(ordered))
    doubled = ordered + [position + cycle for position in ordered]
    widths = [doubled[first + most - 1] - doubled[first] for first in range(len(ordered))]
    width = min(widths)
    if width > min(_WIDEST, cycle / 6):
        return None
    return int(ordered[widths.index(width)] // (5 * _MINUTE)) * 5 * _MINUTE


def _expression(anchor: int, cycle: int, days: Sequence[datetime]) -> str:
    """The cron expression for the moment of the cycle; `days` are those on which the runs were due."""
    hour, minute = divmod(anchor % _DAY // _MINUTE, 60)
    if cycle == _HOUR:
        return f"{minute} * * * *"
    if cycle == _WEEK:
        return f"{minute} {hour} * * {_WEEKDAY_NAMES[anchor // _DAY]}"
    on_workdays = all(day.weekday() in _WORKDAYS for day in days)
    long_enough = (days[-1] - days[0]).total_seconds() >= _WEEK
    return f"{minute} {hour} * * {'MON-FRI' if on_workdays and long_enough else '*'}"
