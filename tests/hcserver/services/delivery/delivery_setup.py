"""A kind of channel that keeps what it is sent, and a look at the log of notifications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.notification import Notification
from hcserver.domain.project import Project
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.services.container import Services

PATIENCE = 60.0  # seconds that a test waits for what is to come


class FakeKind:
    """Accepts every message; `trouble` may raise, or wait, for a target."""

    name = "fake"

    def __init__(self) -> None:
        self.sent: list[tuple[str, AlertMessage]] = []
        self.trouble: dict[str, Callable[[], Any]] = {}

    async def send(self, target: str, alert_message: AlertMessage, context: Any) -> Receipt:
        if trouble := self.trouble.get(target):
            await trouble()
        self.sent.append((target, alert_message))
        return Receipt(status=200)

    def events(self, target: str) -> list[str]:
        return [alert_message.event for one, alert_message in self.sent if one == target]


async def add_channel(services: Services, project: Project, target: str, **fields: Any) -> Channel:
    channel = Channel(
        **{
            "id": uuid4(),
            "project": project.id,
            "created": services.clock(),
            "kind": "fake",
            "target": target,
            **fields,
        }
    )
    await services.storage.channels.insert(channel)
    services.notifier.forget(project.id)
    return channel


async def log_of(services: Services, check: Check, finished: int = 0) -> list[Notification]:
    """The notifications of the check, oldest first, once so many of them are through."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await services.storage.notifications.of_check(check.id, 100)
            if sum(one.status != "pending" for one in found) >= finished:
                return sorted(found, key=lambda one: one.n)
            await asyncio.sleep(0.01)


async def settled(services: Services, check: Check) -> list[Notification]:
    """The notifications once nothing is on its way any more."""
    await services.state_writer.flush()
    async with asyncio.timeout(PATIENCE):
        while not services.notifier.dispatcher.idle:
            await asyncio.sleep(0.01)
    return await log_of(services, check)
