"""What has happened in a project: flips of its checks and notifications about them, the latest first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal, NamedTuple
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.notification import Notification
from hcserver.storage import Storage

Kind = Literal["flips", "notifications", "failed"]  # "failed": notifications that could not be delivered
Entry = Flip | Notification
Source = Callable[[datetime, datetime, int], Awaitable[Sequence[Entry]]]  # start <= at < end, limit
KEPT: Final = timedelta(days=90)  # for which notifications are kept; flips are not shown beyond it either
MAX_READ: Final = (
    20_000  # entries that are read for a page, some 2 s, before the rest is left to the next one
)
# The database reads all that lies in a span, so it grows step by step.
_FIRST_SPAN: Final = timedelta(hours=1)
_GROWTH: Final = 4
_AT_ONCE: Final = 20  # queries; flips of more checks are read by their time, with those of all other checks
_READ: Final = 500  # entries that one query reads
_MOMENT: Final = timedelta(milliseconds=1)  # the precision of stored times
_ALL: Final = 1_000_000  # more entries than one moment has


class Activities(NamedTuple):
    """Entries, the latest first. `before`: the moment before which there may be more, or None."""

    entries: list[Entry]
    before: datetime | None


class _Piece(NamedTuple):
    """Entries, the latest first; from `start` on these are all."""

    entries: list[Entry]
    start: datetime


class Activity:
    """Reads the history of some checks and channels, in spans of time that grow while little is found."""

    def __init__(self, storage: Storage, checks: Collection[Check], channels: Collection[UUID]) -> None:
        self._storage = storage
        self._checks = {check.id: check for check in checks}
        self._channels = channels

    async def read(self, kinds: Collection[Kind], before: datetime, now: datetime, limit: int) -> Activities:
        """At least `limit` entries from before that moment, unless there are fewer or it takes too long to
        find them. Entries of one moment stay together, so that a page never begins within them. Raises
        Unavailable.
        """
        found: list[Entry] = []
        end, span, oldest, rest = before, _FIRST_SPAN, now - KEPT, MAX_READ
        while len(found) <= limit and end > oldest and rest > 0:
            start = max(end - span, oldest)
            pieces = await _gathered(
                [partial(_latest, one, start, end) for one in self._sources(kinds, start)]
            )
            # What was left out by one query is read with the next span, which therefore ends there.
            begin = max([start, *(piece.start for piece in pieces)])
            entries = [one for piece in pieces for one in piece.entries]
            wanted = [one for one in entries if one.at >= begin and self._is_wanted(one, kinds)]
            found += sorted(wanted, key=_order, reverse=True)
            if begin == start:
                span *= _GROWTH
            end, rest = begin, rest - len(entries)
        if len(found) <= limit:
            return Activities(found, end if end > oldest else None)
        last = found[limit - 1].at
        return Activities([one for one in found if one.at >= last], last)

    def _sources(self, kinds: Collection[Kind], start: datetime) -> list[Source]:
        """What reads all entries since `start`, and others."""
        sources: list[Source] = []
        if "flips" in kinds:
            moments = [(one.id, one.flipped_at) for one in self._checks.values()]
            flipped = [id for id, at in moments if at is not None and at >= start]
            if len(flipped) <= _AT_ONCE:
                sources += [partial(self._storage.flips.latest, id) for id in flipped]
            else:
                sources.append(self._storage.flips.within)
        if "notifications" in kinds or "failed" in kinds:
            sources += [partial(self._storage.notifications.latest, one) for one in self._channels]
        return sources

    def _is_wanted(self, one: Entry, kinds: Collection[Kind]) -> bool:
        if one.check not in self._checks:
            return False
        return isinstance(one, Flip) or "notifications" in kinds or one.status == "failed"


async def _latest(source: Source, start: datetime, end: datetime) -> _Piece:
    """The latest of what lies in the span; with one of a moment come the others of that moment."""
    entries = list(await source(start, end, _READ))
    if len(entries) < _READ:
        return _Piece(entries, start)
    begin = entries[-1].at
    together = await source(begin, begin + _MOMENT, _ALL)
    return _Piece([*(one for one in entries if one.at > begin), *together], begin)


def _order(one: Entry) -> tuple[datetime, bool, int]:
    """Of one moment, a notification comes after the flip that it is about."""
    return one.at, isinstance(one, Notification), one.n


async def _gathered(reads: Sequence[Callable[[], Awaitable[_Piece]]]) -> list[_Piece]:
    """What all of them read, a few at a time."""
    found: list[_Piece] = []
    for start in range(0, len(reads), _AT_ONCE):
        found += await asyncio.gather(*(read() for read in reads[start : start + _AT_ONCE]))
    return found
