"""Records to store, and the mark of cases that need the real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.domain.session import Session
from hcserver.domain.user import User

# Not a fixed time: databases remove old news and notifications (TTL indexes) by their own clocks. What is
# kept for a minute must still be there when a long run of tests comes to its end.
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def server_only(reason: str) -> pytest.MarkDecorator:
    """The case runs on the embedded server alone, because the mock differs from MongoDB: `reason`."""
    assert reason
    return pytest.mark.parametrize("database", ["server"], indirect=True)


def fresh_name() -> str:
    return f"test_{uuid4().hex}"


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_check(**fields: Any) -> Check:
    return Check(**{"id": uuid4(), "project": uuid4(), "created": NOW, "badge": uuid4(), **fields})


def a_ping(check: UUID, n: int, **fields: Any) -> Ping:
    return Ping(check=check, n=n, at=NOW, type="success", scheme="http", remote_addr="192.0.2.1", **fields)


def a_project(**fields: Any) -> Project:
    keys = {"ping_key": uuid4().hex, "badge_key": uuid4().hex}
    return Project(**{"id": uuid4(), "name": "main", "created": NOW, **keys, **fields})


def a_notification(**fields: Any) -> Notification:
    ids = {"check": uuid4(), "channel": uuid4(), "project": uuid4()}
    rest = {"n": 1, "event": "down", "reason": "fail", "at": NOW, "due": NOW}
    return Notification(**{**ids, **rest, **fields})


def a_user(name: str, **fields: Any) -> User:
    return User(**{"id": uuid4(), "name": name, "created": NOW, **fields})


def a_session(hash: str, **fields: Any) -> Session:
    times = {"created": NOW, "last_seen": NOW, "expires": later(3600)}
    return Session(
        **{"hash": hash, "user": uuid4(), **times, "user_agent": "Firefox", "address": "::1", **fields}
    )
