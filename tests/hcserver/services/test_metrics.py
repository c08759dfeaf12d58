from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.clock import utc_now
from hcserver.domain.notification import Attempt, Notification
from hcserver.services import metrics as module
from hcserver.services.events import DeliveryAttempted, EventBus, NotificationSettled
from hcserver.services.metrics import Metrics, total


def value(metrics: Metrics, name: str, **labels: Any) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def settled(status: Any) -> NotificationSettled:
    return NotificationSettled(
        Notification(
            check=uuid4(), n=1, channel=uuid4(), project=uuid4(),
            event="down", reason="fail", at=utc_now(), status=status,
        )
    )  # fmt: skip


def test_deliveries_are_counted_by_kind_and_result() -> None:
    metrics, events = Metrics(), EventBus()
    metrics.subscribe(events)
    now = utc_now()
    events.publish(DeliveryAttempted("email", Attempt(at=now, duration=0.2)))
    events.publish(DeliveryAttempted("email", Attempt(at=now, duration=1, error="refused")))
    name = "hcserver_delivery_attempt_seconds_sum"
    assert value(metrics, name, kind="email", result="sent") == 0.2
    assert value(metrics, name, kind="email", result="failed") == 1
    events.publish(settled("sent"))
    events.publish(settled("sent"))
    events.publish(settled("skipped"))
    assert value(metrics, "hcserver_notifications_total", result="sent") == 2
    assert total(metrics.notifications) == 3


def test_commands_of_the_database_are_counted_and_their_failures_apart() -> None:
    metrics = Metrics()
    metrics.database_command("insert", 0.004, False)
    metrics.database_command("insert", 2.0, True)
    assert value(metrics, "hcserver_database_seconds_sum", command="insert") == 2.004
    assert value(metrics, "hcserver_database_seconds_bucket", command="insert", le="0.005") == 1
    assert value(metrics, "hcserver_database_errors_total", command="insert") == 1


def test_smtp_replies_are_counted_by_code_and_greetings_as_sessions() -> None:
    metrics = Metrics()
    for reply in ("220 mx.example.org ESMTP hcserver", "250-mx\r\n250 SIZE", "550 5.1.1 No such check"):
        metrics.smtp_reply(reply)
    assert value(metrics, "hcserver_smtp_sessions_total") == 1
    assert value(metrics, "hcserver_smtp_replies_total", code="250") == 1
    assert value(metrics, "hcserver_smtp_replies_total", code="550") == 1


async def test_the_lag_of_the_event_loop_is_what_a_look_comes_too_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    metrics = Metrics()
    assert await metrics.look_at_lag() == 1.0
    now += 1.25
    await metrics.look_at_lag()
    now += 0.9
    await metrics.look_at_lag()
    assert value(metrics, "hcserver_event_loop_lag_seconds_count") == 2
    assert value(metrics, "hcserver_event_loop_lag_seconds_sum") == 0.25


def test_what_is_watched_is_asked_for_when_somebody_looks() -> None:
    metrics, number = Metrics(), 1
    metrics.watch("waiting", "What waits.", lambda: number)
    metrics.watch("open", "What is open.", lambda: 2 * number, "http")
    metrics.watch("open", "What is open.", lambda: 3 * number, "smtp")
    number = 5
    assert value(metrics, "waiting") == 5
    assert value(metrics, "open", part="http") == 10
    assert value(metrics, "open", part="smtp") == 15
