"""Letting go of notifications whose reason to be held back has ended before its time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from hcserver.domain.notification import Notification
from hcserver.storage import Storage

_LAST = 100  # notifications that are looked at; others have to wait until they are due to be


async def release(storage: Storage, checks: Iterable[UUID], now: datetime) -> None:
    """Have what is held back for these checks looked at again: what still has a reason is held on.

    Raises Unavailable.
    """
    for check in checks:
        await _release(storage, await storage.notifications.of_check(check, _LAST), now)


async def release_of_channel(storage: Storage, channel: UUID, now: datetime) -> None:
    """The same of what is held back for the channel. Raises Unavailable."""
    await _release(storage, await storage.notifications.of_channel(channel, _LAST), now)


async def _release(storage: Storage, notifications: Iterable[Notification], now: datetime) -> None:
    for one in notifications:
        if one.status == "pending" and one.held and one.due is not None and one.due > now:
            # Fails where somebody has just taken it up, which is as good.
            await storage.notifications.claim(one, now, held=True)
