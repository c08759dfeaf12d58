"""A project: checks, channels and the keys that open them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """API keys are known only by their hashes. A limit of None means: as the configuration says."""

    id: UUID
    name: str
    created: datetime
    ping_key: str
    badge_key: str
    api_key_hash: str | None = None
    api_key_readonly_hash: str | None = None
    checks_limit: int | None = None
    pings_limit: int | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Where people are told. `target` is what the kind needs: an address, a URL."""

    id: UUID
    project: UUID
    created: datetime
    kind: str
    target: str
    name: str = ""
    events: tuple[str, ...] = ("down", "up")
    delay: int = 0  # seconds: told only if the check is still down after them
    tags: str = ""  # only checks that have one of these tags
    auto_assign: bool = False  # to new checks that name no channels
    error: str | None = None  # why it is disabled
