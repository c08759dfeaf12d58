"""The API's notifications: what was sent, or tried, about a check or to a channel."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID as Uuid

from handlers.api.base import UUID, Routes, requires, route
from handlers.api.check_base import CheckApiHandler
from handlers.api.operation import describes
from handlers.api.payloads import notification_payload
from handlers.api.query import read_limit
from handlers.api.schemas import PAGE_SIZE, listed
from hcserver.domain.notification import Notification

_DEFAULT_PAGE = 100


class NotificationApiHandler(CheckApiHandler):
    """Shows lists of notifications."""

    def read_limit(self) -> int:
        return read_limit(self.query()) or _DEFAULT_PAGE

    def write_notifications(self, notifications: Iterable[Notification]) -> None:
        self.write_json({"notifications": [notification_payload(one) for one in notifications]})


class CheckNotificationsHandler(NotificationApiHandler):
    """checks/<uuid>/notifications/"""

    @requires("write")
    @describes(
        "List the notifications about a check, the newest first",
        {200: listed("notifications", "Notification")},
        query={"limit": PAGE_SIZE},
    )
    async def get(self, check_id: str) -> None:
        check = await self.find_check(check_id)
        self.write_notifications(await self.services.checks.notifications(check, self.read_limit()))


class ChannelNotificationsHandler(NotificationApiHandler):
    """channels/<uuid>/notifications/"""

    @requires("write")
    @describes(
        "List the notifications for a channel, the newest first",
        {200: listed("notifications", "Notification")},
        query={"limit": PAGE_SIZE},
    )
    async def get(self, channel_id: str) -> None:
        channel = await self.services.channels.get(self.project, Uuid(channel_id))
        self.write_notifications(await self.services.channels.notifications(channel, self.read_limit()))


ROUTES: Routes = [
    (route(rf"checks/{UUID}/notifications/"), CheckNotificationsHandler),
    (route(rf"channels/{UUID}/notifications/"), ChannelNotificationsHandler),
]
