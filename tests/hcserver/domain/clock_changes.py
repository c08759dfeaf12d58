"""Changes of the clock in five zones, forward and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple


class ClockChange(NamedTuple):
    """A local time that one change skips, and one that another change shows twice, both in 2026."""

    tz: str
    skipped: str
    gap_end: datetime
    repeated: str
    first_pass: datetime


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


CLOCK_CHANGES = (
    ClockChange("Europe/Riga", "03:15", _utc("03-29 01:00"), "03:15", _utc("10-25 00:15")),
    ClockChange("America/New_York", "02:15", _utc("03-08 07:00"), "01:15", _utc("11-01 05:15")),
    ClockChange("Australia/Sydney", "02:15", _utc("10-03 16:00"), "02:15", _utc("04-04 15:15")),
    # By half an hour.
    ClockChange("Australia/Lord_Howe", "02:15", _utc("10-03 15:30"), "01:45", _utc("04-04 14:45")),
    # At midnight.
    ClockChange("America/Santiago", "00:15", _utc("09-06 04:00"), "23:15", _utc("04-05 02:15")),
)
