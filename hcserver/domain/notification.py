"""A notification: one alert for one channel, from the decision to send it to the last attempt."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from hcserver.domain.alert import AlertEvent
from hcserver.domain.flip import Cause

NotificationStatus = Literal["pending", "sent", "failed", "skipped"]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try: when it began, how many seconds it took, what came back."""

    at: datetime
    duration: float
    status: int | None = None  # the receiver's own code
    error: str | None = None


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """`n` is the alert's number; (check, n, channel) names a notification for ever."""

    check: UUID
    n: int
    channel: UUID
    project: UUID
    event: AlertEvent
    reason: Cause
    at: datetime  # when it happened
    since: datetime | None = None
    ping: int = 0  # n of the last ping when it happened
    after_pause: bool = False  # see Alert
    took: float | None = None  # see Alert
    status: NotificationStatus = "pending"
    why: str | None = None  # why it is held back or was skipped, or how the mail came back
    held: bool = False  # it is held back, so that it is sent only if it still matters
    due: datetime | None = None  # when it is to be looked at next, while pending
    attempts: tuple[Attempt, ...] = ()
