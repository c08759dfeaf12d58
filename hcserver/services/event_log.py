"""What happens to checks, in the log of the server: one line with fields for each event.

A log is read by more people than keys are for, and whoever knows the id of a check can ping it. So a line has
the beginning of the id only, as paths in the log have it, and the check's unique key.
"""

from __future__ import annotations

import logging
from uuid import UUID

from hcserver.domain.identifiers import unique_key
from hcserver.domain.notification import Notification
from hcserver.services.events import (
    CheckDeleted,
    EventBus,
    LogCleared,
    NotificationSettled,
    PingRecorded,
    StatusChanged,
)

log = logging.getLogger("hcserver.events")


def log_events(events: EventBus) -> None:
    """Log what is published from now on: pings at the level debug, everything else at info."""
    events.subscribe(PingRecorded, _ping)
    events.subscribe(StatusChanged, _flip)
    events.subscribe(NotificationSettled, _notification)
    events.subscribe(CheckDeleted, lambda event: _line("deleted", event.check.id, name=event.check.name))
    events.subscribe(LogCleared, lambda event: _line("cleared", event.check.id, name=event.check.name))


def _ping(event: PingRecorded) -> None:
    ping = event.ping
    _line(
        "ping",
        ping.check,
        logging.DEBUG,
        n=ping.n,
        type=ping.type,
        scheme=ping.scheme,
        remote_addr=ping.remote_addr,
        exit_status=ping.exit_status,
        rid=ping.rid,
    )


def _flip(event: StatusChanged) -> None:
    flip = event.flip
    _line(
        "flip",
        flip.check,
        name=event.check.name,
        n=flip.n,
        old=flip.old,
        new=flip.new,
        reason=flip.reason,
        at=flip.at.isoformat(),
    )


def _notification(event: NotificationSettled) -> None:
    notification = event.notification
    _line(
        "notification",
        notification.check,
        n=notification.n,
        channel=notification.channel,
        event=notification.event,
        result=notification.status,
        attempts=len(notification.attempts),
        why=notification.why,
        error=_last_error(notification),
    )


def _last_error(notification: Notification) -> str | None:
    return notification.attempts[-1].error if notification.attempts else None


def _line(message: str, check: UUID, level: int = logging.INFO, **fields: object) -> None:
    """Log the event, without the fields that have no value."""
    if not log.isEnabledFor(level):
        return
    named = {"check": f"{str(check)[:8]}…", "unique_key": unique_key(check), **fields}
    known = {name: value for name, value in named.items() if value is not None and value != ""}
    log.log(level, message, extra={"fields": known})
