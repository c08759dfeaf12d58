"""Alert messages for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.notify.alert_message import AlertMessage
from hcserver.notify.body_preview import body_preview

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CHECK = UUID("11111111-2222-4333-8444-555555555555")


def check(**changes: Any) -> Check:
    fields: dict[str, Any] = {"name": "Nightly backup", "slug": "nightly-backup", "tags": "prod db"}
    fields |= {"status": "down", "n_pings": 7} | changes
    return Check(id=CHECK, project=UUID(int=1), badge=UUID(int=2), created=NOW - timedelta(days=90), **fields)


def ping(**changes: Any) -> Ping:
    fields: dict[str, Any] = {"type": "fail", "scheme": "https", "remote_addr": "192.0.2.7"}
    fields |= {"method": "POST", "exit_status": 3, "body": b"disk is full\n"} | changes
    fields["body_size"] = changes.get("body_size", len(fields["body"] or b""))
    return Ping(check=CHECK, n=7, at=NOW - timedelta(seconds=5), **fields)


def alert_message(event: Any = "down", *, last_ping: Ping | None = None, **changes: Any) -> AlertMessage:
    fields: dict[str, Any] = {
        "check": check(),
        "project": "Servers",
        "happened": NOW - timedelta(seconds=5),
        "since": NOW - timedelta(days=3, hours=4, seconds=5),
        "reason": "fail",
        "base_url": "https://hc.example.org",
        "now": NOW,
    }
    preview = body_preview(last_ping)
    return AlertMessage(
        id=UUID(int=7), event=event, last_ping=last_ping, body_preview=preview, **fields | changes
    )
