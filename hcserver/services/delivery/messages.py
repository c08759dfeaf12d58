"""The messages of notifications and tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid5

from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check, Status
from hcserver.domain.clock import Clock
from hcserver.domain.notification import Notification
from hcserver.domain.notification_policy import BAD_NEWS
from hcserver.domain.ping import Ping
from hcserver.notify.alert_message import AlertMessage, MessageEvent
from hcserver.notify.body_preview import body_preview
from hcserver.notify.registry import masked_target
from hcserver.services.dependencies import Dependencies
from hcserver.services.lookup import Lookup
from hcserver.services.reading.recent_pings import RecentPings
from hcserver.storage import Storage

# The status that a check has when such a thing happens to it.
_STATUS: dict[str, Status] = {"up": "up", "paused": "paused", **dict.fromkeys(BAD_NEWS, "down")}


class Messages:
    """`return_address` makes the address to which a channel's message returns if it is undeliverable."""

    def __init__(
        self,
        storage: Storage,
        recent_pings: RecentPings,
        dependencies: Dependencies,
        lookup: Lookup,
        return_address: Callable[[UUID, UUID], str],
        base_url: str,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._recent_pings = recent_pings
        self._dependencies = dependencies
        self._lookup = lookup
        self._return_address = return_address
        self._base_url = base_url
        self._clock = clock

    async def of_notification(self, notification: Notification, check: Check) -> AlertMessage:
        """How things were when it happened, however late that is sent. Raises Unavailable."""
        is_reminder = notification.event == "reminder"
        goes_on_since = notification.since if is_reminder else None
        id = id_of(notification)
        message = await self._make(
            replace(check, status=_STATUS[notification.event], n_pings=notification.ping),
            id=id,
            event=notification.event,
            happened=goes_on_since or notification.at,
            since=None if is_reminder else notification.since,
            reason=notification.reason,
            took=notification.took,
            bounce=self._return_address(notification.channel, id),
        )
        if notification.event in BAD_NEWS:
            return await self._with_dependencies(message, check)
        return message

    async def _with_dependencies(self, message: AlertMessage, check: Check) -> AlertMessage:
        """The message, that a check is down, with what it says of other checks: as they are now."""
        above = await self._dependencies.above(check) if check.depends_on else []
        down = tuple(one for one in above if one.status == "down" and one.id != check.id)
        return replace(message, down_above=down, dependents=await self._dependencies.number_below(check))

    async def of_test(self, channel: Channel, check: Check | None) -> AlertMessage:
        """About `check`, or about one that does not exist. Raises Unavailable."""
        now = self._clock()
        about = check or Check(
            id=channel.id, project=channel.project, created=now, badge=channel.id, name="test"
        )
        return await self._make(about, id=channel.id, event="test", happened=now, since=None, reason="ping")

    async def of_disabled_channel(self, disabled: Channel, receiver: Channel, id: UUID) -> AlertMessage:
        """That one channel was disabled, for another one. It stands in the place of a check. Raises
        Unavailable.
        """
        now = self._clock()
        name = disabled.name or masked_target(disabled)
        about = Check(
            id=disabled.id, project=disabled.project, created=now, badge=disabled.id, name=name, status="down"
        )
        return await self._make(
            about,
            id=id,
            event="channel-disabled",
            happened=now,
            since=None,
            reason=disabled.error or "",
            bounce=self._return_address(receiver.id, id),
        )

    async def _make(
        self,
        check: Check,
        *,
        id: UUID,
        event: MessageEvent,
        happened: datetime,
        since: datetime | None,
        reason: str,
        took: float | None = None,
        bounce: str = "",
    ) -> AlertMessage:
        project = await self._lookup.by_id(check.project)
        ping = await self._last_ping(check)
        return AlertMessage(
            id=id,
            event=event,
            check=check,
            project="" if project is None else project.name,
            happened=happened,
            since=since,
            reason=reason,
            took=took,
            last_ping=ping,
            body_preview=body_preview(ping),
            base_url=self._base_url,
            now=self._clock(),
            bounce=bounce,
        )

    async def _last_ping(self, check: Check) -> Ping | None:
        """Without what it said if the log was cleared since. Raises Unavailable."""
        n = check.n_pings
        # What another process has cleared may still be in memory.
        known = self._recent_pings.find(check.id, n) if n >= check.shown_from else None
        return known or (await self._storage.pings.get(check.id, n) if n else None)


def id_of(notification: Notification) -> UUID:
    """The id of a notification's message, the same on every attempt."""
    return uuid5(notification.check, f"{notification.n}:{notification.channel}")
