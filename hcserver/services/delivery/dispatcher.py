"""Queues and senders: which notification is sent when.

Each channel has a queue and a few senders of its own, so that a slow channel delays no other. Notifications
of one check for one channel are sent in their order: a later one waits until the earlier ones are settled.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hcserver.domain.clock import Clock
from hcserver.domain.notification import Notification
from hcserver.errors import Unavailable
from hcserver.services.delivery.leases import Leases
from hcserver.services.delivery.outcomes import Outcomes
from hcserver.services.delivery.sender import Sender
from hcserver.storage import Storage

log = logging.getLogger(__name__)

# Notifications of one channel that are seen through at a time. Few of them are being sent (`attempts`).
SENDERS = 16
TAKEN_AT_ONCE = 500  # notifications read in one look at what is due
TICK = 1.0  # seconds between looks at what is due
QUEUED = 1000  # notifications of one channel in memory; further ones wait in the database
REFILLED = 100  # a queue that is shorter takes up those that wait in the database

_Key = tuple[UUID, UUID, int]  # check, channel, number


class Dispatcher:
    """Gives notifications to the sender: those that are pushed, and those that are due in the database."""

    def __init__(
        self, storage: Storage, sender: Sender, leases: Leases, outcomes: Outcomes, clock: Clock
    ) -> None:
        self._outcomes = outcomes
        self._storage = storage
        self._sender = sender
        self._leases = leases
        self._clock = clock
        self._queues: dict[UUID, deque[Notification]] = {}  # by channel
        self._tasks: dict[UUID, set[asyncio.Task[None]]] = {}  # the senders of each channel
        self._in_hand: set[_Key] = set()  # in a queue, being sent, or waiting for an earlier one in hand
        self._waiting: dict[tuple[UUID, UUID], list[Notification]] = {}  # by check and channel
        self._looked_until: datetime | None = None  # the next look at what is due begins behind this moment
        self._looking = asyncio.Lock()
        self._stopping = False
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._ticking = asyncio.create_task(self._run(), name="notifications")

    async def stop(self) -> None:
        """Let what is being sent come to its end; what is queued is sent after the next start."""
        self._stopping = True
        if self._ticking is not None:
            self._ticking.cancel()
        self._queues.clear()
        senders = [task for tasks in self._tasks.values() for task in tasks]
        await asyncio.gather(*filter(None, [self._ticking]), *senders, return_exceptions=True)

    @property
    def idle(self) -> bool:
        """Nothing is queued or being sent."""
        return not self._in_hand

    @property
    def waiting(self) -> int:
        """How many notifications wait in memory to be sent."""
        return sum(map(len, self._queues.values()))

    def queued(self, channel: UUID) -> Sequence[Notification]:
        """What waits for a sender of this channel."""
        return tuple(self._queues.get(channel, ()))

    def has_room(self, channel: UUID) -> bool:
        """Whether the channel's queue takes more."""
        return len(self._queues.get(channel, ())) < QUEUED

    def push(self, notification: Notification) -> None:
        """Queue a notification that is under our lease."""
        if self._stopping:
            return
        channel = notification.channel
        self._in_hand.add(_key(notification))
        self._queues.setdefault(channel, deque()).append(notification)
        senders = self._tasks.setdefault(channel, set())
        if len(senders) < SENDERS:
            senders.add(asyncio.create_task(self._send_queued(channel), name="sender"))

    async def tick(self) -> None:
        """Queue what is due: put off, held back, or left by a process that died. Raises Unavailable."""
        # One look at a time: two would find and claim the same notifications.
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        found = await self._storage.notifications.due(self._clock(), TAKEN_AT_ONCE, self._looked_until)
        # What full queues leave in the database must not hide what is due later: go on behind it next time.
        self._looked_until = found[-1].due if len(found) == TAKEN_AT_ONCE else None
        for notification in found:
            queued = len(self._queues.get(notification.channel, ()))
            if queued >= REFILLED or _key(notification) in self._in_hand:
                continue
            if leased := await self._leases.renew(notification):
                self.push(leased)

    async def _run(self) -> None:
        while True:
            try:
                await self.tick()
            except Unavailable:
                pass  # the next look may find the database
            except Exception:
                log.exception("notifications: unexpected error")
            await asyncio.sleep(TICK)

    async def _send_queued(self, channel: UUID) -> None:
        """A sender: send until the channel's queue is empty."""
        task = asyncio.current_task()
        assert task is not None
        try:
            while queue := self._queues.get(channel):
                notification = queue.popleft()
                if not queue:
                    del self._queues[channel]
                await self._send_logged(notification)
        finally:
            # At once: what is pushed from now on needs another sender.
            senders = self._tasks[channel]
            senders.discard(task)
            if not senders:
                del self._tasks[channel]

    async def _send_logged(self, notification: Notification) -> None:
        waits = False
        try:
            waits = await self._send(notification)
        except Unavailable:
            pass  # its lease will end, and then it is due again
        except Exception:
            log.exception("can't notify channel %s of check %s", notification.channel, notification.check)
        if not waits:
            self._in_hand.discard(_key(notification))
            for later in self._waiting.pop((notification.check, notification.channel), []):
                self.push(later)

    async def _send(self, notification: Notification) -> bool:
        """See a notification through. True: it waits for an earlier one in hand, whose end will push it."""
        leased = await self._leases.renew(notification)
        if leased is None:
            return False
        pending = await self._sender.send(leased)
        if not pending:
            return False
        if any(_key(earlier) in self._in_hand for earlier in pending):
            self._waiting.setdefault((leased.check, leased.channel), []).append(leased)
            return True
        earlier = await self._sender.earlier(leased)
        if not any(one.status == "pending" for one in earlier):
            return await self._send(leased)  # they have just been settled
        await self._outcomes.put_off(leased, "waits for an earlier one", self._end_of_wait(pending))
        return False

    def _end_of_wait(self, pending: Sequence[Notification]) -> datetime:
        """When to look again at a notification that waits for these earlier ones.

        Another process that has leased one of them mostly settles it long before the lease ends.
        """
        now = self._clock()
        lease_end = now + self._leases.length
        put_off = [one.due for one in pending if one.due is not None and one.due > lease_end]
        return max([now + timedelta(seconds=TICK * len(pending)), *put_off])


def _key(notification: Notification) -> _Key:
    return notification.check, notification.channel, notification.n
