"""The set-up of a new server, at the link that it prints: the first user, and the name of the project."""

from __future__ import annotations

from handlers.pages.base import PageHandler, public
from handlers.pages.session_cookie import begin_session, client
from hcserver.errors import InvalidFields


class SetupPage(PageHandler):
    """Each method raises NotFound for a link that is not valid."""

    @public
    async def get(self, token: str) -> None:
        await self.services.accounts.require_setup_token(token)
        await self._show_form({"project_name": await self._proposed_name()}, {})

    @public
    async def post(self, token: str) -> None:
        name, password = self.form.get("name"), self.form.exact("password")
        project_name = self.form.get("project_name")
        try:
            session = await self.services.accounts.set_up(token, name, password, project_name, *client(self))
        except InvalidFields as error:
            self.set_status(400)
            await self._show_form({"name": name, "project_name": project_name}, error.faults)
            return
        begin_session(self, session)
        self.go("/")

    async def _proposed_name(self) -> str:
        """That of the only project; with several there is nothing to rename."""
        projects = await self.services.projects.all()
        return projects[0].name if len(projects) == 1 else ""

    async def _show_form(self, values: dict[str, str], faults: dict[str, str]) -> None:
        await self.show("setup.html", title="Welcome to hcserver", values=values, faults=faults)


ROUTES = [(r"/setup/([^/]+)", SetupPage)]
