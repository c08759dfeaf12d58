"""Removing pings beyond what is kept of each check, few at a time, so that nobody has to wait for it.

Of those the newest failures may be kept (limits.failures_per_check): the check says which ones they are.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hcserver.config.schema import LimitSettings
from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.errors import NotFound
from hcserver.services.events import CheckWritten
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.limits import pings_kept
from hcserver.services.lookup import Lookup
from hcserver.storage.pings import PingLog

SLACK = 100  # pings more than are kept, before it is worth starting
AT_ONCE = 20  # pings per command: the embedded server takes 7 ms for them, appends wait no longer
PAUSE = 0.05  # seconds between commands
# With so many checks waiting, or so many pings of one check to remove, pruning goes at HASTE times the speed.
MANY_CHECKS = 20
MANY_PINGS = 1000
HASTE = 5
RETRY = 5.0  # seconds while the database is away


class Pruner:
    """Removes from the log of each check that was written what is older than the pings that are kept."""

    def __init__(self, ping_log: PingLog, cache: CheckCache, lookup: Lookup, limits: LimitSettings) -> None:
        self._log = ping_log
        self._cache = cache
        self._lookup = lookup
        self._limits = limits
        self._waiting: asyncio.Queue[Check] = asyncio.Queue(maxsize=1000)

    def consider(self, event: CheckWritten) -> None:
        """Have the check's log pruned soon if it is long. With the queue full, its next write will do."""
        check = event.check
        if check.n_pings - check.log_from >= SLACK and not self._waiting.full():
            self._waiting.put_nowait(check)

    async def prune_next(self) -> float:
        """Wait for a check whose log is long, and prune it. The seconds until the next call: none.

        Raises Unavailable.
        """
        written = await self._waiting.get()
        project = await self._lookup.by_id(written.project)
        if project is not None:
            with suppress(NotFound):
                await self.prune(await self._cache.get(written.id), project)
        return 0.0

    async def prune(self, check: Check, project: Project) -> None:
        """Remove the pings beyond those that are kept, if there are enough of them to be worth it.

        Raises Unavailable.
        """
        # What no document counts yet is read from the log by whoever loads the check.
        last = min(check.n_pings - pings_kept(project, self._limits), self._cache.pings_in_document(check.id))
        first, kept = check.log_from, check.kept_failures
        if last - first < SLACK:
            return
        while first <= last:
            in_haste = self._waiting.qsize() >= MANY_CHECKS or last - first >= MANY_PINGS
            at_once, pause = (HASTE * AT_ONCE, PAUSE / HASTE) if in_haste else (AT_ONCE, PAUSE)
            until = min(first + at_once - 1, last)
            kept = await self._remove(check, kept, first, until)
            first = until + 1
            self._cache.set_log_start(check.id, first, kept)
            await asyncio.sleep(pause)

    async def _remove(self, check: Check, kept: tuple[int, ...], first: int, last: int) -> tuple[int, ...]:
        """Remove the pings with first <= n <= last, except the newest failures of these and of those that
        have been kept so far: what is kept from now on.

        If it is cut short, the check still says that its log begins at `first`, and the next call finds the
        failures that are left.
        """
        number = self._limits.failures_per_check
        failures = await self._log.failures(check.id, first, last) if number else []
        candidates = [n for n in (*kept, *failures) if n > check.cleared]
        newest = tuple(candidates[max(len(candidates) - number, 0) :])
        await self._log.delete_each(check.id, sorted({*kept, *range(first, last + 1)} - {*newest}))
        return newest
