from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hcserver.domain.clock import EPOCH, utc_now


def test_now_is_in_utc_and_in_whole_milliseconds() -> None:
    before = datetime.now(UTC)
    now = utc_now()
    assert now.tzinfo is UTC
    assert before - timedelta(milliseconds=1) <= now <= datetime.now(UTC)
    assert (now - EPOCH) % timedelta(milliseconds=1) == timedelta()
