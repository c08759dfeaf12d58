"""What becomes of notifications: stored, and published once it is final."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from hcserver.domain.notification import Attempt, Notification, NotificationStatus
from hcserver.services.delivery.grouped import Grouped
from hcserver.services.events import EventBus, NotificationSettled
from hcserver.storage import Storage
from hcserver.storage.notifications import Settlement

WRITTEN_AT_ONCE = 100  # outcomes in one command of the database


class Outcomes:
    """Every method raises Unavailable."""

    def __init__(self, storage: Storage, events: EventBus) -> None:
        self._write = Grouped(storage.notifications.settle, WRITTEN_AT_ONCE)
        self._events = events

    async def sent(self, notification: Notification, attempt: Attempt) -> None:
        await self._settle(notification, "sent", None, attempt)

    async def failed(self, notification: Notification, attempt: Attempt) -> None:
        """It is not tried again."""
        await self._settle(notification, "failed", None, attempt)

    async def skipped(self, notification: Notification, why: str) -> None:
        await self._settle(notification, "skipped", why)

    async def put_off(
        self,
        notification: Notification,
        why: str,
        due: datetime,
        attempt: Attempt | None = None,
        *,
        held: bool = False,
    ) -> None:
        """It stays pending, and is looked at again when it is due."""
        await self._write(Settlement(notification, "pending", why, due, attempt, held))

    async def _settle(
        self,
        notification: Notification,
        status: NotificationStatus,
        why: str | None,
        attempt: Attempt | None = None,
    ) -> None:
        await self._write(Settlement(notification, status, why, None, attempt))
        attempts = notification.attempts if attempt is None else (*notification.attempts, attempt)
        settled = replace(notification, status=status, why=why, due=None, attempts=attempts, held=False)
        self._events.publish(NotificationSettled(settled))
