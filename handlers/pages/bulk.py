"""What is done to several checks of a list at once, at /p/<project>/bulk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, own_path, signed_in
from handlers.pages.checks import project_path
from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.domain.uuids import parse_uuid
from hcserver.domain.words import counted
from hcserver.errors import Conflict, InvalidRequest, NotFound
from hcserver.validation.check import parse_spec

SNOOZES: Final = {
    "1h": ("for 1 hour", timedelta(hours=1)),
    "4h": ("for 4 hours", timedelta(hours=4)),
    "1d": ("until tomorrow", timedelta(days=1)),
    "7d": ("for a week", timedelta(days=7)),
}
_API_VERSION: Final = 3  # whose rules hold for the fields of a form


class BulkActions(PageHandler):
    """The form around the list. Its field `check` has the ids of the selected checks, `action` what to do."""

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        action = self.form.get("action")
        if action == "confirm-delete" or action == "delete":
            await self._delete(project, confirmed=action == "delete")
            return
        act = self._action(project, action)
        done = 0
        for id in self._selected():
            try:
                await act(id)
                done += 1
            except (NotFound, Conflict):
                pass  # deleted meanwhile, or in that state already
        self._go_back(project, f"{counted(done, 'check')} {self._words(action)}.")

    def _selected(self) -> list[UUID]:
        ids = [parse_uuid(text) for text in self.form.all("check")]
        if not ids:
            raise InvalidRequest("No check is selected.")
        return [id for id in ids if id is not None]

    def _action(self, project: Project, action: str) -> Callable[[UUID], Awaitable[object]]:
        editor = self.services.check_editor
        match action:
            case "pause":
                return lambda id: editor.pause(project, id)
            case "resume":
                return lambda id: editor.resume(project, id)
            case "unsnooze":
                return lambda id: editor.snooze(project, id, None)
            case "tags":
                return lambda id: self._change_tags(project, id)
            case "channels":
                spec = parse_spec({"channels": ",".join(self.form.all("channel"))}, _API_VERSION)
                return lambda id: editor.update(project, id, spec)
        until = self._snoozed_until(action)
        return lambda id: editor.snooze(project, id, until)

    def _snoozed_until(self, action: str) -> datetime:
        name = action.removeprefix("snooze-")
        if name not in SNOOZES:
            raise InvalidRequest("action has an unexpected value")
        return self.services.clock() + SNOOZES[name][1]

    async def _change_tags(self, project: Project, id: UUID) -> Check:
        check = await self.services.checks.get(project, id)
        removed = set(self.form.get("remove_tags").split())
        tags = [tag for tag in check.tag_list() if tag not in removed]
        added = [tag for tag in self.form.get("add_tags").split() if tag not in tags]
        spec = parse_spec({"tags": " ".join([*tags, *added])}, _API_VERSION)
        return await self.services.check_editor.update(project, id, spec)

    async def _delete(self, project: Project, confirmed: bool) -> None:
        selected = self._selected()
        if confirmed:
            deleted = 0
            for id in selected:
                try:
                    await self.services.check_deletion.delete(project, id)
                    deleted += 1
                except NotFound:
                    pass
            self._go_back(project, f"{counted(deleted, 'check')} deleted.")
            return
        checks = []
        for id in selected:
            with suppress(NotFound):
                checks.append(await self.services.checks.get(project, id))
        await self.show("bulk_delete.html", title="Delete checks", section="checks", checks=checks)

    def _words(self, action: str) -> str:
        if action.startswith("snooze-"):
            return f"snoozed {SNOOZES[action.removeprefix('snooze-')][0]}"
        return {"pause": "paused", "resume": "resumed", "unsnooze": "no longer snoozed"}.get(
            action, "changed"
        )

    def _go_back(self, project: Project, notice: str) -> None:
        back = own_path(self.form.get("back"))
        self.go(back if back.startswith(project_path(project)) else project_path(project), notice)


ROUTES = [(rf"/p/{UUID_PATTERN}/bulk", BulkActions)]
