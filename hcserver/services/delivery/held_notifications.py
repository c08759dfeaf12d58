"""What holds notifications back, and looking at them again when the reason has ended before its time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.notification import Notification
from hcserver.domain.notification_policy import (
    BAD_NEWS,
    Hold,
    Reason,
    reason_to_hold,
    reason_to_wait_for,
)
from hcserver.services.delivery.notified_channels import NotifiedChannels
from hcserver.services.delivery.project_settings import ProjectSettings, ProjectSettingsCache
from hcserver.services.dependencies import Dependencies
from hcserver.storage import Storage

_LAST = 100  # notifications of a check or channel that are looked at; others wait until they are due


class Holds:
    """Finds what holds a notification back right now."""

    def __init__(
        self,
        project_settings: ProjectSettingsCache,
        dependencies: Dependencies,
        notified: NotifiedChannels,
        clock: Clock,
    ) -> None:
        self._project_settings = project_settings
        self._dependencies = dependencies
        self._notified = notified
        self._clock = clock

    async def of(
        self, notification: Notification, check: Check, channel: Channel, settings: ProjectSettings
    ) -> Hold | None:
        """Raises Unavailable."""
        other = await self._other_check(notification, check, channel, settings)
        hold = reason_to_hold(check, channel, notification, settings.windows, self._clock(), other)
        if hold is not None and settings.windows:
            # A window that was just ended must not hold it back until the end that it would have had.
            settings = await self._project_settings.read(check.project)
            hold = reason_to_hold(check, channel, notification, settings.windows, self._clock(), other)
        return hold

    async def _other_check(
        self, notification: Notification, check: Check, channel: Channel, settings: ProjectSettings
    ) -> Reason | None:
        """What a check on which this one depends gives as a reason, the nearest one that has some.

        Of one that the channel is not notified of, nobody would hear anything. One that depends on this
        check, which two processes can bring about at once, does not hold it back: both would wait.
        """
        if not check.depends_on or notification.event not in BAD_NEWS:
            return None
        for other in await self._dependencies.above(check):
            reason = reason_to_wait_for(other, check, notification, self._clock())
            if reason is None or not await self._notified.include(channel, other, settings):
                continue
            if not await self._dependencies.may_lead_to(other, check.id):
                return reason
        return None


async def release(storage: Storage, checks: Iterable[UUID], now: datetime) -> None:
    """Have the held notifications of these checks looked at now. What still has a reason is held on.

    Raises Unavailable.
    """
    for check in checks:
        for notification in await storage.notifications.of_check(check, _LAST):
            if _is_held(notification, now):
                await _make_due(storage, notification, now)


async def release_of_channel(storage: Storage, channel: UUID, now: datetime) -> None:
    """Have the held notifications for this channel looked at now. Raises Unavailable."""
    for notification in await storage.notifications.of_channel(channel, _LAST):
        if _is_held(notification, now):
            await _make_due(storage, notification, now)


async def look_again(storage: Storage, check: UUID, now: datetime, lease: timedelta) -> None:
    """Have all notifications of the check looked at now that wait for a later moment, whatever the reason.

    Those that are due within a lease may be on their way; they are looked at soon anyway. Raises Unavailable.
    """
    for notification in await storage.notifications.of_check(check, _LAST):
        waits = notification.due is not None and notification.due > now + lease
        if _is_held(notification, now) or (notification.status == "pending" and waits):
            await _make_due(storage, notification, now)


def _is_held(notification: Notification, now: datetime) -> bool:
    later = notification.due is not None and notification.due > now
    return notification.status == "pending" and notification.held and later


async def _make_due(storage: Storage, notification: Notification, now: datetime) -> None:
    # This fails where somebody else has just taken the notification up, which serves as well.
    await storage.notifications.claim(notification, now, held=notification.held)
