"""What the server measures of itself, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from hcserver.domain.clock import Clock, utc_now
from hcserver.services.events import (
    DeliveryAttempted,
    EventBus,
    NotificationSettled,
    PingRecorded,
    PingsAppended,
    StatusChanged,
)

CONNECTIONS: Final = "hcserver_connections"
LOOK_EVERY: Final = 1.0  # seconds between two looks at the lag of the event loop
_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_MINUTES: Final = (0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
_BATCHES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """Counts since the start of this process; `registry` has all of them. What is counted elsewhere, such as
    connections, is asked for when somebody looks.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._clock = clock
        self._looked: float | None = None
        self._gauges: dict[str, Gauge] = {}
        self.pings = self._counter("hcserver_pings", "Pings stored.", "type", "transport")
        self._acknowledgement = self._histogram(
            "hcserver_ping_acknowledgement_seconds", "Time from the receipt of a ping until it was stored."
        )
        self._batches = self._histogram(
            "hcserver_ping_batch_size", "Pings stored by one command of the database.", buckets=_BATCHES
        )
        self._flips = self._counter("hcserver_flips", "Changes of the status of a check.", "to")
        self._scheduler_lag = self._histogram(
            "hcserver_scheduler_lag_seconds",
            "Time from the end of grace until a check went down.",
            buckets=_MINUTES,
        )
        self._attempts = self._histogram(
            "hcserver_delivery_attempt_seconds", "Duration of the attempts to notify.", "kind", "result"
        )
        self.notifications = self._counter(
            "hcserver_notifications",
            "Notifications that were sent, failed for good or were skipped.",
            "result",
        )
        self._database = self._histogram(
            "hcserver_database_seconds", "Duration of the commands to the database.", "command"
        )
        self._database_errors = self._counter(
            "hcserver_database_errors", "Commands that the database did not carry out.", "command"
        )
        self._loop_lag = self._histogram(
            "hcserver_event_loop_lag_seconds", "How much later than asked for a task went on."
        )
        self._replies = self._counter("hcserver_smtp_replies", "Replies to SMTP clients.", "code")
        self._sessions = self._counter("hcserver_smtp_sessions", "SMTP connections that were greeted.")

    def subscribe(self, events: EventBus) -> None:
        """Count what is published from now on."""
        events.subscribe(PingRecorded, self._ping_recorded)
        events.subscribe(PingsAppended, self._pings_appended)
        events.subscribe(StatusChanged, self._status_changed)
        events.subscribe(DeliveryAttempted, self._delivery_attempted)
        events.subscribe(NotificationSettled, self._notification_settled)

    def watch(self, name: str, text: str, value: Callable[[], float], part: str = "") -> None:
        """Show `value` as a gauge; with `part`, as one of several that differ in the label `part`."""
        gauge = self._gauges.get(name)
        if gauge is None:
            labels = ["part"] if part else []
            gauge = self._gauges[name] = Gauge(name, text, labels, registry=self.registry)
        (gauge.labels(part) if part else gauge).set_function(value)

    def database_command(self, command: str, seconds: float, failed: bool) -> None:
        """A command to the database has ended. Any thread may say so."""
        self._database.labels(command).observe(seconds)
        if failed:
            self._database_errors.labels(command).inc()

    def smtp_reply(self, reply: str) -> None:
        """A reply has gone to an SMTP client."""
        if reply.startswith("220 "):
            self._sessions.inc()
        self._replies.labels(reply[:3]).inc()

    async def look_at_lag(self) -> float:
        """To be called again after the seconds that it returns."""
        now = monotonic()
        if self._looked is not None:
            self._loop_lag.observe(max(now - self._looked - LOOK_EVERY, 0.0))
        self._looked = monotonic()
        return LOOK_EVERY

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, *labels: str, buckets: Sequence[float] = _SECONDS
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    def _ping_recorded(self, event: PingRecorded) -> None:
        ping = event.ping
        self.pings.labels(ping.type, ping.scheme).inc()
        self._acknowledgement.observe(max((self._clock() - ping.at).total_seconds(), 0.0))

    def _pings_appended(self, event: PingsAppended) -> None:
        self._batches.observe(event.number)

    def _status_changed(self, event: StatusChanged) -> None:
        flip = event.flip
        self._flips.labels(flip.new).inc()
        if flip.reason == "timeout":
            self._scheduler_lag.observe(max((self._clock() - flip.at).total_seconds(), 0.0))

    def _delivery_attempted(self, event: DeliveryAttempted) -> None:
        result = "sent" if event.attempt.error is None else "failed"
        self._attempts.labels(event.kind, result).observe(event.attempt.duration)

    def _notification_settled(self, event: NotificationSettled) -> None:
        self.notifications.labels(event.notification.status).inc()


def total(counter: Counter) -> int:
    """What the counter has counted, whatever its labels."""
    return sum(
        int(sample.value)
        for family in counter.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    )
