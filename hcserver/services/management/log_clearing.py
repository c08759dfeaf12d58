"""Clearing the log of a check: what its pings said is removed, its state and its flips stay."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.domain.state_machine import Step
from hcserver.services.change_publisher import ChangePublisher
from hcserver.services.events import EventBus, LogCleared
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_writer import StateWriter
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.management.in_project import in_project
from hcserver.storage import Storage

# Younger pings keep their places in the log, without what they said: a process that has not heard of them yet
# must find its number taken when it appends the next one, and a repeated report must find its token.
PLACES_KEPT: Final = timedelta(minutes=10)
_AT_ONCE: Final = 50  # pings per command, so that appends need not wait long
_PAUSE: Final = 0.01  # seconds between commands


class LogClearing:
    """Every method raises Unavailable when the database is away; the next call removes what is left then."""

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        writer: StateWriter,
        reader: CheckReader,
        changes: ChangePublisher,
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._log = storage.pings
        self._cache = cache
        self._writer = writer
        self._reader = reader
        self._changes = changes
        self._events = events
        self._clock = clock

    async def clear(self, project: Project, id: UUID) -> Check:
        """Clear the log of the check; the check afterwards. Raises NotFound, Forbidden.

        One guarded write hides all pings that the check counts. It comes first, so that no pings are removed
        which the check's document does not count. Pings that come meanwhile are not cleared.
        """
        await self._cache.refresh([id])
        await self._reader.get(project, id)
        check = await self._writer.change(id, in_project(project.id, _cleared))
        await self._changes.publish(check)
        self._events.publish(LogCleared(check))
        await self._remove(check)
        return check

    async def _remove(self, check: Check) -> None:
        """Remove the cleared pings, and empty those whose places are still needed."""
        needed_since = self._clock() - PLACES_KEPT
        await self._log.delete_each(check.id, check.kept_failures)
        for first in range(check.log_from, check.cleared + 1, _AT_ONCE):
            last = min(first + _AT_ONCE - 1, check.cleared)
            pings = await self._log.read(check.id, range(first, last + 1))
            kept_from = next((ping.n for ping in pings if ping.at >= needed_since), last + 1)
            if kept_from > first:
                await self._log.delete(check.id, first, kept_from - 1)
            if kept_from <= last:
                await self._log.empty(check.id, kept_from, last)
            elif self._cache.find(check.id) is not None:
                self._cache.set_log_start(check.id, last + 1)
            await asyncio.sleep(_PAUSE)


def _cleared(check: Check) -> Step:
    return Step(replace(check, cleared=check.n_pings))
