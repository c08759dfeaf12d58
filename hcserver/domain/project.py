"""A project: a group of checks and channels, and the keys that give access to it."""

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
