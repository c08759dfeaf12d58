"""Making a check, at /p/<project>/new."""

from __future__ import annotations

from typing import Any

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from handlers.pages.form import Form
from handlers.pages.paths import check_path
from hcserver.domain.slug import slugify
from hcserver.errors import Forbidden, InvalidRequest
from hcserver.validation.check import parse_spec
from hcserver.validation.json_fields import without_prefix

_API_VERSION = 3
PERIODS = (
    (300, "5 minutes"), (900, "15 minutes"), (3600, "hour"), (21600, "6 hours"), (86400, "day"),
    (604800, "week"), (2592000, "30 days"),
)  # fmt: skip
GRACES = ((60, "1 minute"), (300, "5 minutes"), (1800, "30 minutes"), (3600, "1 hour"), (21600, "6 hours"),
          (86400, "1 day"))  # fmt: skip


class NewCheckPage(PageHandler):
    """Name and schedule; everything else is set on the check's page."""

    @signed_in
    async def get(self, project_id: str) -> None:
        await self.open_project(project_id, "editor")
        await self._show_form({"period": "86400", "grace": "3600", "tz": ""}, "")

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        try:
            spec = parse_spec(read_fields(self.form), _API_VERSION)
            check, _ = await self.services.check_editor.create(project, spec)
        except (InvalidRequest, Forbidden) as error:
            text = (
                without_prefix(error)
                if isinstance(error, InvalidRequest)
                else "The project has as many checks as it may have."
            )
            self.set_status(400)
            await self._show_form(self.form.values(), text)
            return
        self.go(check_path(check.id))

    async def _show_form(self, values: dict[str, str], error: str) -> None:
        await self.show(
            "new_check.html", title="New check", section="checks", values=values, error=error,
            periods=PERIODS, graces=GRACES,
        )  # fmt: skip


def read_fields(form: Form) -> dict[str, Any]:
    """The fields of the form as a request to the API would have them. A new check notifies every channel."""
    name = form.get("name")
    if not name:
        raise InvalidRequest("name is missing")
    fields: dict[str, Any] = {
        "name": name, "slug": slugify(name), "tags": form.get("tags"), "channels": "*",
        "grace": _number("grace", form.get("grace")),
    }  # fmt: skip
    if schedule := form.get("schedule"):
        return {**fields, "schedule": schedule, "tz": form.get("tz") or "UTC"}
    return {**fields, "timeout": _number("period", form.get("period"))}


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequest(f"{name} is not a number")
    return int(text)


ROUTES = [(rf"/p/{UUID_PATTERN}/new", NewCheckPage)]
