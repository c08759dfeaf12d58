"""For how long people can snooze a check."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from handlers.pages.form import Form
from hcserver.domain.time_zone import zone
from hcserver.errors import InvalidRequest

DURATIONS: Final = {
    "1h": ("for 1 hour", timedelta(hours=1)),
    "4h": ("for 4 hours", timedelta(hours=4)),
    "1d": ("until tomorrow", timedelta(days=1)),
    "7d": ("for a week", timedelta(days=7)),
}


class Snooze(NamedTuple):
    """Until when nobody is notified (None: the snooze is ended), and what is said of the check then."""

    until: datetime | None
    words: str


def read_snooze(choice: str, form: Form, now: datetime) -> Snooze:
    """`choice` is one of DURATIONS, "end", or "date": until the day in the field `until` begins.

    The field `tz` has the zone in which it does (none: UTC). Raises InvalidRequest.
    """
    if choice == "end":
        return Snooze(None, "no longer snoozed")
    if choice == "date":
        return _until_date(form.get("until"), form.get("tz") or "UTC", now)
    if choice not in DURATIONS:
        raise InvalidRequest("action has an unexpected value")
    words, length = DURATIONS[choice]
    return Snooze(now + length, f"snoozed {words}")


def _until_date(day: str, tz: str, now: datetime) -> Snooze:
    try:
        midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone(tz))
        until = midnight.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest("until is not a date, or tz is not a time zone") from None
    if until <= now:
        raise InvalidRequest("until is not a date in the future")
    return Snooze(until, f"snoozed until {day}")
