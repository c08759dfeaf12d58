"""What happened in this process, for whoever is interested: the bus that carries typed events to subscribers.

A subscriber can harm neither the publisher nor other subscribers: its errors are logged, and one that is
asynchronous has a queue of limited length, from which events are dropped when it can't keep up. Therefore
an event is never the only way to something that must not be lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.notification import Attempt, Notification
from hcserver.domain.ping import Ping

log = logging.getLogger(__name__)

QUEUE_LENGTH = 1000  # events that wait for one asynchronous subscriber
STOP_TIME = 2.0  # seconds that asynchronous subscribers have for what still waits when the server stops


class PingRecorded(msgspec.Struct, frozen=True):
    """A ping is durably in the log; `check` already counts it."""

    check: Check
    ping: Ping


class PingsAppended(msgspec.Struct, frozen=True):
    """So many pings were stored by one command of the database."""

    number: int


class StatusChanged(msgspec.Struct, frozen=True):
    """A flip is stored. The same flip may be published twice when the database was away in between."""

    check: Check
    flip: Flip


class CheckWritten(msgspec.Struct, frozen=True):
    """The state of a check is in the database with this revision, or it is unknown whether it is."""

    check: Check
    revision: int


class LateChangeWritten(msgspec.Struct, frozen=True):
    """A change of a check was written although whoever asked for it had been told that it failed."""

    check: Check


class CheckDeleted(msgspec.Struct, frozen=True):
    """A check was deleted by this process; `check` is how it was."""

    check: Check


class LogCleared(msgspec.Struct, frozen=True):
    """The log of a check was cleared by this process."""

    check: Check


class DeliveryAttempted(msgspec.Struct, frozen=True):
    """A message was sent to a channel of this kind, or could not be; a test message counts as well."""

    kind: str
    attempt: Attempt


class NotificationSettled(msgspec.Struct, frozen=True):
    """A notification that was pending was sent, has failed for good, or was skipped; that is stored."""

    notification: Notification


class ProjectChanged(msgspec.Struct, frozen=True):
    """A project was created, changed or deleted by this process."""

    project: UUID


Event = (
    PingRecorded
    | PingsAppended
    | StatusChanged
    | CheckWritten
    | LateChangeWritten
    | CheckDeleted
    | LogCleared
    | DeliveryAttempted
    | NotificationSettled
    | ProjectChanged
)
E = TypeVar("E", bound=Event)


class EventBus:
    """Carries events from publishers to the subscribers of their type."""

    def __init__(self) -> None:
        self._handlers: defaultdict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)
        self._queues: list[_Queue] = []

    def subscribe(self, event_type: type[E], handler: Callable[[E], None]) -> None:
        """Have `handler` called with each event of the type while it is published: it must be cheap."""
        self._handlers[event_type].append(handler)

    def subscribe_async(
        self, event_type: type[E], handler: Callable[[E], Awaitable[None]], queue_length: int = QUEUE_LENGTH
    ) -> None:
        """Have `handler` awaited with the events of the type, one after the other, in a task of its own.

        While `queue_length` events wait for it, further ones are dropped, which is counted and logged.
        """
        queue = _Queue(handler, queue_length)
        self._queues.append(queue)
        self._handlers[event_type].append(queue.put)

    def publish(self, event: Event) -> None:
        """Hand the event to all subscribers of its type. Never fails, never waits."""
        for handler in self._handlers.get(type(event), ()):
            try:
                handler(event)
            except Exception:
                log.exception("a subscriber failed on %s", type(event).__name__)

    @property
    def dropped(self) -> int:
        """How many events asynchronous subscribers have lost because they could not keep up."""
        return sum(queue.dropped for queue in self._queues)

    async def stop(self) -> None:
        """Give asynchronous subscribers STOP_TIME seconds for the events that still wait for them."""
        tasks = [queue.task for queue in self._queues if queue.task is not None]
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=STOP_TIME)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)


class _Queue:
    """The events that wait for one asynchronous subscriber. Its task exists only while there are some."""

    def __init__(self, handler: Callable[[Any], Awaitable[None]], length: int) -> None:
        self._handler = handler
        self._length = length
        self._events: deque[Event] = deque()
        self._dropped_in_a_row = 0
        self.dropped = 0
        self.task: asyncio.Task[None] | None = None

    def put(self, event: Event) -> None:
        if len(self._events) >= self._length:
            self.dropped += 1
            self._dropped_in_a_row += 1
            if self._dropped_in_a_row == 1:
                log.warning("a subscriber can't keep up, %s is dropped", type(event).__name__)
            return
        self._events.append(event)
        if self.task is None:
            self.task = asyncio.create_task(self._run(), name="events")

    async def _run(self) -> None:
        try:
            while self._events:
                event = self._events.popleft()
                try:
                    await self._handler(event)
                except Exception:
                    log.exception("a subscriber failed on %s", type(event).__name__)
        finally:
            self.task = None
            if self._dropped_in_a_row:
                log.warning("a subscriber has caught up, it lost %d events", self._dropped_in_a_row)
                self._dropped_in_a_row = 0
