"""Live updates of the list of channels and of a channel's page, as server-sent events, at the page's address
with /live behind it.

`changed` asks for the page's changing parts, `gone` says that the channel was deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import signed_in
from handlers.pages.channel import DELIVERIES
from handlers.pages.channels import listed_channels, make_rows
from handlers.pages.event_stream import EventStream
from handlers.pages.live import HEARTBEAT
from hcserver.domain.project import Project
from hcserver.errors import NotFound, Unavailable

PERIOD: Final = 2.0  # seconds between looks at the deliveries, at least
SHARE: Final = 10  # times as long as a look has taken until the next one: many channels cost no more than few

Look = Callable[[], Awaitable[object]]


class LiveDeliveries(EventStream):
    """Sends for as long as the browser listens and the visitor may see the project."""

    async def follow(self, project: Project, look: Look) -> None:
        """Send `changed` whenever `look` finds something else than before, `gone` when it raises NotFound."""
        await self.stream(self._follow(project, look))

    async def _follow(self, project: Project, look: Look) -> None:
        seen = await look()
        await self.send("hello")
        time = asyncio.get_running_loop().time
        took, spoken = 0.0, time()
        while True:
            await asyncio.sleep(max(PERIOD, SHARE * took))
            if not await self.is_welcome(project.id):
                return
            began = time()
            try:
                now_seen = await look()
            except NotFound:
                await self.send("gone")
                return
            except Unavailable:
                now_seen = seen  # the page shows what it has until the database is back
            took = time() - began
            if now_seen != seen or time() - spoken >= HEARTBEAT:
                await self.send("beat" if now_seen == seen else "changed")
                spoken = time()
            seen = now_seen


class LiveChannels(LiveDeliveries):
    """The last deliveries by the channels that a page of the list shows."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")

        async def look() -> object:
            listed = await listed_channels(self, project)
            return await make_rows(self.services.channels, listed.shown, listed.names)

        await self.follow(project, look)


class LiveChannel(LiveDeliveries):
    """The delivery log of one channel."""

    @signed_in
    async def get(self, project_id: str, channel_id: str) -> None:
        project = await self.open_project(project_id, "viewer")

        async def look() -> object:
            channel = await self.services.channels.get(project, UUID(channel_id))
            return channel, await self.services.channels.notifications(channel, DELIVERIES)

        await self.follow(project, look)


_LIST: Final = rf"/p/{UUID_PATTERN}/channels"
ROUTES = [(rf"{_LIST}/live", LiveChannels), (rf"{_LIST}/{UUID_PATTERN}/live", LiveChannel)]
