"""The acknowledged state of checks in memory, and its way into the database.

The ping log is the truth: a check's state can always be had again from its stored document and the log
entries behind it. So a ping is acknowledged once it is in the log, the state is changed here, and is
written behind ("folded"), many pings of a check at a time. Changes by people take the same way, but are
answered only when they are written. Every write is guarded by the check's revision: if another process
was first, the check is loaded again, what is new in its log is applied, and the change is done anew.

A check's new state and the flips and alerts that it brought about are one write: they ride in the check's
document until they are in their own collections. Therefore nothing is told of a state that lost to
another process, and nothing is lost in a crash between the two.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.alert import Alert
from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.state_machine import record
from hcserver.errors import HcError, NotFound, Unavailable
from hcserver.services.intake.cached_check import CachedCheck, Change, Pending
from hcserver.storage import Storage
from hcserver.storage.checks import Outbox, Stored, Write

log = logging.getLogger(__name__)

CHUNK = 10  # checks per write: a write of 10 takes the embedded server some 10 ms, appends wait no longer
DELAY = 1.0  # seconds that pings of a check are collected before its state is written
RETRY = 0.5  # seconds between attempts while the database is away
MAX_DIRTY = 20_000  # checks with unwritten state; beyond it pings are refused rather than memory used up
MAX_UNFOLDED = 50_000  # acknowledged pings that a restart would have to read again
_READ_AGAIN = 10  # a log that still has less than was appended has been tampered with
_DROPPED = 1000  # deleted checks that are remembered, while loads may be under way
CHANGE_TIMEOUT = 5.0  # seconds that people wait for a change to be written


class CheckCache:
    """Checks in memory (at most `capacity` that are clean) and the task that writes them."""

    def __init__(self, storage: Storage, capacity: int = 50_000) -> None:
        self._storage = storage
        self._capacity = capacity
        self._entries: dict[UUID, CachedCheck] = {}  # least recently used first
        self._dirty: dict[UUID, float] = {}  # -> since when, oldest first
        self._urgent: dict[UUID, None] = {}
        self._dropped: dict[UUID, None] = {}  # the last ones
        self._unfolded = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._io = asyncio.Lock()  # one write or reload at a time
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.on_folded: Callable[[Check], None] = lambda check: None
        self.on_late_change: Callable[[Check], None] = lambda check: None  # written after it was given up
        self.on_tail: Callable[[Sequence[Ping]], None] = lambda pings: None  # found in a log, in no document
        self.on_alerts: Callable[[Sequence[tuple[Check, Alert]]], Awaitable[None]] = _tell_nobody

    # -- reading

    async def ensure(self, ids: Iterable[UUID]) -> None:
        """Have those of the checks that exist in memory, in step with the log. Raises Unavailable."""
        ids = set(ids)
        absent: set[UUID] = set()
        # Until all are there at one moment: while some are loaded, others can be evicted or forgotten.
        while True:
            missing = [id for id in ids if id not in self._entries and id not in absent]
            stale = [id for id in ids if (entry := self._entries.get(id)) and entry.stale]
            if missing:
                self._evict(len(missing), ids)
                found = await self._storage.checks.load(missing)
                absent.update(id for id in missing if id not in found or id in self._dropped)
                for stored in found.values():
                    self._take_up(stored, ())
            elif stale:
                async with self._io:
                    await self._reload(
                        [id for id in stale if (entry := self._entries.get(id)) and entry.stale]
                    )
            else:
                return

    async def get(self, id: UUID) -> Check:
        """The check with all that was acknowledged by this process. Raises NotFound, Unavailable."""
        entry = self._entries.get(id)
        if entry is None or entry.stale:
            await self.ensure([id])
            entry = self._entries.get(id)
            if entry is None:
                raise NotFound("not found")
        return entry.check

    async def refresh(self, ids: Iterable[UUID]) -> None:
        """Have the checks in memory with everything that any process has appended to their logs by now."""
        ids = list(ids)
        await self.ensure(ids)
        async with self._io:
            await self._reload([id for id in ids if id in self._entries])

    @contextmanager
    def pinned(self, ids: Iterable[UUID]) -> Iterator[None]:
        """Those of the checks that are in memory stay there; what others change makes them stale instead."""
        entries = [entry for id in ids if (entry := self._entries.get(id)) is not None]
        for entry in entries:
            entry.pins += 1
        try:
            yield
        finally:
            for entry in entries:
                entry.pins -= 1

    def forget_all(self) -> None:
        """Load every check anew when it is next needed."""
        for id in list(self._entries):
            self.forget(id)

    def peek(self, id: UUID) -> CachedCheck | None:
        """The entry if it is in memory, as the most recently used one."""
        entry = self._entries.pop(id, None)
        if entry is not None:
            self._entries[id] = entry
        return entry

    def overlay(self, stored: Stored) -> Check:
        """A check just read from the database, with what was acknowledged here and is not written yet."""
        entry = self._entries.get(stored.check.id)
        if entry is None:
            return stored.check
        if not entry.dirty and not entry.pins and stored.rev > entry.rev:
            self._entries[stored.check.id] = entry = CachedCheck(stored)
            if entry.dirty:  # another process has not published its flips yet, or has died
                self._mark(stored.check.id, urgent=False)
        return entry.check if entry.dirty or entry.rev >= stored.rev else stored.check

    # -- changing

    def add(self, stored: Stored, tail: Sequence[Ping] = ()) -> None:
        """Take up a check as it is in the database, with the pings in its log that it does not count yet."""
        self._evict(1, ())
        self._take_up(stored, tail)

    def _take_up(self, stored: Stored, tail: Sequence[Ping]) -> None:
        id = stored.check.id
        if id not in self._entries and id not in self._dropped:
            self._entries[id] = CachedCheck(stored)
            if tail or stored.outbox:
                self._rebuild(self._entries[id], stored, tail)

    def drop(self, id: UUID) -> None:
        """The check was deleted by this process; what was read of it before comes too late."""
        self._dropped[id] = None
        if len(self._dropped) > _DROPPED:
            del self._dropped[next(iter(self._dropped))]
        entry = self._entries.pop(id, None)
        if entry is not None:
            self._unfolded -= entry.unfolded
            entry.fail(NotFound("not found"))

    def forget(self, id: UUID) -> None:
        """Somebody else changed the check: load it anew when it is next needed."""
        entry = self._entries.get(id)
        if entry is None:
            return
        if entry.dirty or entry.pins:
            entry.stale = True
            self._mark(id, urgent=True)
        else:
            del self._entries[id]

    def apply(self, ping: Ping) -> None:
        """Take an appended ping into its check's state. Doing it twice is harmless."""
        entry = self._entries.get(ping.check)
        if entry is None or ping.n <= entry.check.n_pings:
            return
        if ping.n > entry.check.n_pings + 1:
            entry.stale = True
            self._mark(ping.check, urgent=True)
            return
        step = record(entry.check, ping.type, ping.at, ping.rid)
        entry.take(step)
        entry.unfolded += 1
        self._unfolded += 1
        self._mark(ping.check, urgent=step.flip is not None or step.alert is not None)

    async def change(self, id: UUID, apply: Change) -> Check:
        """Change a check and return it once that is written. What `apply` raises is raised.

        Raises NotFound, Unavailable (then nothing was changed, or it was written after all).
        """
        await self.get(id)
        entry = self._entries[id]
        step = apply(entry.check)
        if step.check is entry.check:
            return await self.settle(id)
        entry.take(step)
        return await self._written(id, entry, apply)

    async def settle(self, id: UUID) -> Check:
        """Wait until the database has all that was acknowledged for the check."""
        await self.get(id)
        entry = self._entries[id]
        if not entry.dirty:
            return entry.check
        return await self._written(id, entry, None)

    async def _written(self, id: UUID, entry: CachedCheck, apply: Change | None) -> Check:
        pending = Pending(apply)
        entry.changes.append(pending)
        self._mark(id, urgent=True)
        try:
            async with asyncio.timeout(CHANGE_TIMEOUT):
                return await pending.done
        except TimeoutError:
            raise Unavailable("the database is not available, try again") from None

    def folded(self, id: UUID) -> int:
        """How many of its pings a check's document counts, as far as known: the log is needed behind them."""
        entry = self._entries.get(id)
        return 0 if entry is None else entry.base.n_pings

    def pruned(self, id: UUID, log_from: int) -> None:
        """The log of the check now begins at `log_from`."""
        entry = self._entries.get(id)
        if entry is not None:
            entry.check = replace(entry.check, log_from=log_from)
            self._mark(id, urgent=False)

    async def flush(self) -> None:
        """Write everything that is to be written. Raises Unavailable."""
        while self._dirty:
            async with self._io:
                await self._fold(list(self._dirty)[:CHUNK])

    async def room(self) -> None:
        """Wait while too much is acknowledged but not written."""
        await self._room.wait()

    # -- writing behind

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="fold")

    async def stop(self) -> None:
        """Write everything, then end. Gives up with the database away: the log has it all."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    def _mark(self, id: UUID, urgent: bool) -> None:
        if id not in self._dirty:
            self._dirty[id] = monotonic()
        if urgent and id not in self._urgent:
            self._urgent[id] = None
            self._wake.set()
        if len(self._dirty) > MAX_DIRTY or self._unfolded > MAX_UNFOLDED:
            self._room.clear()
            self._wake.set()

    async def _run(self) -> None:
        while not (self._stopping and not self._dirty):
            chunk, wait = self._next_chunk()
            if not chunk:
                await self._idle(wait)
                continue
            began = monotonic()
            try:
                async with self._io:
                    await self._fold(chunk)
            except Unavailable:
                if self._stopping:
                    log.warning(
                        "stopping with %d checks not written; the log has their pings", len(self._dirty)
                    )
                    return
                await asyncio.sleep(RETRY)
            except Exception:  # noqa: BLE001 - each is told apart, and logged, there
                await self._fold_singly(chunk)
                await asyncio.sleep(RETRY)
            else:
                # Leave the database at least half of the time to appends, unless we are falling behind.
                if self._room.is_set() and not self._urgent and not self._stopping:
                    await self._idle(monotonic() - began)

    async def _fold_singly(self, ids: Iterable[UUID]) -> None:
        """One of them can't be written at all: find out which, and write the others."""
        for id in ids:
            try:
                async with self._io:
                    await self._fold([id])
            except Unavailable:
                return
            except Exception:
                log.exception("can't write the state of check %s; the log has its pings", id)
                self._put_last(id)

    async def _idle(self, seconds: float) -> None:
        """Wait, unless something comes up that can't."""
        self._wake.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _next_chunk(self) -> tuple[list[UUID], float]:
        """The checks to write now, else none and the seconds until there will be some."""
        if self._urgent:
            return list(self._urgent)[:CHUNK], 0
        pressed = self._stopping or not self._room.is_set()
        ripe = monotonic() - (0 if pressed else DELAY)
        chunk = []
        for id, since in self._dirty.items():
            if since > ripe:
                break
            chunk.append(id)
            if len(chunk) == CHUNK:
                break
        if chunk:
            return chunk, 0
        first = next(iter(self._dirty.values()), None)
        return [], DELAY if first is None else max(first - ripe, 0.01)

    async def _fold(self, ids: list[UUID]) -> None:
        try:
            await self._reload([id for id in ids if (entry := self._entries.get(id)) and entry.stale])
            await self._publish([entry for id in ids if (entry := self._entries.get(id))])
            snapshots = []
            for id in ids:
                entry = self._entries.get(id)
                if entry is not None and entry.dirty:
                    write = Write(entry.base, entry.check, entry.rev, entry.outbox)
                    snapshots.append((entry, write, list(entry.changes), entry.unfolded))
                elif entry is not None:
                    entry.resolve(entry.changes)
            if not snapshots:
                return
            missed = await self._storage.checks.write([write for _, write, _, _ in snapshots])
            landed = [snapshot for snapshot in snapshots if snapshot[1].base.id not in missed]
            for entry, _, _, _ in snapshots:
                entry.stale = entry.stale or entry.check.id in missed
            for entry, write, _, unfolded in landed:
                entry.base, entry.rev, entry.stored_outbox = write.check, write.rev + 1, write.outbox
                entry.outbox, entry.published = entry.outbox.minus(write.outbox), False
                entry.unfolded -= unfolded
                self._unfolded -= unfolded
            await self._publish([entry for entry, _, _, _ in landed])
            for entry, write, changes, _ in landed:
                if any(pending.apply is not None and pending.done.done() for pending in changes):
                    self.on_late_change(write.check)
                entry.resolve(changes)
                self.on_folded(write.check)
        except Unavailable as error:
            self._give_up(ids, error)
            raise
        finally:
            for id in ids:
                self._tidy(id)

    async def _publish(self, entries: Sequence[CachedCheck]) -> None:
        """Bring flips and alerts from the documents to their places; harmless when done again."""
        waiting = [entry for entry in entries if entry.stored_outbox and not entry.published]
        if flips := [flip for entry in waiting for flip in entry.stored_outbox.flips]:
            await self._storage.flips.publish(flips)
        if alerts := [(entry.check, alert) for entry in waiting for alert in entry.stored_outbox.alerts]:
            await self.on_alerts(alerts)
        for entry in waiting:
            entry.published = True

    def _give_up(self, ids: Iterable[UUID], error: Unavailable) -> None:
        """The database is away, and what it still did is unknown: tell those who wait, look again later."""
        for id in ids:
            entry = self._entries.get(id)
            if entry is not None:
                entry.stale = True
                entry.fail(error)

    def _put_last(self, id: UUID) -> None:
        """What can't be written must not keep others from it, nor us from stopping."""
        self._urgent.pop(id, None)
        self._dirty.pop(id, None)
        entry = self._entries.get(id)
        if entry is not None and not self._stopping:
            entry.stale = True
            self._dirty[id] = monotonic()

    def _tidy(self, id: UUID) -> None:
        """Bring the lists of what is to be done in line with the entry."""
        self._dirty.pop(id, None)
        self._urgent.pop(id, None)
        entry = self._entries.get(id)
        if entry is not None and (entry.dirty or entry.changes):
            self._mark(id, urgent=entry.stale or bool(entry.changes or entry.outbox))
        if len(self._dirty) <= MAX_DIRTY // 2 and self._unfolded <= MAX_UNFOLDED // 2:
            self._room.set()

    async def _reload(self, ids: list[UUID]) -> None:
        """Have the state from the document and the log, then do anew the changes that were not written."""
        if not ids:
            return
        found = await self._storage.checks.load(ids)
        behind = await self._storage.pings.behind(found.values())
        for id in ids:
            stored = found.get(id)
            if stored is None:
                await self._bury(id)
                continue
            tail = await self._tail(id, stored, id in behind)
            self.on_tail(tail)
            entry = self._entries.get(id)
            # What was loaded meanwhile may be newer.
            if entry is not None and (entry.stale or stored.rev >= entry.rev):
                self._rebuild(entry, stored, tail)

    async def _tail(self, id: UUID, stored: Stored, behind: bool) -> list[Ping]:
        """What the log has beyond the document, including what was appended while we were reading it."""
        tail = await self._storage.pings.tail(id, stored.check.n_pings) if behind else []
        for _ in range(_READ_AGAIN):
            entry = self._entries.get(id)
            if entry is None or entry.check.n_pings <= stored.check.n_pings + len(tail):
                break
            tail = await self._storage.pings.tail(id, stored.check.n_pings)
        return tail

    def _rebuild(self, entry: CachedCheck, stored: Stored, tail: Sequence[Ping]) -> None:
        entry.base, entry.rev, entry.stored_outbox = stored.check, stored.rev, stored.outbox
        entry.check, entry.outbox = stored.check, Outbox()
        entry.published = entry.stale = entry.recalled = False
        for ping in tail:
            entry.take(record(entry.check, ping.type, ping.at, ping.rid))
        self._unfolded += len(tail) - entry.unfolded
        entry.unfolded = len(tail)
        for pending in entry.changes:
            if pending.apply is None or pending.done.done():
                continue
            try:
                entry.take(pending.apply(entry.check))
            except HcError as error:
                pending.done.set_exception(error)
        entry.changes = [pending for pending in entry.changes if not pending.done.done()]
        if entry.dirty:
            self._mark(stored.check.id, urgent=True)

    async def _bury(self, id: UUID) -> None:
        """Another process deleted the check: remove what we appended to it since."""
        entry = self._entries.get(id)
        if entry is None:
            return
        last = entry.check.n_pings
        last += len(await self._storage.pings.tail(id, last))
        await self._storage.tombstones.extend(id, last)
        await self._storage.pings.delete(id, entry.check.log_from, last)
        await self._storage.flips.delete(id)
        self.drop(id)

    def _evict(self, coming: int, wanted: Collection[UUID]) -> None:
        """Make room for as many checks as come, as far as there are clean ones to let go of."""
        excess = len(self._entries) + coming - self._capacity
        if excess <= 0:
            return
        idle = (id for id, entry in self._entries.items() if not (entry.dirty or entry.pins or id in wanted))
        for id in [id for _, id in zip(range(excess), idle, strict=False)]:
            del self._entries[id]


async def _tell_nobody(alerts: Sequence[tuple[Check, Alert]]) -> None:
    """Without a notifier alerts have nowhere to go."""
