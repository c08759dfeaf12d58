"""Publishing to the other processes what people have changed.

A process on its own publishes nothing, which saves a write for each change. It remembers for a moment what it
would have published, since another one that has just started may have read a check before its change.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable
from hcserver.services.events import LateChangeWritten
from hcserver.storage.news import News

log = logging.getLogger(__name__)

# So long a process on its own remembers its changes: longer than it takes to notice another one, which it
# looks for every second.
ALONE = timedelta(seconds=5)


class _Change(NamedTuple):
    at: datetime
    project: UUID
    checks: Sequence[UUID]


class ChangePublisher:
    """Makes the other processes load checks again that were changed other than by pings."""

    def __init__(self, news: News, clock: Clock) -> None:
        self._news = news
        self._clock = clock
        self._alone = False
        self._kept: deque[_Change] = deque()  # those of a process on its own, the oldest first

    async def share(self, others: bool) -> None:
        """Whether there are other processes on the database; until this is called, there may be. Raises
        Unavailable, and is to be called again then.
        """
        self._alone = not others
        while self._kept and others:
            await self._news.publish_checks(self._clock(), self._kept[0].project, self._kept[0].checks)
            self._kept.popleft()
        self._drop_old()

    async def publish(self, check: Check) -> None:
        """The check was created, changed or deleted. Raises Unavailable."""
        await self.publish_all(check.project, [check.id])

    async def publish_all(self, project: UUID, checks: Sequence[UUID]) -> None:
        """These checks of the project were created, changed or deleted. Raises Unavailable."""
        if self._alone:
            self._kept.append(_Change(self._clock(), project, checks))
        else:
            await self._news.publish_checks(self._clock(), project, checks)

    async def publish_late(self, event: LateChangeWritten) -> None:
        """The change was written after its author had stopped waiting for it."""
        try:
            await self.publish(event.check)
        except Unavailable as error:
            log.warning("other processes may use check %s as it was: %s", event.check.id, error)

    def _drop_old(self) -> None:
        while self._kept and self._clock() - self._kept[0].at >= ALONE:
            self._kept.popleft()
