"""The acknowledged state of checks, in memory.

The ping log is the truth: a check's state can always be had again from its document and the log entries
that the document does not count. So a ping is acknowledged once it is in the log, the state is changed
here, and `state_writer` brings it into the database later, many pings of a check at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.state_machine import Step
from hcserver.errors import NotFound
from hcserver.services.intake.cached_check import CachedCheck
from hcserver.services.intake.check_observer import CheckObserver
from hcserver.services.intake.document_reads import DocumentReads
from hcserver.services.intake.state_reader import StateReader
from hcserver.services.intake.unwritten import UnwrittenChecks
from hcserver.storage.checks import Stored


class CheckCache:
    """Checks in memory, of which at most `capacity` have nothing unwritten."""

    def __init__(
        self,
        reader: StateReader,
        unwritten: UnwrittenChecks,
        observer: CheckObserver,
        reads: DocumentReads,
        capacity: int,
    ) -> None:
        self.capacity = capacity
        self.in_doubt = False  # something may have been stored of which neither documents nor memory know
        self.exclusive = asyncio.Lock()  # held by whoever writes or reloads checks: one at a time
        self._reader = reader
        self._unwritten = unwritten
        self._observer = observer
        self._reads = reads
        self._checks: dict[UUID, CachedCheck] = {}  # the least recently used first

    # -- reading

    async def get(self, id: UUID) -> Check:
        """The check with all that was acknowledged by this process. Raises NotFound, Unavailable."""
        cached = self._checks.get(id)
        if cached is None or cached.outdated:
            await self.ensure([id])
            cached = self._checks.get(id)
            if cached is None:
                raise NotFound("not found")
        return cached.check

    async def ensure(self, ids: Iterable[UUID]) -> None:
        """Have those of the checks that exist in memory, in step with the log. Raises Unavailable."""
        ids = set(ids)
        absent: set[UUID] = set()
        # Until all are there at one moment: while some are loaded, others can be evicted or forgotten.
        while True:
            missing = [id for id in ids if id not in self._checks and id not in absent]
            if missing:
                self._evict(len(missing), ids)
                found, not_there = await self._reads.read(missing)
                absent |= not_there
                for stored in found.values():
                    self._take_up(stored, ())
            elif self._outdated(ids):
                async with self.exclusive:
                    await self.reload_outdated(ids)
            else:
                return

    async def refresh(self, ids: Iterable[UUID]) -> None:
        """Have the checks in memory with everything that any process has appended to their logs by now.

        Raises Unavailable.
        """
        ids = list(ids)
        await self.ensure(ids)
        async with self.exclusive:
            await self._reload([id for id in ids if id in self._checks])

    def peek(self, id: UUID) -> CachedCheck | None:
        """The check if it is in memory, where it is the most recently used one from now on."""
        cached = self._checks.pop(id, None)
        if cached is not None:
            self._checks[id] = cached
        return cached

    def find(self, id: UUID) -> CachedCheck | None:
        """The check if it is in memory. Unlike `peek` this does not count as using it."""
        return self._checks.get(id)

    def find_all(self, ids: Iterable[UUID]) -> list[CachedCheck]:
        """Those of the checks that are in memory."""
        return [cached for id in ids if (cached := self._checks.get(id)) is not None]

    @contextmanager
    def pinned(self, ids: Iterable[UUID]) -> Iterator[None]:
        """Those of the checks that are in memory stay there: what others change makes them outdated."""
        pinned = self.find_all(ids)
        for cached in pinned:
            cached.pins += 1
        try:
            yield
        finally:
            for cached in pinned:
                cached.pins -= 1

    def overlay(self, stored: Stored) -> Check:
        """A check just read from the database, with what was acknowledged here and is not written yet."""
        id = stored.check.id
        cached = self._checks.get(id)
        if cached is None:
            return stored.check
        if not cached.unwritten and not cached.pins and stored.rev > cached.revision:
            before = cached.check.project
            self._checks[id] = cached = CachedCheck(stored)
            if cached.unwritten:  # another process has not published its flips yet, or has died
                self._unwritten.add(id, urgent=False, moment=cached.next_moment)
            _report_change(self._observer, cached.check, before)
        return cached.check if cached.unwritten or cached.revision >= stored.rev else stored.check

    def pings_in_document(self, id: UUID) -> int:
        """How many pings the check's document counts, as far as known. The log is needed from there on."""
        cached = self._checks.get(id)
        return 0 if cached is None else cached.stored.n_pings

    # -- changing

    def add(self, stored: Stored, uncounted: Sequence[Ping] = ()) -> None:
        """Take up a check as the database has it, with the pings in its log that it does not count yet."""
        self._reads.note_changed(stored.check.id)
        self._evict(1, ())
        self._take_up(stored, uncounted)

    def record(self, ping: Ping) -> Check | None:
        """Take an appended ping into the state of its check; doing it twice is harmless. The check as it is
        then, None if it is not in memory.
        """
        cached = self._checks.get(ping.check)
        if cached is None:
            return None
        if ping.n == cached.check.n_pings + 1:
            step = cached.count_ping(ping)
            self._unwritten.count_pings(1)
            has_news = step.flip is not None or step.alert is not None
            self._unwritten.add(ping.check, urgent=has_news, moment=cached.next_moment)
            self._observer.put(cached.check)
        elif ping.n > cached.check.n_pings:
            cached.outdated = True
            self._unwritten.add(ping.check, urgent=True)
        return cached.check

    def apply(self, cached: CachedCheck, step: Step) -> None:
        """Take a change that people, or time, made into the state of the check. It is still to be written."""
        before = cached.check.project
        cached.apply(step)
        _report_change(self._observer, cached.check, before)

    def set_log_start(self, id: UUID, log_from: int, kept_failures: tuple[int, ...] = ()) -> None:
        """The log of the check now begins at that number, but for those failures before it."""
        cached = self._checks.get(id)
        if cached is not None and log_from > cached.check.log_from:
            cached.check = replace(cached.check, log_from=log_from, kept_failures=kept_failures)
            self._observer.put(cached.check)
            self._unwritten.add(id, urgent=False, moment=cached.next_moment)

    def forget(self, id: UUID, project: UUID | None = None) -> None:
        """Somebody else may have changed the check: load it again when it is next needed. Its project has to
        be given unless the check is known to be in memory.
        """
        cached = self._checks.get(id)
        project = project if cached is None else cached.check.project
        if project is not None:
            self._observer.mark_outdated(id, project)
        self._forget(id)

    def forget_all(self) -> None:
        """Load every check again when it is next needed."""
        self._observer.mark_all_outdated()
        self._reads.note_all_changed()
        for id in list(self._checks):
            self._forget(id)

    def _forget(self, id: UUID) -> None:
        self._reads.note_changed(id)
        cached = self._checks.get(id)
        if cached is None:
            return
        if cached.unwritten or cached.pins:
            cached.outdated = True
            self._unwritten.add(id, urgent=True)
        else:
            del self._checks[id]

    def remove_deleted(self, check: Check) -> None:
        """The check was deleted. What was read of it before, and arrives later, is not taken up."""
        self._reads.note_deleted(check.id)
        cached = self._checks.pop(check.id, None)
        if cached is not None:
            self._unwritten.count_pings(-cached.unwritten_pings)
            cached.fail_changes(NotFound("not found"))
        self._observer.remove(check.id, check.project)

    # -- loading

    async def reload_outdated(self, ids: Iterable[UUID]) -> None:
        """Load those of the checks again that are outdated. Needs `exclusive`. Raises Unavailable."""
        await self._reload(self._outdated(ids))

    def _outdated(self, ids: Iterable[UUID]) -> list[UUID]:
        return [cached.check.id for cached in self.find_all(ids) if cached.outdated]

    async def _reload(self, ids: Collection[UUID]) -> None:
        """Have the state from the document and the log, and repeat the changes that are not written."""
        if not ids:
            return
        found = await self._reader.documents(ids)
        behind = await self._reader.behind(found.values())
        for id in ids:
            stored = found.get(id)
            if stored is None:
                await self._remove_appended(id)
                continue
            uncounted = await self._reader.uncounted(stored, id in behind, partial(self._counted, id))
            cached = self._checks.get(id)
            # What was loaded meanwhile may be newer.
            if cached is not None and (cached.outdated or stored.rev >= cached.revision):
                self._rebuild(cached, stored, uncounted)

    def _counted(self, id: UUID) -> int:
        return cached.check.n_pings if (cached := self._checks.get(id)) else 0

    async def _remove_appended(self, id: UUID) -> None:
        """Another process deleted the check: remove what we appended to it since."""
        cached = self._checks.get(id)
        if cached is not None:
            await self._reader.remove_late_pings(cached.check)
            self.remove_deleted(cached.check)

    def _take_up(self, stored: Stored, uncounted: Sequence[Ping]) -> None:
        id = stored.check.id
        if id not in self._checks and not self._reads.is_deleted(id):
            self._checks[id] = cached = CachedCheck(stored)
            if uncounted or stored.outbox:
                self._rebuild(cached, stored, uncounted)
            else:
                self._observer.put(cached.check)

    def _rebuild(self, cached: CachedCheck, stored: Stored, uncounted: Sequence[Ping]) -> None:
        pings, project = cached.unwritten_pings, cached.check.project
        try:
            cached.rebuild(stored, uncounted)
        finally:
            self._unwritten.count_pings(cached.unwritten_pings - pings)
            _report_change(self._observer, cached.check, project)
        if cached.unwritten:
            self._unwritten.add(stored.check.id, urgent=True)

    def _evict(self, coming: int, wanted: Collection[UUID]) -> None:
        """Make room for as many checks as come, as far as there are some without unwritten state."""
        excess = len(self._checks) + coming - self.capacity
        if excess <= 0:
            return
        evictable = (
            id for id, cached in self._checks.items() if not (cached.unwritten or cached.pins or id in wanted)
        )
        for id in list(islice(evictable, excess)):
            del self._checks[id]


def _report_change(observer: CheckObserver, check: Check, before: UUID) -> None:
    """The check is like this now, and was in the project `before`."""
    if check.project != before:
        observer.remove(check.id, before)
    observer.put(check)
