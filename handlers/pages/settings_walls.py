"""The walls of a project, at /p/<project>/settings/walls: made, listed, revoked."""

from __future__ import annotations

from handlers.api.base import UUID as UUID_PATTERN
from handlers.base import NOT_CACHED
from handlers.pages.base import PageHandler, signed_in
from hcserver.domain.project import Project
from hcserver.errors import InvalidFields
from hcserver.validation.limits import MAX_NAME


class WallsPage(PageHandler):
    """The link of a new wall is in the answer to its form, and nowhere else."""

    @signed_in
    async def get(self, project_id: str) -> None:
        await self._show_walls(await self.open_project(project_id, "admin"))

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        walls = self.services.public.walls
        if revoked := self.form.get("revoke"):
            wall = await walls.revoke(project, revoked)
            self.go(f"/p/{project.id}/settings/walls", notice=f"The link of {wall.name} works no longer.")
            return
        try:
            token = await walls.create(project, self.form.get("name"))
        except InvalidFields as error:
            self.set_status(400)
            await self._show_walls(project, faults=error.faults)
            return
        self.set_header("Cache-Control", NOT_CACHED)
        await self._show_walls(project, link=f"{self.base_url}/wall/{token}")

    async def _show_walls(
        self, project: Project, link: str = "", faults: dict[str, str] | None = None
    ) -> None:
        await self.show(
            "settings_walls.html",
            title="Walls",
            section="settings",
            tab="walls",
            walls=await self.services.public.walls.of_project(project),
            link=link,
            name=self.form.get("name") if faults else "",
            faults=faults or {},
            max_name=MAX_NAME,
        )


ROUTES = [(rf"/p/{UUID_PATTERN}/settings/walls", WallsPage)]
