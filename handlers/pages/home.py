"""The first page, at /: what is down in all of the user's projects."""

from __future__ import annotations

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.checks import make_rows
from handlers.pages.paths import project_path
from hcserver.domain.check_filter import parse_filter
from hcserver.domain.shown_state import headline
from hcserver.services.reading.check_list import list_checks

SHOWN = 50  # checks of each project


class HomePage(PageHandler):
    """With one project, its list. With the header X-Fragment, only what changes while one looks."""

    @signed_in
    async def get(self) -> None:
        memberships = await self.memberships()
        if len(memberships) == 1:
            self.go(project_path(memberships[0].project))
            return
        wanted = parse_filter("is:down,late")
        projects, down = [], 0
        for membership in memberships:
            project = membership.project
            listed = await list_checks(self.services.project_reader, project.id, wanted, limit=SHOWN)
            rows = await make_rows(self, project, listed.found)
            down += listed.counts["down"]
            projects.append((project, headline(listed.counts), rows, listed.size > SHOWN))
        template = "home_now.html" if self.request.headers.get("X-Fragment") else "home.html"
        await self.show(template, title="Overview", projects=projects, down=down)


ROUTES = [("/", HomePage)]
