"""Requests to create or change a maintenance window."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.maintenance_window import MaintenanceWindow, next_opening
from hcserver.domain.schedule import schedule_kind
from hcserver.validation import json_fields
from hcserver.validation.limits import MAX_NAME, MAX_TAG

MAX_MINUTES: Final = 10_080  # one week

_read_line = json_fields.line(MAX_TAG)


def parse_window(data: Mapping[str, object]) -> dict[str, Any]:
    """The values of the fields of a request; unknown ones are left out.

    Raises InvalidRequest with the problem of the alphabetically first faulty field.
    """
    return json_fields.parse(data, _READERS)


def apply_window(window: MaintenanceWindow, data: Mapping[str, object], now: datetime) -> MaintenanceWindow:
    """The window (a new one has no times at all) with the changes of the request; unknown fields are ignored.

    A request with fields of the other form (once, or recurring) changes the window to that form. One with a
    check or a tag, null and the empty tag included, replaces both. Raises InvalidRequest with the problem of
    the alphabetically first faulty field, else with the fields that contradict each other or are missing.
    """
    values = parse_window(data)
    if values.get("check") is not None and values.get("tag"):
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
        changed = _once(window, once)
    elif recurring:
        changed = _recurring(window, recurring)
    elif window.start is None and not window.schedule:
        raise json_fields.fault("start and end are missing, or schedule and minutes")
    else:
        return window
    if changed != window:  # a window that is over can still be posted as it is
        _require_future(changed, now)
    return changed


def _once(window: MaintenanceWindow, values: dict[str, Any]) -> MaintenanceWindow:
    start, end = values.get("start", window.start), values.get("end", window.end)
    if start is None or end is None:
        raise json_fields.fault(f"{'start' if start is None else 'end'} is missing")
    if end <= start:
        raise json_fields.fault("end is not after start")
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


def past_field(window: MaintenanceWindow, now: datetime) -> str | None:
    """The field that says that the window will never be open from now on; None: it will, or it is."""
    if window.end is not None and window.end <= now:
        return "end"
    if window.schedule and next_opening(window, now - timedelta(minutes=window.minutes)) is None:
        return "schedule"
    return None


def _require_future(window: MaintenanceWindow, now: datetime) -> None:
    if field := past_field(window, now):
        raise json_fields.fault(f"{field} is in the past")


@json_fields.takes(type="string", maxLength=MAX_TAG, pattern="^[^ ]*$")
def _tag(name: str, value: object) -> str:
    tag = _read_line(name, value)
    if " " in tag:
        raise json_fields.fault(f"{name} contains white space")
    return tag


@json_fields.takes(type=["string", "null"], format="uuid")
def _check_or_null(name: str, value: object) -> UUID | None:
    return None if value is None else json_fields.uuid(name, value)


@json_fields.takes(**json_fields.moment.schema)  # type: ignore[attr-defined]
def _second(name: str, value: object) -> datetime:
    """A moment in whole seconds, as the window's document shows it."""
    return json_fields.moment(name, value).replace(microsecond=0)


_READERS: Final[dict[str, json_fields.Reader]] = {
    "check": _check_or_null,
    "end": _second,
    "minutes": json_fields.integer(1, MAX_MINUTES),
    "name": json_fields.line(MAX_NAME),
    "schedule": json_fields.schedule,
    "start": _second,
    "tag": _tag,
    "tz": json_fields.tz,
}
SCHEMA: Final = json_fields.object_schema(_READERS)
_ONCE: Final[tuple[str, ...]] = ("start", "end")
_RECURRING: Final[tuple[str, ...]] = ("schedule", "tz", "minutes")
