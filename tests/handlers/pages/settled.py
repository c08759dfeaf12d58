"""Deliveries for the tests of pages that show them."""

from __future__ import annotations

import asyncio

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.notification import Notification
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import make_check

PATIENCE = 60.0  # seconds


async def failed_delivery(site: Site, channel: Channel, name: str = "a job") -> tuple[Check, Notification]:
    """A check that has gone down, and the notification of it that could not be delivered."""
    check = await make_check(site, name=name, channels=str(channel.id))
    await site.ping(str(check.id))
    await site.ping(str(check.id), "/fail")
    return check, await settled(site, channel)


async def settled(site: Site, channel: Channel) -> Notification:
    """The last notification for the channel, once it has failed."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await site.services.channels.notifications(channel, 1)
            if found and found[0].status == "failed":
                return found[0]
            await asyncio.sleep(0.02)
