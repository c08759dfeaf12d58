"""Making a project, at /new-project."""

from __future__ import annotations

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.settings import name_project
from hcserver.errors import Forbidden, InvalidFields
from hcserver.validation.limits import MAX_NAME
from hcserver.validation.status_page import short_line


class NewProjectPage(PageHandler):
    """For admins of the server."""

    @signed_in
    async def get(self) -> None:
        self._require_admin()
        await self._show_form("", {})

    @signed_in
    async def post(self) -> None:
        self._require_admin()
        try:
            project = await name_project(self, None, short_line("name", self.form.get("name")))
        except InvalidFields as error:
            self.set_status(400)
            await self._show_form(self.form.get("name"), error.faults)
            return
        self.go(f"/p/{project.id}/", notice="The project is there. Its keys are in the settings.")

    def _require_admin(self) -> None:
        if not self.user.admin:
            raise Forbidden("only admins of this server create projects")

    async def _show_form(self, name: str, faults: dict[str, str]) -> None:
        await self.show("new_project.html", title="New project", name=name, faults=faults, max_name=MAX_NAME)


ROUTES = [("/new-project", NewProjectPage)]
