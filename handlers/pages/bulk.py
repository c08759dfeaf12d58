"""What is done to several checks of a list at once, at /p/<project>/bulk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, own_path, signed_in
from handlers.pages.many_checks import DEADLINE, change_each
from handlers.pages.paths import project_path
from handlers.pages.snoozes import Snooze, read_snooze
from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.domain.uuids import parse_uuid
from hcserver.domain.words import counted
from hcserver.errors import InvalidRequest, NotFound
from hcserver.validation.check import parse_spec

_API_VERSION: Final = 3  # whose rules hold for the fields of a form

Action = Callable[[UUID], Awaitable[object]]


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
        self.allow(DEADLINE)
        done = await change_each(await self._selected(project), lambda check: act(check.id))
        self._go_back(project, f"{counted(done, 'check')} {self._words(action)}.")

    async def _selected(self, project: Project) -> list[Check]:
        """The selected checks that are still there.

        Raises InvalidRequest, and Forbidden for one of another project.
        """
        ids = dict.fromkeys(parse_uuid(text) for text in self.form.all("check"))
        if not ids:
            raise InvalidRequest("No check is selected.")
        checks = []
        for id in filter(None, ids):
            with suppress(NotFound):
                checks.append(await self.services.checks.get(project, id))
        return checks

    def _action(self, project: Project, action: str) -> Action:
        editor = self.services.check_editor
        match action:
            case "pause":
                return lambda id: editor.pause(project, id)
            case "resume":
                return lambda id: editor.resume(project, id)
            case "tags":
                added, removed = (self.form.get(name).split() for name in ("add_tags", "remove_tags"))
                return lambda id: editor.change_tags(project, id, added, removed)
            case "add-channels":
                channels = self._channels()
                return lambda id: editor.change_channels(project, id, map(str, channels), ())
            case "remove-channels":
                channels = self._channels()
                return lambda id: editor.change_channels(project, id, (), channels)
            case "channels":
                spec = parse_spec({"channels": ",".join(self.form.all("channel"))}, _API_VERSION)
                return lambda id: editor.update(project, id, spec)
        snooze = self._snooze(action)
        return lambda id: editor.snooze(project, id, snooze.until)

    def _channels(self) -> list[UUID]:
        """Raises InvalidRequest."""
        channels = list(filter(None, map(parse_uuid, self.form.all("channel"))))
        if not channels:
            raise InvalidRequest("No channel is selected.")
        return channels

    def _snooze(self, action: str) -> Snooze:
        return read_snooze(action.removeprefix("snooze-"), self.form, self.services.clock())

    async def _delete(self, project: Project, confirmed: bool) -> None:
        checks = await self._selected(project)
        if confirmed:
            self.allow(DEADLINE)
            delete = self.services.check_deletion.delete
            deleted = await change_each(checks, lambda check: delete(project, check.id))
            self._go_back(project, f"{counted(deleted, 'check')} deleted.")
            return
        await self.show("bulk_delete.html", title="Delete checks", section="checks", checks=checks)

    def _words(self, action: str) -> str:
        if action.startswith("snooze-"):
            return self._snooze(action).words
        return {"pause": "paused", "resume": "resumed"}.get(action, "changed")

    def _go_back(self, project: Project, notice: str) -> None:
        back = own_path(self.form.get("back"))
        self.go(back if back.startswith(project_path(project)) else project_path(project), notice)


ROUTES = [(rf"/p/{UUID_PATTERN}/bulk", BulkActions)]
