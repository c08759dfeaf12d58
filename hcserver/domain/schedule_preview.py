"""The next moments at which a check is expected to report, with what changes of the clock do to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from hcserver.domain.check import CheckKind
from hcserver.domain.schedule import ScheduleKind, next_occurrence, oncalendar_lines, split_zone
from hcserver.domain.time_zone import zone
from hcserver.domain.words import duration_in_words

COUNT = 6
_SECOND = timedelta(seconds=1)

MarkKind = Literal["moved", "skipped", "first", "second", "changed"]
Basis = Literal["schedule", "last ping", "first ping"]


class ClockMark(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of the clock means to an occurrence; `text` is for people.

    moved: it stands in for a time that the clock skips. skipped: a time before it was skipped. first, second:
    the clock shows its time twice. changed: the clock was changed since the occurrence before it.
    """

    kind: MarkKind
    text: str


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """A moment (UTC), and the same in the zone of the check."""

    at: datetime
    local: datetime
    mark: ClockMark | None = None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """When a check is expected to report.

    `basis`: what the moments follow from. After the last ping they are right as long as each run reports on
    time; with the basis "first ping" there are none yet.
    """

    basis: Basis
    occurrences: tuple[Occurrence, ...]


def preview(
    kind: CheckKind,
    timeout: int,
    schedule: str,
    tz: str,
    *,
    now: datetime,
    last_ping: datetime | None = None,
    count: int = COUNT,
) -> Preview:
    """The next `count` moments, fewer if the schedule ends before.

    A check with a period is expected that long after its last ping, so that its first moment may be past.
    Raises ValueError for a schedule or a zone that is not accepted.
    """
    if kind == "simple":
        if last_ping is None:
            return Preview(basis="first ping", occurrences=())
        moments = [last_ping + n * timedelta(seconds=timeout) for n in range(1, count + 1)]
        return Preview(basis="last ping", occurrences=_marked(moments, last_ping, None, tz))
    moments = [now]
    while len(moments) <= count and (found := next_occurrence(kind, schedule, tz, moments[-1])) is not None:
        moments.append(found)
    return Preview(basis="schedule", occurrences=_marked(moments[1:], now, _nominal(kind, schedule, tz), tz))


class _Nominal:
    """The times of a schedule by a clock that is never changed."""

    def __init__(self, kind: ScheduleKind, schedule: str) -> None:
        self._kind = kind
        self._schedule = schedule

    def after(self, wall: datetime) -> datetime | None:
        """The first local time later than this one."""
        found = next_occurrence(self._kind, self._schedule, "UTC", wall.replace(tzinfo=UTC, fold=0))
        return None if found is None else found.replace(tzinfo=None)

    def has(self, wall: datetime) -> bool:
        """Whether the schedule names this local time."""
        return self.after(wall - _SECOND) == wall


def _marked(
    moments: list[datetime], start: datetime, nominal: _Nominal | None, tz: str
) -> tuple[Occurrence, ...]:
    occurrences = []
    before = start.astimezone(zone(tz))
    for moment in moments:
        local = moment.astimezone(zone(tz))
        occurrences.append(Occurrence(at=moment, local=local, mark=_mark(before, local, nominal)))
        before = local
    return tuple(occurrences)


def _mark(before: datetime, local: datetime, nominal: _Nominal | None) -> ClockMark | None:
    """What changes of the clock mean to the occurrence at `local`, the first one after `before`."""
    if nominal is not None:
        wall = local.replace(tzinfo=None, fold=0)
        named = nominal.after(before.replace(tzinfo=None))
        if named is not None and named < wall and _offset(before, named, 0) < _offset(before, named, 1):
            if not nominal.has(wall):
                text = f"moved from {named:%H:%M}, a time that the clock skips on this day"
                return ClockMark(kind="moved", text=text)
            return ClockMark(
                kind="skipped", text=f"{named:%a %d %b %H:%M} is skipped: the clock goes forward"
            )
        if _offset(local, wall, 0) > _offset(local, wall, 1):
            return _of_two(local)
    return _changed(before, local)


def _of_two(local: datetime) -> ClockMark:
    if local.fold:
        return ClockMark(kind="second", text=f"the second {local:%H:%M} of this day: the clock was set back")
    return ClockMark(kind="first", text=f"the first {local:%H:%M} of this day: the clock will be set back")


def _changed(before: datetime, local: datetime) -> ClockMark | None:
    old, new = before.utcoffset(), local.utcoffset()
    if old is None or new is None or old == new:
        return None
    direction = "forward" if new > old else "back"
    by = duration_in_words(abs((new - old).total_seconds()))
    return ClockMark(kind="changed", text=f"the clock goes {direction} by {by} before this")


def _offset(local: datetime, wall: datetime, fold: int) -> timedelta:
    """How far the zone of `local` is from UTC at a time by its clock."""
    offset = wall.replace(tzinfo=local.tzinfo, fold=fold).utcoffset()
    return timedelta() if offset is None else offset


def _nominal(kind: ScheduleKind, schedule: str, tz: str) -> _Nominal | None:
    """None: a line names another zone, whose clock is not the one that is shown."""
    if kind == "cron":
        return _Nominal(kind, schedule)
    lines = [split_zone(line, tz) for line in oncalendar_lines(schedule)]
    if any(named != tz for _, named in lines):
        return None
    return _Nominal(kind, "\n".join(expression for expression, _ in lines))
