"""The clock. Code that needs the time gets a Clock or a moment as an argument, so that tests can set it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Now in UTC, cut to milliseconds, the precision of the database."""
    return EPOCH + timedelta(milliseconds=time.time_ns() // 1_000_000)
