"""Which channels are notified that a check is down, so that messages about others can wait for it."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import Final

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.notification import Notification
from hcserver.domain.notification_policy import wants
from hcserver.services.delivery.project_settings import ProjectSettings
from hcserver.storage import Storage
from hcserver.storage.notifications import Place

KEPT: Final = 1.0  # seconds that a notification is not read again: a crowd asks about one
PLANNED: Final = timedelta(minutes=5)  # after an alert: then a notification that is not there does not come


class NotifiedChannels:
    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._known: dict[Place, tuple[Notification | None, float]] = {}  # -> and until when that is good

    async def include(self, channel: Channel, check: Check, settings: ProjectSettings) -> bool:
        """Whether the channel is notified when the check is down: it is to be, and if the check is down now,
        the last message to it about that has not failed, nor was the channel added after that.

        Raises Unavailable.
        """
        if not wants(channel, "down", check) or channel not in settings.receivers(check.channels):
            return False
        if check.status != "down" or check.told_at is None:
            return True
        last = await self._find((check.id, check.n_alerts, channel.id))
        if last is None:
            return self._clock() < check.told_at + PLANNED
        return last.status != "failed"

    async def _find(self, place: Place) -> Notification | None:
        notification, good_until = self._known.get(place, (None, 0.0))
        if monotonic() > good_until:
            notification = (await self._storage.notifications.read([place])).get(place)
            now = monotonic()
            self._known = {one: known for one, known in self._known.items() if known[1] > now}
            self._known[place] = (notification, now + KEPT)
        return notification
