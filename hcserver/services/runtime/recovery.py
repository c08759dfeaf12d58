"""Taking up, after the start, what the last stop or crash left behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from hcserver.errors import Unavailable
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_reader import LOOKED_UP_TOGETHER, StateReader
from hcserver.services.intake.state_writer import StateWriter
from hcserver.storage.at_work import AtWork
from hcserver.storage.checks import CheckStore, Stored
from hcserver.storage.client import batches

log = logging.getLogger(__name__)

RETRY = 1.0  # seconds while the database is away


class _Position(NamedTuple):
    """How many pings a check's document counts, and whether flips or alerts stand in it."""

    check: UUID
    n_pings: int
    has_outbox: bool


def _position(stored: Stored) -> _Position:
    return _Position(stored.check.id, stored.check.n_pings, bool(stored.outbox))


class Recovery:
    """Brings the documents of all checks in step with the log of pings, while pings come in.

    `at_work` tells whether there may be something to do; None: other servers may be at work.
    """

    def __init__(
        self,
        checks: CheckStore,
        reader: StateReader,
        cache: CheckCache,
        writer: StateWriter,
        at_work: AtWork | None,
    ) -> None:
        self._checks = checks
        self._reader = reader
        self._cache = cache
        self._writer = writer
        self._at_work = at_work
        self._in_order = False  # there is nothing to do

    async def begin(self) -> None:
        """To be called before this process changes checks. Raises Unavailable."""
        if self._at_work is not None:
            self._in_order = await self._at_work.enter()

    async def end(self) -> None:
        """To be called when everything is written. Where that is certain the next start has nothing to do."""
        if self._at_work is None or self._cache.in_doubt:
            return
        try:
            await self._at_work.leave()
        except Unavailable:
            log.warning("the next start will look through the logs of all checks")

    async def run(self) -> None:
        """Apply acknowledged pings that no document counts, and publish flips that stand in documents, unless
        all processes before this one have ended in order.

        Every check is read once, and with it one key of the log is looked up: its next number, which is the
        _id of that ping. Numbers have no gaps, so where that one is missing there is nothing to apply. Where
        it is not, the check is loaded with the end of its log, as it may have changed since it was read.
        Raises Unavailable.
        """
        if self._in_order:
            return
        # All are read before the first log: until its end, what the query finds takes the database's memory.
        read = [_position(stored) async for batch in self._checks.scan() for stored in batch]
        brought = 0
        for some in batches(read, LOOKED_UP_TOGETHER):
            brought += await self._look_through(some)
        if self._at_work is not None:
            await self._at_work.clear()
        if brought:
            log.info(
                "brought %d checks in step with their logs, which were ahead after the last stop", brought
            )

    async def _look_through(self, positions: Sequence[_Position]) -> int:
        """How many of these checks were behind their logs."""
        while True:
            try:
                ahead = await self._reader.existing((one.check, one.n_pings + 1) for one in positions)
                behind = [one.check for one in positions if one.has_outbox or one.check in ahead]
                for some in batches(behind):
                    await self._bring_in_step(some)
                return len(behind)
            except Unavailable:
                # To begin anew would read all checks again, while the database may just have much to do.
                await asyncio.sleep(RETRY)

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
            self._cache.in_doubt = True
            log.exception("can't apply the log of check %s", ids[0])
            self._cache.forget(ids[0])
