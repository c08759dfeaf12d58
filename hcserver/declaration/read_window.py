"""A maintenance window as a file declares it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from hcserver.declaration.faults import Faults
from hcserver.declaration.model import DeclaredWindow, Settings
from hcserver.declaration.tables import Table, require_known
from hcserver.domain.clock import EPOCH
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.errors import InvalidRequest
from hcserver.validation.json_fields import without_prefix
from hcserver.validation.window import apply_window, parse_window

# The settings of a window in the order in which they are shown and written.
FIELDS: Final = ("check", "tag", "start", "end", "schedule", "tz", "minutes")
_KNOWN: Final = ("name", *FIELDS)
_NOBODY: Final = UUID(int=0)
_BLANK: Final = MaintenanceWindow(id=_NOBODY, project=_NOBODY, created=EPOCH)


def read_window(table: Table, faults: Faults) -> DeclaredWindow | None:
    """The window of this table; None: it has faults, now noted."""
    before = len(faults.texts)
    require_known(table, _KNOWN, faults)
    given: dict[str, Any] = {}
    for field in ("name", *FIELDS):
        if field in table and field != "check":
            value = table[field]
            with faults.of_field(field):
                # TOML has moments of its own.
                given |= parse_window({field: value.isoformat() if isinstance(value, datetime) else value})
    if not table.get("name", ""):
        faults.add("name", "is missing: it says which window is meant")
    check = table.get("check")
    if check is not None and not (isinstance(check, str) and check):
        faults.add("check", "is not the slug of a check")
    if check is not None and given.get("tag"):
        faults.add("check", "does not go together with tag")
    if len(faults.texts) > before:
        return None
    try:
        # At a time when nothing was over: whether the window is matters only if it is to be changed.
        times = apply_window(_BLANK, as_sent(given), EPOCH)
    except InvalidRequest as error:
        faults.add("", without_prefix(error))
        return None
    return DeclaredWindow(
        place=faults.place,
        name=given["name"],
        check=check,
        settings=window_settings(times, check),
        times=times,
    )


def window_settings(window: MaintenanceWindow, check: str | None) -> Settings:
    """The settings of a window that say something; `check` is what a file calls its check."""
    found: Settings = {"check": check, "tag": window.tag, "start": window.start, "end": window.end}
    if window.schedule:
        found |= {"schedule": window.schedule, "tz": window.tz, "minutes": window.minutes}
    return {field: value for field, value in found.items() if value}


def as_sent(settings: Settings) -> dict[str, object]:
    """Settings as a request has them: moments are texts there."""
    return {
        field: value.isoformat() if isinstance(value, datetime) else value
        for field, value in settings.items()
    }
