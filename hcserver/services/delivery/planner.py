"""From alerts to notifications: which channels want one, and whether it is sent now, later or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.alert import Alert
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.notification import Notification
from hcserver.domain.notification_policy import ended_by_pause, wants
from hcserver.services.delivery.held_notifications import Holds, look_again
from hcserver.services.delivery.leases import Leases
from hcserver.services.delivery.project_settings import ProjectSettings, ProjectSettingsCache
from hcserver.storage import Storage

LATE = timedelta(minutes=5)  # an alert that is older when it is planned was delayed by an outage of ours
SUPERSEDED = "superseded: told late, when more had happened"


class Room(Protocol):
    """Says whether a channel's queue in memory takes more."""

    def has_room(self, channel: UUID) -> bool: ...


class Planner:
    """Stores one notification for each alert and channel that wants it."""

    def __init__(
        self,
        storage: Storage,
        project_settings: ProjectSettingsCache,
        holds: Holds,
        leases: Leases,
        queues: Room,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._project_settings = project_settings
        self._holds = holds
        self._leases = leases
        self._queues = queues
        self._clock = clock

    async def plan(self, alerts: Sequence[tuple[Check, Alert]]) -> list[Notification]:
        """Store the notifications of these alerts; those under our lease, which are to be sent now, in order.

        Raises Unavailable. Then it is to be repeated; what was stored already is not stored again.
        """
        now = self._clock()
        newest = {check.id: alert.n for check, alert in alerts}
        planned: list[Notification] = []
        for check, alert in alerts:
            late = alert.n < newest[check.id] and alert.at < now - LATE
            planned += await self._of_alert(check, alert, alert.held or (SUPERSEDED if late else None), now)
        stored = await self._storage.notifications.add(planned) if planned else []
        for check, alert in alerts:
            if alert.event == "paused":
                # Messages that the check is down, which wait for a later moment, are skipped now.
                await look_again(self._storage, check.id, now, self._leases.length)
        return [one for one in stored if one.status == "pending" and not one.held and one.due != now]

    async def _of_alert(
        self, check: Check, alert: Alert, skipped: str | None, now: datetime
    ) -> list[Notification]:
        if not check.channels:
            return []
        settings = await self._project_settings.get(check.project, check.channels)
        receivers = settings.receivers(check.channels)
        return [
            await self._of_channel(check, alert, channel, settings, skipped, now)
            for channel in receivers
            if wants(channel, alert.event, check)
        ]

    async def _of_channel(
        self,
        check: Check,
        alert: Alert,
        channel: Channel,
        settings: ProjectSettings,
        skipped: str | None,
        now: datetime,
    ) -> Notification:
        notification = _notification(check, alert, channel)
        if why := skipped or ended_by_pause(notification, check):
            return replace(notification, status="skipped", why=why)
        hold = await self._holds.of(notification, check, channel, settings)
        if hold is not None and notification.event == "reminder":
            return replace(notification, status="skipped", why=hold.why)
        if hold is not None:
            return replace(notification, why=hold.why, due=hold.until, held=True)
        # Where the queue is full it is left in the database, for whoever has room first.
        return replace(notification, due=self._leases.end() if self._queues.has_room(channel.id) else now)


def _notification(check: Check, alert: Alert, channel: Channel) -> Notification:
    return Notification(
        check=check.id,
        n=alert.n,
        channel=channel.id,
        project=check.project,
        event=alert.event,
        reason=alert.reason,
        at=alert.at,
        since=alert.since,
        ping=alert.ping,
        after_pause=alert.after_pause,
        took=alert.took,
    )
