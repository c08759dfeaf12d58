"""A channel: a way to notify people."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One way to notify people. `target` is what the kind needs: an address, a URL."""

    id: UUID
    project: UUID
    created: datetime
    kind: str
    target: str
    name: str = ""
    events: tuple[str, ...] = ("down", "up")
    delay: int = 0  # seconds; a failure that lasts no longer is not notified
    tags: str = ""  # only for checks that have one of these tags; empty: for all
    auto_assign: bool = False  # new checks get it, unless their channels are given
    error: str | None = None  # the reason why it is disabled; None: it is enabled
    # The reason why this process can't decrypt the target, which is "" then. It is not stored.
    unreadable: str | None = None

    @property
    def shown_error(self) -> str | None:
        """What is wrong with it, for people; None: nothing."""
        return self.error or self.unreadable
