from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from handlers.pages.deliveries import delivery
from hcserver.domain.notification import Attempt, Notification

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ID = UUID(int=1)
FAILED = Attempt(at=NOW, duration=0.0421, error="no answer")
SENT = Attempt(at=NOW, duration=1.5, status=200)


def notification(**fields: Any) -> Notification:
    names = {"check": ID, "n": 1, "channel": ID, "project": ID}
    return Notification(**{**names, "event": "down", "reason": "fail", "at": NOW, **fields})


@pytest.mark.parametrize(
    ("fields", "word", "detail", "milliseconds"),
    [
        ({"status": "sent", "attempts": (FAILED, SENT)}, "delivered", "", 1500),
        ({"status": "failed", "attempts": (FAILED,)}, "failed", "no answer", 42),
        ({"status": "pending", "why": "snoozed"}, "waiting", "snoozed", None),
        ({"status": "pending", "attempts": (FAILED,), "why": "again"}, "waiting", "no answer", 42),
        ({"status": "skipped", "why": "it is disabled"}, "not sent", "it is disabled", None),
    ],
)
def test_a_delivery_says_what_became_of_it(
    fields: dict[str, Any], word: str, detail: str, milliseconds: int | None
) -> None:
    found = delivery(notification(**fields))
    assert (found.word, found.detail, found.milliseconds) == (word, detail, milliseconds)
    assert found.can_be_retried is (fields["status"] == "failed")


def test_a_delivery_says_what_it_was_about() -> None:
    found = delivery(notification(event="start-too-long", reason="timeout"))
    assert (found.event, found.cause) == ("takes too long", "no report came in time")
