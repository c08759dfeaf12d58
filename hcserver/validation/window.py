"""What clients say about a maintenance window when they create or update it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.schedule import schedule_kind
from hcserver.validation import json_fields
from hcserver.validation.check import MAX_NAME

MAX_TAG: Final = 100  # characters
MAX_MINUTES: Final = 10_080  # one week

_read_line = json_fields.line(MAX_TAG)


def _tag(name: str, value: object) -> str:
    tag = _read_line(name, value)
    if " " in tag:
        raise json_fields.fault(f"{name} contains white space")
    return tag


_READERS: Final[dict[str, json_fields.Reader]] = {
    "check": json_fields.uuid,
    "end": json_fields.moment,
    "minutes": json_fields.integer(1, MAX_MINUTES),
    "name": json_fields.line(MAX_NAME),
    "schedule": json_fields.schedule,
    "start": json_fields.moment,
    "tag": _tag,
    "tz": json_fields.tz,
}
_ONCE: Final[tuple[str, ...]] = ("start", "end")
_RECURRING: Final[tuple[str, ...]] = ("schedule", "tz", "minutes")


def apply_window(window: MaintenanceWindow, data: Mapping[str, object], now: datetime) -> MaintenanceWindow:
    """The window (a new one has no moments at all) with what the request says; unknown members are ignored.

    A request that names the other form (once, or recurring) takes the window over to it; one that names a
    check or a tag, the empty tag included, replaces what it was meant for. Raises InvalidRequest with the
    problem of the alphabetically first faulty member, else with what does not go together or is missing.
    """
    values = json_fields.parse(data, _READERS)
    if "check" in values and values.get("tag"):
        raise json_fields.fault("check and tag don't go together: name one of them, or none for all checks")
    if "check" in values or "tag" in values:
        window = replace(window, check=values.get("check"), tag=values.get("tag", ""))
    window = replace(window, name=values.get("name", window.name))
    once = {name: values[name] for name in _ONCE if name in values}
    recurring = {name: values[name] for name in _RECURRING if name in values}
    if once and recurring:
        raise json_fields.fault(
            f"{next(iter(once))} and {next(iter(recurring))} don't go together: "
            "a window has start and end, or schedule, tz and minutes"
        )
    if once:
        return _once(window, once, now)
    if recurring:
        return _recurring(window, recurring)
    if window.start is None and not window.schedule:
        raise json_fields.fault("start and end are missing, or schedule and minutes")
    return window


def _once(window: MaintenanceWindow, values: dict[str, Any], now: datetime) -> MaintenanceWindow:
    start, end = values.get("start", window.start), values.get("end", window.end)
    if start is None or end is None:
        raise json_fields.fault(f"{'start' if start is None else 'end'} is missing")
    if end <= start:
        raise json_fields.fault("end is not after start")
    if end <= now:
        raise json_fields.fault("end is in the past")
    return replace(window, start=start, end=end, kind="cron", schedule="", tz="UTC", minutes=0)


def _recurring(window: MaintenanceWindow, values: dict[str, Any]) -> MaintenanceWindow:
    schedule = values.get("schedule", window.schedule)
    minutes = values.get("minutes", window.minutes)
    if not schedule or not minutes:
        raise json_fields.fault(f"{'minutes' if schedule else 'schedule'} is missing")
    return replace(
        window,
        start=None,
        end=None,
        kind=schedule_kind(schedule),
        schedule=schedule,
        tz=values.get("tz", window.tz),
        minutes=minutes,
    )
