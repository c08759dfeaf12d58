from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from hcserver.domain.session import Session


def test_the_id_of_a_session_is_not_all_that_is_needed_to_find_it() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    session = Session(
        hash="ab" * 32, user=uuid4(), created=now, last_seen=now, expires=now, user_agent="", address="::1"
    )
    assert session.id == "ab" * 8
