"""Taking up, after the start, what the last stop or crash left behind."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from hcserver.errors import Unavailable
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_reader import StateReader
from hcserver.services.intake.state_writer import StateWriter
from hcserver.storage.checks import CheckStore

log = logging.getLogger(__name__)


class Recovery:
    """Brings the documents of all checks in step with the log of pings, while pings come in."""

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
        _id of that ping. Numbers have no gaps, so where that one is missing there is nothing to apply. Where
        it is not, the check is loaded with the end of its log, as it may have changed since it was read.
        Raises Unavailable.
        """
        applied = 0
        async for batch in self._checks.scan():
            behind = await self._reader.behind(batch)
            left = [one.check.id for one in batch if one.outbox or one.check.id in behind]
            if left:
                await self._bring_in_step(left)
                applied += len(left)
        if applied:
            log.info(
                "brought %d checks in step with their logs, which the last stop had left behind", applied
            )

    async def _bring_in_step(self, ids: Sequence[UUID]) -> None:
        """Raises Unavailable."""
        try:
            await self._cache.ensure(ids)
            with self._cache.pinned(ids):
                await self._cache.refresh(ids)
                await self._writer.write(ids)
        except Unavailable:
            raise
        except Exception:
            if len(ids) > 1:
                for id in ids:
                    await self._bring_in_step([id])
                return
            # One check that can't be dealt with is no reason not to watch the others.
            log.exception("can't apply the log of check %s", ids[0])
            self._cache.forget(ids[0])
