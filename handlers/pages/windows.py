"""The maintenance windows of a project with a look ahead, at /p/<project>/windows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from handlers.pages.form import Form
from handlers.pages.window_bars import DAYS, window_bars
from handlers.pages.zones import reader_zone
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.project import Project
from hcserver.domain.schedule_words import in_words
from hcserver.domain.time_zone import canonical_zone
from hcserver.domain.window_preview import Opening, openings
from hcserver.domain.words import duration_in_words
from hcserver.errors import Forbidden, InvalidRequest
from hcserver.validation.json_fields import without_prefix

_STEP: Final = timedelta(minutes=30)  # between openings that are drawn: nearer ones can't be told apart
_PER_TURN: Final = 100  # openings that are looked for, some 5 ms, before others get their turn
_DEADLINE: Final = 30.0  # seconds: a project may have a hundred windows that open all the time
_LOCAL: Final = "%Y-%m-%dT%H:%M"  # of fields for a date and a time
_DEFAULTS: Final = {"form": "recurring", "tz": "", "minutes": "60", "schedule": ""}


class WindowRow(NamedTuple):
    """`next` is when the window opens next, or opened if it is `open` now; None: not within DAYS days."""

    window: MaintenanceWindow
    covers: str
    when: str
    bars: str
    next: Opening | None
    open: bool


async def make_row(window: MaintenanceWindow, check: str | None, now: datetime) -> WindowRow:
    """The row of a window; `check` is the name of the check that it is for, if it is for one.

    The days that are drawn begin with today, in the zone of `now`.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begin, end = midnight.astimezone(UTC), (midnight + timedelta(days=DAYS)).astimezone(UTC)
    found: list[Opening] = []
    upcoming = openings(window, begin, end, _STEP)
    while some := list(islice(upcoming, _PER_TURN)):
        found += some
        await asyncio.sleep(0)
    ahead = next(openings(window, now.astimezone(UTC), end), None)
    times = "not open"
    if found:
        first, last = (found[index].start.astimezone(now.tzinfo) for index in (0, -1))
        times = f"first on {first:%d %B}, last on {last:%d %B}"
    return WindowRow(
        window=window,
        covers=_covers(window, check),
        when=when_in_words(window),
        bars=window_bars(found, begin, f"The next {DAYS} days: {times}"),
        next=ahead,
        open=ahead is not None and ahead.start <= now,
    )


def when_in_words(window: MaintenanceWindow) -> str:
    """When the window is open, such as "03:00 on Sun, for 1 h 30 min (Europe/Riga)"."""
    if window.schedule:
        words = in_words(window.kind, 0, window.schedule, window.tz)
        return f"{words}, for {duration_in_words(window.minutes * 60)} ({window.tz})"
    assert window.start is not None and window.end is not None
    return f"once, for {duration_in_words((window.end - window.start).total_seconds())}"


class WindowsPage(PageHandler):
    """The list, and below it the form of a new window, or of the one that ?edit= names."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        edited = self.get_query_argument("edit", "")
        window = next((one for one in await self._windows(project) if str(one.id) == edited), None)
        values = dict(_DEFAULTS) if window is None else form_values(window)
        await self._show(project, values, "", window)

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        id = self.form.get("id")
        window = next((one for one in await self._windows(project) if str(one.id) == id), None)
        try:
            data = read_window(self.form)
            if window is None:
                await self.services.windows.create(project, data)
            else:
                await self.services.windows.update(project, window.id, data)
        except (InvalidRequest, Forbidden) as error:
            text = without_prefix(error) if isinstance(error, InvalidRequest) else str(error)
            self.set_status(400)
            await self._show(project, self.form.values(), text, window)
            return
        self.go(f"/p/{project.id}/windows", "Saved." if window else "The maintenance window is there.")

    async def _windows(self, project: Project) -> list[MaintenanceWindow]:
        return await self.services.windows.of_project(project)

    async def _show(
        self, project: Project, values: dict[str, str], error: str, edited: MaintenanceWindow | None
    ) -> None:
        self.allow(_DEADLINE)
        today = reader_zone(self).local(self.services.clock())
        shown = await self.services.project_reader.shown(project.id)
        checks = {one.id: one for one, _ in shown}
        rows = []
        for window in await self._windows(project):
            check = None if window.check is None else checks.get(window.check)
            name = None if window.check is None else check.name if check else "a deleted check"
            rows.append(await make_row(window, name, today))
        tags = sorted({tag for check in checks.values() for tag in check.tag_list()})
        await self.show(
            "windows.html",
            title="Maintenance windows",
            section="windows",
            rows=rows,
            days=[today + timedelta(days=day) for day in range(DAYS)],
            values=values,
            error=error,
            edited=edited,
            checks=sorted(checks.values(), key=lambda one: one.name.casefold()),
            tags=tags,
        )


class DeleteWindow(PageHandler):
    """The button in a row."""

    @signed_in
    async def post(self, project_id: str, window_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        await self.services.windows.delete(project, UUID(window_id))
        self.go(f"/p/{project.id}/windows", "The maintenance window is deleted.")


def read_window(form: Form) -> dict[str, Any]:
    """The fields of the form as a request to the API would have them. Raises InvalidRequest."""
    covered, _, value = form.get("covers").partition(":")
    fields: dict[str, Any] = {"name": form.get("name"), "check": None, "tag": ""}
    if covered == "check":
        fields["check"] = value
    elif covered == "tag":
        fields["tag"] = value
    tz = form.get("tz") or "UTC"
    if form.get("form") == "once":
        return {**fields, "start": _moment("start", form, tz), "end": _moment("end", form, tz)}
    minutes = form.get("minutes")
    if not (minutes.isascii() and minutes.isdigit() and len(minutes) < 10):
        raise InvalidRequest("minutes is not a number")
    return {**fields, "schedule": form.get("schedule"), "tz": tz, "minutes": int(minutes)}


def form_values(window: MaintenanceWindow) -> dict[str, str]:
    """What the form of this window has in its fields."""
    covers = f"tag:{window.tag}" if window.tag else f"check:{window.check}" if window.check else ""
    values = {"name": window.name, "covers": covers, "tz": window.tz}
    if window.schedule:
        return {**values, "form": "recurring", "schedule": window.schedule, "minutes": str(window.minutes)}
    assert window.start is not None and window.end is not None
    times = {"start": window.start.strftime(_LOCAL), "end": window.end.strftime(_LOCAL)}
    return {**_DEFAULTS, **values, **times, "form": "once", "tz": "UTC"}


def _moment(name: str, form: Form, tz: str) -> str:
    """A local time of the form as a moment with its offset."""
    text = form.get(name)
    try:
        at = datetime.strptime(text[:16], _LOCAL).replace(tzinfo=ZoneInfo(canonical_zone(tz)))
    except ValueError:
        fault = f"{name} is missing" if not text else f"{name} or its time zone is not valid"
        raise InvalidRequest(fault) from None
    return at.isoformat(timespec="seconds")


def _covers(window: MaintenanceWindow, check: str | None) -> str:
    if window.tag:
        return f"checks with the tag {window.tag}"
    if window.check is not None:
        return check or "a check without a name"
    return "all checks"


_LIST: Final = rf"/p/{UUID_PATTERN}/windows"
ROUTES = [(_LIST, WindowsPage), (rf"{_LIST}/{UUID_PATTERN}/delete", DeleteWindow)]
