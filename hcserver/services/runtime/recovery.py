"""Taking up, at the start, what the last stop or crash left behind."""

from __future__ import annotations

import logging

from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_reader import StateReader
from hcserver.services.intake.state_writer import StateWriter
from hcserver.storage.checks import CheckStore

log = logging.getLogger(__name__)


class Recovery:
    """Brings the documents of all checks in step with the log of pings."""

    def __init__(
        self, checks: CheckStore, reader: StateReader, cache: CheckCache, writer: StateWriter
    ) -> None:
        self._checks = checks
        self._reader = reader
        self._cache = cache
        self._writer = writer

    async def run(self) -> None:
        """Apply acknowledged pings that no document counts, and publish flips that stand in documents.

        Every check is read once, and with it one key of the log is looked up: its next number, which is the
        _id of that ping. Numbers have no gaps, so where that one is missing there is nothing to apply, and
        where it is not, the following ones are read until one is. Raises Unavailable.
        """
        applied = 0
        async for batch in self._checks.scan():
            behind = await self._reader.behind(batch)
            for stored in batch:
                id = stored.check.id
                uncounted = await self._reader.uncounted(stored, id in behind)
                try:
                    self._cache.add(stored, uncounted)
                except Exception:
                    # One check that can't be dealt with is no reason not to watch the others.
                    log.exception("can't apply the log of check %s", id)
                    self._cache.forget(id)
                else:
                    applied += len(uncounted)
            await self._writer.flush()
        if applied:
            log.info("applied %d pings that were acknowledged before the last stop", applied)
