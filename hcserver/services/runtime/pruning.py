"""Pings beyond what is kept of each check leave the log, few at a time, when there is nothing else to do."""

from __future__ import annotations

import asyncio
import logging

from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.errors import NotFound, Unavailable
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.services.management.checks import Checks
from hcserver.storage import Storage

log = logging.getLogger(__name__)

SLACK = 100  # pings more than kept before it is worth starting
AT_ONCE = 20  # pings per command: the embedded server takes 7 ms for them, appends wait no longer
PAUSE = 0.05  # seconds between commands
PRESSED = 20  # checks that wait from which on, or:
PRESSED_PINGS = 1000  # pings of one check that are over from which on it goes five times as fast
RETRY = 5.0  # seconds while the database is away


class Pruner:
    """Told of every check that was written; removes what is over."""

    def __init__(self, storage: Storage, cache: CheckCache, lookup: Lookup, checks: Checks) -> None:
        self._storage = storage
        self._cache = cache
        self._lookup = lookup
        self._checks = checks
        self._waiting: asyncio.Queue[Check] = asyncio.Queue(maxsize=1000)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="prune")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def consider(self, check: Check) -> None:
        """Called with each check as it was written; cheap. With the queue full, its next write will do."""
        if check.n_pings - check.log_from >= SLACK and not self._waiting.full():
            self._waiting.put_nowait(check)

    async def _run(self) -> None:
        while True:
            written = await self._waiting.get()
            try:
                project = await self._lookup.by_id(written.project)
                if project is not None:
                    await self.prune(await self._cache.get(written.id), project)
            except NotFound:
                pass
            except Unavailable:
                await asyncio.sleep(RETRY)
            except Exception:
                log.exception("can't prune the log of check %s", written.id)

    async def prune(self, check: Check, project: Project) -> None:
        """Remove all that is over, if it is enough to be worth it."""
        last = min(check.n_pings - self._checks.pings_kept(project), self._cache.folded(check.id))
        first = check.log_from
        if last - first < SLACK:
            return
        while first <= last:
            pressed = self._waiting.qsize() >= PRESSED or last - first >= PRESSED_PINGS
            at_once, pause = (5 * AT_ONCE, PAUSE / 5) if pressed else (AT_ONCE, PAUSE)
            until = min(first + at_once - 1, last)
            await self._storage.pings.delete(check.id, first, until)
            first = until + 1
            self._cache.pruned(check.id, first)
            await asyncio.sleep(pause)
