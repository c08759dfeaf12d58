"""Between the processes on one database: which checks each has written, so that none answers with old states.

A process on its own publishes nothing. It remembers for a moment what it has written, since another one that
has just started may have read a check before that.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from uuid import UUID

from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable
from hcserver.services.change_publisher import ALONE, ChangePublisher
from hcserver.services.events import CheckWritten
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.unwritten import UnwrittenChecks
from hcserver.storage.written_checks import WrittenCheck, WrittenChecks

log = logging.getLogger(__name__)

# While there are other processes, a state is written a second after its ping, at the latest; with this,
# others have it two seconds after it.
EXCHANGE_EVERY = 0.4  # seconds, while there are other processes
LOOK_EVERY = 1.0  # seconds between looks for other processes
BEAT = timedelta(seconds=5)  # between registrations of this process
ALIVE = timedelta(seconds=30)  # since its last registration a process counts as alive
CLOCK_DIFFERENCE = timedelta(seconds=10)  # how much the clocks of two machines may differ
CUT_OFF = timedelta(seconds=20)  # without registering for longer than ALIVE, others publish nothing for us
STOP_TIME = 2.0  # seconds that the last messages may take when the server stops


class WrittenNews:
    """Publishes what this process writes, and drops from memory what others have written."""

    def __init__(
        self,
        store: WrittenChecks,
        cache: CheckCache,
        unwritten: UnwrittenChecks,
        changes: ChangePublisher,
        clock: Clock,
    ) -> None:
        self._store = store
        self._cache = cache
        self._unwritten = unwritten
        self._changes = changes
        self._clock = clock
        self._pending: dict[UUID, tuple[WrittenCheck, datetime]] = {}  # what is to be published, oldest first
        self._known: set[object] = set()  # messages of the last CLOCK_DIFFERENCE that were heeded
        self._since = clock()
        self._registered: datetime | None = None
        self._looked: datetime | None = None
        self._others = False

    def note(self, event: CheckWritten) -> None:
        """This process has written a check, or may have."""
        check = event.check
        self._pending.pop(check.id, None)
        self._pending[check.id] = WrittenCheck(check.id, check.project, event.revision), self._clock()

    async def start(self) -> None:
        """Let others know of this process, before it reads any check. Raises Unavailable."""
        now = self._clock()
        await self._register(now)
        await self._look(now)

    async def stop(self) -> None:
        """Publish what was written last, also to a process that has just started."""
        try:
            async with asyncio.timeout(STOP_TIME):
                await self._look(self._clock())
                if self._others:
                    await self._publish(self._clock())
                await self._store.unregister()
        except (Unavailable, TimeoutError) as error:
            log.warning("other processes may have old states for a while: %s", error)

    async def exchange(self) -> float:
        """Publish and listen. The seconds until the next call. Raises Unavailable."""
        now = self._clock()
        if self._registered is None or now - self._registered >= BEAT:
            await self._register(now)
        if self._looked is None or now - self._looked >= timedelta(seconds=LOOK_EVERY) or now < self._looked:
            await self._look(now)
        if self._others:
            await self._publish(now)
        else:
            self._drop_old(now)
        await self._listen(now)
        return EXCHANGE_EVERY if self._others else LOOK_EVERY

    async def _register(self, now: datetime) -> None:
        await self._store.register(now)
        self._registered = now

    async def _look(self, now: datetime) -> None:
        self._others = await self._store.has_others(now - ALIVE)
        self._unwritten.share(self._others)
        await self._changes.share(self._others)
        self._looked = now

    async def _publish(self, now: datetime) -> None:
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            await self._store.publish(now, [written for written, _ in pending.values()])
        except BaseException:
            self._pending = pending | self._pending
            raise

    def _drop_old(self, now: datetime) -> None:
        for id, (_, at) in list(self._pending.items()):
            if now - at < ALONE:
                break
            del self._pending[id]

    async def _listen(self, now: datetime) -> None:
        if now - self._since > CUT_OFF:
            self._cache.forget_all()
        messages = await self._store.since(self._since - CLOCK_DIFFERENCE, self._known)
        for written in messages.values():
            for one in written:
                cached = self._cache.find(one.id)
                if cached is None or cached.revision < one.revision:
                    self._cache.forget(one.id, one.project)
        self._known = set(messages)
        self._since = now
