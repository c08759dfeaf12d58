"""The API's list of the addresses of a project's badges."""

from __future__ import annotations

from handlers.api.base import ApiHandler, Routes, requires, route
from handlers.api.operation import describes
from handlers.api.schemas import ref
from handlers.badges import ALL, badge_addresses


class BadgesHandler(ApiHandler):
    """badges/"""

    @requires("read")
    @describes("List the addresses of all badges", {200: ref("Badges")})
    async def get(self) -> None:
        tags = sorted(await self.services.project_reader.tags(self.project.id) - {ALL})
        project = await self.services.projects.with_badge_secret(self.project)
        badges = {tag: badge_addresses(self.base_url, project, tag) for tag in [*tags, ALL]}
        self.write_json({"badges": badges})


ROUTES: Routes = [(route(r"badges/"), BadgesHandler)]
