"""Letting go of notifications whose reason to be held back has ended before its time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from hcserver.storage import Storage

_LAST = 20  # notifications of a check that are looked at


async def release(storage: Storage, checks: Iterable[UUID], now: datetime) -> None:
    """Have what is held back for these checks looked at again: what still has a reason is held on.

    Raises Unavailable.
    """
    for check in checks:
        for one in await storage.notifications.of_check(check, _LAST):
            if one.status == "pending" and one.held and one.due is not None and one.due > now:
                # Fails where somebody has just taken it up, which is as good.
                await storage.notifications.claim(one, now, held=True)
