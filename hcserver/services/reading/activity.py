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
KEPT: Final = timedelta(days=90)  # for which notifications are kept; flips are not shown beyond it either
_FIRST_SPAN: Final = timedelta(
    hours=1
)  # the database reads all that lies in a span, so it grows step by step
_GROWTH: Final = 4
_AT_ONCE: Final = 20  # queries


class Activities(NamedTuple):
    """Entries, the latest first. `before` is the moment before which there are more; None: there are none."""

    entries: list[Entry]
    before: datetime | None


class Activity:
    """Reads the history of some checks and channels, in spans of time that grow while little is found."""

    def __init__(self, storage: Storage, checks: Collection[Check], channels: Collection[UUID]) -> None:
        self._storage = storage
        self._checks = {check.id: check for check in checks}
        self._channels = channels

    async def read(self, kinds: Collection[Kind], before: datetime, now: datetime, limit: int) -> Activities:
        """At least `limit` entries from before that moment, unless there are fewer. Entries of one moment
        stay together, so that a page never begins within them. Raises Unavailable.
        """
        found: list[Entry] = []
        end, span, oldest = before, _FIRST_SPAN, now - KEPT
        while len(found) <= limit and end > oldest:
            start = max(end - span, oldest)
            found += await self._within(kinds, start, end, 2 * limit)
            end, span = start, span * _GROWTH
        if len(found) <= limit:
            return Activities(found, None)
        last = found[limit - 1].at
        return Activities([one for one in found if one.at >= last], last)

    async def _within(
        self, kinds: Collection[Kind], start: datetime, end: datetime, limit: int
    ) -> list[Entry]:
        entries: list[Entry] = []
        if "flips" in kinds:
            entries += await self._flips(start, end, limit)
        if "notifications" in kinds or "failed" in kinds:
            notifications = self._storage.notifications
            latest = [partial(notifications.latest, one, start, end, limit) for one in self._channels]
            entries += [one for one in await _gathered(latest) if self._is_wanted(one, kinds)]
        return sorted(entries, key=_order, reverse=True)[:limit]

    async def _flips(self, start: datetime, end: datetime, limit: int) -> list[Entry]:
        """At least the last `limit` flips in the span. Checks are read in the order of their last flips,
        until no further one can have a flip that is among these.
        """
        moments = {one.id: one.flipped_at for one in self._checks.values() if one.flipped_at is not None}
        flipped = sorted((at, id) for id, at in moments.items() if at >= start)
        found: list[Entry] = []
        while flipped:
            found.sort(key=_order, reverse=True)
            if len(found) >= limit and found[limit - 1].at > flipped[-1][0]:
                break
            some = [flipped.pop()[1] for _ in range(min(_AT_ONCE, len(flipped)))]
            latest = self._storage.flips.latest
            found += await _gathered([partial(latest, check, start, end, limit) for check in some])
        return found

    def _is_wanted(self, one: Entry, kinds: Collection[Kind]) -> bool:
        assert isinstance(one, Notification)
        return one.check in self._checks and ("notifications" in kinds or one.status == "failed")


def _order(one: Entry) -> tuple[datetime, bool, int]:
    """Of one moment, a notification comes after the flip that it is about."""
    return one.at, isinstance(one, Notification), one.n


async def _gathered(reads: Sequence[Callable[[], Awaitable[Sequence[Entry]]]]) -> list[Entry]:
    """What all of them read, a few at a time."""
    found: list[Entry] = []
    for start in range(0, len(reads), _AT_ONCE):
        for some in await asyncio.gather(*(read() for read in reads[start : start + _AT_ONCE])):
            found += some
    return found
