"""Publishing the flips and alerts that stand in the documents of checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hcserver.domain.alert import Alert
from hcserver.domain.check import Check
from hcserver.services.events import EventBus, StatusChanged
from hcserver.services.intake.cached_check import CachedCheck
from hcserver.storage.flips import FlipStore


class AlertSink(Protocol):
    """Whoever makes notifications of alerts."""

    async def take(self, alerts: Sequence[tuple[Check, Alert]]) -> None:
        """Store what follows from the alerts; harmless when done again. Raises Unavailable."""


class OutboxPublisher:
    """Brings flips and alerts from the documents of checks to their own places; harmless when done again."""

    def __init__(self, flips: FlipStore, alerts: AlertSink, events: EventBus) -> None:
        self._flips = flips
        self._alerts = alerts
        self._events = events

    async def publish(self, cached_checks: Iterable[CachedCheck]) -> None:
        """Raises Unavailable; then the flips and alerts stay in the documents."""
        waiting = [one for one in cached_checks if one.stored_outbox and not one.outbox_published]
        flips = [(cached.check, flip) for cached in waiting for flip in cached.stored_outbox.flips]
        if flips:
            await self._flips.publish([flip for _, flip in flips])
        alerts = [(cached.check, alert) for cached in waiting for alert in cached.stored_outbox.alerts]
        if alerts:
            await self._alerts.take(alerts)
        for cached in waiting:
            cached.outbox_published = True
        for check, flip in flips:
            self._events.publish(StatusChanged(check, flip))
