"""Publishing to the other processes what people have changed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable
from hcserver.services.events import LateChangeWritten
from hcserver.storage.news import News

log = logging.getLogger(__name__)


class ChangePublisher:
    """Makes the other processes load checks again that were changed other than by pings."""

    def __init__(self, news: News, clock: Clock) -> None:
        self._news = news
        self._clock = clock

    async def publish(self, check: Check) -> None:
        """The check was created, changed or deleted. Raises Unavailable."""
        await self.publish_all(check.project, [check.id])

    async def publish_all(self, project: UUID, checks: Sequence[UUID]) -> None:
        """These checks of the project were created, changed or deleted. Raises Unavailable."""
        await self._news.publish_checks(self._clock(), project, checks)

    async def publish_late(self, event: LateChangeWritten) -> None:
        """The change was written after its author had stopped waiting for it."""
        try:
            await self.publish(event.check)
        except Unavailable as error:
            log.warning("other processes may use check %s as it was: %s", event.check.id, error)
