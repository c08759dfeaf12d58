"""A channel: a place where people are notified."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """How people are notified. `target` is what the kind needs: an address, a URL."""

    id: UUID
    project: UUID
    created: datetime
    kind: str
    target: str
    name: str = ""
    events: tuple[str, ...] = ("down", "up")
    delay: int = 0  # seconds: a failure is only sent if the check is still down after them
    tags: str = ""  # only checks that have one of these tags
    auto_assign: bool = False  # to new checks that name no channels
    error: str | None = None  # why it is disabled
