"""What people are told, and how telling them can fail."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping

MessageEvent = Literal["down", "up", "start-too-long", "paused", "reminder", "test"]


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell of one check. `id` is the same on every attempt to tell it, so that receivers can
    recognise what they have seen.
    """

    id: UUID
    event: MessageEvent
    check: Check  # as it is now
    project: str  # its name
    happened: datetime  # when the status changed
    since: datetime | None  # when the status that has ended began, if known
    reason: str  # "fail", "timeout", "ping", ...: see domain.flip.Cause
    last_ping: Ping | None  # with the first part of its body
    base_url: str  # of this server, without a slash at the end
    now: datetime
    bounce: str = ""  # address to which undeliverable mail returns; empty: to the sender

    @property
    def up(self) -> bool:
        """Good news."""
        return self.event == "up"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """It was taken. `status` is the receiver's own (an HTTP status, an SMTP reply code), if it has such."""

    status: int | None = None
