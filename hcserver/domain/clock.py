"""The time, as the rest of the product takes it: an argument, never a call in the middle of a rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Now, in UTC and whole milliseconds: what the database can keep."""
    return EPOCH + timedelta(milliseconds=time.time_ns() // 1_000_000)
