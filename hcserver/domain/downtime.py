"""Downtime: how often and for how long a check was down in each month, from its flips.

Months are those of UTC. The flips may be given in any order, and only those since the beginning of the first
period are needed: the first one says what the status was before it. If there is none, it was the present one
all the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from hcserver.domain.check import Status
from hcserver.domain.flip import Flip


class Downtime(NamedTuple):
    """What happened between `begin` and `end`, which is the present moment in the last period.

    `times`: how many downtimes there were; one that reaches into several periods counts in each of them.
    `seconds`: how long they were in all. `watched`: for how many seconds the check was up or down. It is 0
    where the check did not exist yet, had had no ping yet, or was paused all the time.
    """

    begin: datetime
    end: datetime
    times: int
    seconds: float
    watched: float


class _Span(NamedTuple):
    begin: datetime
    end: datetime
    status: Status


def monthly_downtime(
    flips: Iterable[Flip], created: datetime, now: datetime, months: int = 3, *, status: Status = "new"
) -> list[Downtime]:
    """Of this month and the ones before it, `months` in all, the earliest first.

    `status` is the present one.
    """
    return downtime(flips, created, now, month_starts(now, months), status)


def month_starts(now: datetime, months: int) -> list[datetime]:
    """The beginnings of this month and of the ones before it, `months` in all, the earliest first."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    this = midnight.year * 12 + midnight.month - 1
    return [
        midnight.replace(year=month // 12, month=month % 12 + 1, day=1)
        for month in range(this - months + 1, this + 1)
    ]


def downtime(
    flips: Iterable[Flip], created: datetime, now: datetime, starts: Sequence[datetime], status: Status
) -> list[Downtime]:
    """Of each period. One begins at each of `starts`, which ascend, and ends where the next one begins."""
    ends = [*starts[1:], now]
    spans = list(_spans(flips, max(created, starts[0]), now, status))
    found, first = [], 0
    for begin, end in zip(starts, ends, strict=True):
        while first < len(spans) and spans[first].end <= begin:
            first += 1
        found.append(_period(spans, first, begin, max(begin, end)))
    return found


def _period(spans: Sequence[_Span], first: int, begin: datetime, end: datetime) -> Downtime:
    """What the spans from the `first` one on have in common with the period."""
    times, seconds, watched = 0, 0.0, 0.0
    for index in range(first, len(spans)):
        span = spans[index]
        if span.begin >= end:
            break
        lasted = (min(span.end, end) - max(span.begin, begin)).total_seconds()
        if span.status in ("up", "down"):
            watched += lasted
        if span.status == "down":
            times += 1
            seconds += lasted
    return Downtime(begin, end, times, seconds, watched)


def _spans(flips: Iterable[Flip], begin: datetime, now: datetime, status: Status) -> Iterator[_Span]:
    """The statuses between `begin` and `now`, one after the other; none of them is empty."""
    ordered = sorted(flips, key=lambda flip: flip.n)
    current = ordered[0].old if ordered else status
    for flip in ordered:
        at = min(flip.at, now)
        if at > begin:
            yield _Span(begin, at, current)
            begin = at
        current = flip.new
    if now > begin:
        yield _Span(begin, now, current)
