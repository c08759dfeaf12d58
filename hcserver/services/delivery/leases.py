"""Leases of notifications: who sends one keeps other processes from sending it."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from hcserver.domain.clock import Clock
from hcserver.domain.notification import Notification
from hcserver.storage import Storage

MARGIN = 10.0  # seconds that a lease outlasts the time limit of an attempt
_FRESH = timedelta(seconds=2)  # a lease so young is good enough to begin an attempt


class Leases:
    """`time_limit`: seconds that one attempt may take."""

    def __init__(self, storage: Storage, time_limit: float, clock: Clock) -> None:
        self.length = timedelta(seconds=time_limit + MARGIN)
        self._storage = storage
        self._clock = clock

    def end(self) -> datetime:
        """When a lease taken now ends."""
        return self._clock() + self.length

    async def renew(self, notification: Notification) -> Notification | None:
        """The notification under a lease that outlasts an attempt; None: somebody else has taken it up.

        Raises Unavailable.
        """
        until = self.end()
        if notification.due is not None and notification.due >= until - _FRESH:
            return notification
        if await self._storage.notifications.claim(notification, until):
            return replace(notification, due=until)
        return None
