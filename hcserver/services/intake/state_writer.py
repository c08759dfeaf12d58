"""The way of the acknowledged state of checks into the database.

What follows from pings is written behind, many pings of a check at a time. Changes by people take the same
way, but are answered only when they are written. Every write is guarded by the check's revision: if another
process was first, the check is loaded again, what is new in its log is applied, and the change is repeated.

A check's new state and the flips and alerts that it brought about are one write: they stand in the check's
document until they are in their own collections. Therefore nobody is notified of a state that lost to another
process, and nothing is lost in a crash between the two.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from time import monotonic
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.errors import NotFound, Unavailable
from hcserver.services.events import CheckWritten, EventBus, LateChangeWritten
from hcserver.services.intake.cached_check import CachedCheck, Change, PendingChange, Snapshot
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.outbox import AlertSink, OutboxPublisher
from hcserver.services.intake.unwritten import UnwrittenChecks
from hcserver.storage import Storage

log = logging.getLogger(__name__)

BATCH = 10  # checks per write: that takes the embedded server some 10 ms, appends wait no longer
URGENT_BATCH = 50  # checks per write where somebody waits for it, or where it has news: a crowd goes faster
RETRY = 0.5  # seconds between attempts while the database is away
CHANGE_TIMEOUT = 5.0  # seconds that people wait for a change to be written


class StateWriter:
    """Changes checks, and writes what has changed."""

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        unwritten: UnwrittenChecks,
        alerts: AlertSink,
        events: EventBus,
    ) -> None:
        self._checks = storage.checks
        self._cache = cache
        self.unwritten = unwritten  # what there is to write
        self._outbox = OutboxPublisher(storage.flips, alerts, events)
        self._events = events
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    # -- for those who want something written

    async def change(self, id: UUID, apply: Change) -> Check:
        """Change a check and return it once that is written. What `apply` raises is raised.

        Raises NotFound, Unavailable (then nothing was changed, or it was written after all).
        """
        cached = await self._get(id)
        step = apply(cached.check)
        if step.check is cached.check:
            # What pings have changed need not be written for this: the log has it.
            return await self.settle(id) if cached.changes else cached.check
        self._cache.apply(cached, step)
        return await self._until_written(cached, apply)

    async def change_refreshed(self, ids: Sequence[UUID], apply: Change) -> None:
        """Change these checks, each with everything that any process has appended to its log by now. Those
        that are deleted are left out. Raises Unavailable.
        """
        await self._cache.ensure(ids)
        with self._cache.pinned(ids):
            # Their logs are read, and stay known until the change is made.
            await self._cache.refresh(ids)
            outcomes = await asyncio.gather(*(self.change(id, apply) for id in ids), return_exceptions=True)
        _raise_others_than_not_found(outcomes)

    async def settle(self, id: UUID) -> Check:
        """Wait until the database has all that was acknowledged for the check.

        Raises NotFound, Unavailable.
        """
        cached = await self._get(id)
        return await self._until_written(cached, None) if cached.unwritten else cached.check

    async def publish(self, id: UUID) -> None:
        """Wait until the flips and alerts that were acknowledged for the check are in their own collections.

        Raises NotFound, Unavailable.
        """
        cached = await self._get(id)
        if cached.has_news:
            await self._until_written(cached, None)

    def postpones(self, id: UUID, moment: datetime) -> bool:
        """Whether the database does not have yet that nothing is due for the check at that moment."""
        cached = self._cache.find(id)
        if cached is None or cached.outdated or not cached.unwritten:
            return False
        return cached.check.due is None or cached.check.due > moment

    async def settle_all(self, ids: Iterable[UUID]) -> None:
        """Wait until the database has all that was acknowledged for these checks. Those that are deleted are
        left out. Raises Unavailable.
        """
        _raise_others_than_not_found(
            await asyncio.gather(*(self.settle(id) for id in ids), return_exceptions=True)
        )

    async def flush(self) -> None:
        """Write everything that is to be written. Raises Unavailable."""
        while self.unwritten:
            await self.write(self.unwritten.some(URGENT_BATCH))

    async def write(self, ids: Sequence[UUID]) -> None:
        """Write what is to be written of these checks, without waiting for the task that writes. What meets
        another process's write is left to that task. Raises Unavailable.
        """
        async with self._cache.exclusive:
            await self._write(ids)

    async def _get(self, id: UUID) -> CachedCheck:
        await self._cache.get(id)
        cached = self._cache.find(id)
        assert cached is not None, "it was there a moment ago, and nothing else has run since"
        return cached

    async def _until_written(self, cached: CachedCheck, apply: Change | None) -> Check:
        change = PendingChange(apply)
        cached.changes.append(change)
        self.unwritten.add(cached.check.id, urgent=True)
        try:
            async with asyncio.timeout(CHANGE_TIMEOUT):
                return await change.written
        except TimeoutError:
            raise Unavailable("the database is not available, try again") from None

    # -- the task that writes

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="write state")

    async def stop(self) -> None:
        """Write everything, then end. Gives up with the database away: the log has it all."""
        self._stopping = True
        self.unwritten.changed.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self.unwritten or not self._stopping:
            size = URGENT_BATCH if self.unwritten.urgent or self._stopping else BATCH
            batch, wait = self.unwritten.next_batch(size, without_delay=self._stopping)
            if not batch:
                await self._idle(wait)
                continue
            began = monotonic()
            try:
                async with self._cache.exclusive:
                    await self._write(batch)
            except Unavailable:
                if self._stopping:
                    log.warning("stopped with %d checks not written: their log has it", len(self.unwritten))
                    return
                await asyncio.sleep(RETRY)
            except Exception:  # noqa: BLE001 - the next attempt finds out which check is at fault, and logs it
                await self._write_singly(batch)
                await asyncio.sleep(RETRY)
            else:
                # Leave the database at least half of the time to appends, unless we are falling behind.
                if self.unwritten.has_capacity and not self.unwritten.urgent and not self._stopping:
                    await self._idle(monotonic() - began)

    async def _idle(self, seconds: float) -> None:
        """Wait, but no longer than until something urgent comes up."""
        self.unwritten.changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self.unwritten.changed.wait()
        except TimeoutError:
            pass

    async def _write_singly(self, ids: Iterable[UUID]) -> None:
        """One of the checks can't be written at all: find out which, and write the others."""
        self._cache.in_doubt = True
        for id in ids:
            try:
                async with self._cache.exclusive:
                    await self._write([id])
            except Unavailable:
                return
            except Exception:
                log.exception("can't write the state of check %s; the log has its pings", id)
                self._put_last(id)

    def _put_last(self, id: UUID) -> None:
        """What can't be written must neither keep others from it, nor the server from stopping."""
        self.unwritten.remove(id)
        cached = self._cache.find(id)
        if cached is not None and not self._stopping:
            cached.outdated = True
            self.unwritten.add(id, urgent=False)

    # -- one write, which needs the cache's lock

    async def _write(self, ids: Sequence[UUID]) -> None:
        """Bring the checks, their flips and their alerts into the database. Raises Unavailable."""
        try:
            await self._cache.reload_outdated(ids)
            await self._outbox.publish(self._cache.find_all(ids))
            if snapshots := self._snapshots(ids):
                written = await self._write_snapshots(snapshots)
                await self._outbox.publish([snapshot.cached for snapshot in written])
                self._report(written)
        except Unavailable as error:
            # What the database still did is unknown: answer those who wait, and load the checks again.
            self._cache.in_doubt = True
            for cached in self._cache.find_all(ids):
                cached.outdated = True
                cached.fail_changes(error)
                self._events.publish(CheckWritten(cached.check, cached.revision + 1))
            raise
        finally:
            for id in ids:
                self._update_unwritten(id)

    def _snapshots(self, ids: Iterable[UUID]) -> list[Snapshot]:
        """What there is to write. Those who wait for checks that need no write are answered."""
        snapshots = []
        for cached in self._cache.find_all(ids):
            if cached.unwritten:
                snapshots.append(cached.snapshot())
            else:
                cached.finish(cached.changes)
        return snapshots

    async def _write_snapshots(self, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
        """Write them; those that were written. The others met another process's write, and are outdated."""
        missed = await self._checks.write([snapshot.write for snapshot in snapshots])
        written = []
        for snapshot in snapshots:
            if snapshot.write.base.id in missed:
                snapshot.cached.outdated = True
            else:
                snapshot.cached.note_written(snapshot)
                self.unwritten.count_pings(-snapshot.pings)
                written.append(snapshot)
        return written

    def _report(self, written: Iterable[Snapshot]) -> None:
        """Answer those who wait for these writes."""
        for snapshot in written:
            if snapshot.late:
                self._events.publish(LateChangeWritten(snapshot.write.check))
            snapshot.cached.finish(snapshot.changes)
            self._events.publish(CheckWritten(snapshot.write.check, snapshot.write.rev + 1))

    def _update_unwritten(self, id: UUID) -> None:
        """After a write: is there still something to write of the check, and do pings have to wait?"""
        self.unwritten.remove(id)
        cached = self._cache.find(id)
        if cached is not None and (cached.unwritten or cached.changes):
            urgent = cached.outdated or bool(cached.changes or cached.outbox)
            self.unwritten.add(id, urgent=urgent, moment=cached.next_moment)
        self.unwritten.restore_capacity()


def _raise_others_than_not_found(outcomes: Iterable[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, NotFound):
            raise outcome
