"""Notifications as people read them: what became of each, and what it was about."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from hcserver.domain.alert import AlertEvent
from hcserver.domain.flip import Cause
from hcserver.domain.notification import Notification, NotificationStatus

_OUTCOMES: Final[dict[NotificationStatus, str]] = {
    "pending": "waiting",
    "sent": "delivered",
    "failed": "failed",
    "skipped": "not sent",
}
_EVENTS: Final[dict[AlertEvent, str]] = {
    "down": "is down",
    "up": "is up again",
    "start-too-long": "takes too long",
    "paused": "was paused",
    "reminder": "is still down",
}
CAUSES: Final[dict[Cause, str]] = {
    "ping": "a ping came",
    "fail": "a failure was reported",
    "too-short": "a run finished too soon",
    "timeout": "no report came in time",
    "pause": "somebody paused it",
    "resume": "somebody resumed it",
}


class Delivery(NamedTuple):
    """`word` is the outcome; `state` the state whose colour and shape it has; `detail` an error or a reason;
    `milliseconds` is how long the last attempt took, None if there was none.
    """

    notification: Notification
    at: datetime
    word: str
    state: str
    detail: str
    milliseconds: int | None

    @property
    def event(self) -> str:
        """What it says of the check, to stand behind the check's name."""
        return _EVENTS[self.notification.event]

    @property
    def cause(self) -> str:
        return CAUSES[self.notification.reason]

    @property
    def next(self) -> datetime | None:
        """When it is tried again by itself."""
        return self.notification.due if self.notification.status == "pending" else None

    @property
    def can_be_retried(self) -> bool:
        return self.notification.status == "failed"


def delivery(notification: Notification) -> Delivery:
    """What became of a notification, as far as it is known."""
    last = notification.attempts[-1] if notification.attempts else None
    error = None if last is None else last.error
    detail = notification.why or "" if notification.status == "skipped" else error or notification.why or ""
    return Delivery(
        notification=notification,
        at=notification.at if last is None else last.at,
        word=_OUTCOMES[notification.status],
        state={"sent": "up", "failed": "down", "pending": "running", "skipped": "new"}[notification.status],
        detail="" if notification.status == "sent" else detail,
        milliseconds=None if last is None else round(last.duration * 1000),
    )
