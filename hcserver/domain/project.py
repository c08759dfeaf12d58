"""A project: a group of checks and channels, and the keys that give access to it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A project. Of API keys only the hashes are stored. A limit of None: the configured one applies.

    `badge_secret` signs the addresses of badges and is shown to nobody; projects that were made before there
    was one get it when their addresses are first asked for.
    """

    id: UUID
    name: str
    created: datetime
    ping_key: str
    badge_key: str
    badge_secret: str | None = None
    api_key_hash: str | None = None
    api_key_readonly_hash: str | None = None
    checks_limit: int | None = None
    pings_limit: int | None = None
