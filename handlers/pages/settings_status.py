"""The status pages of a project, at /p/<project>/settings/status: made, changed, published, deleted."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from hcserver.domain.project import Project
from hcserver.domain.slug import slugify
from hcserver.domain.status_page import StatusPage
from hcserver.errors import InvalidFields
from hcserver.validation.limits import MAX_NAME
from hcserver.validation.status_page import MAX_SLUG, parse_status_page

_TAGS_SHOWN: Final = 30  # of the project's tags, as a help


class StatusPages(PageHandler):
    """The list. What is public is the business of the project's admins."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        await self.show(
            "settings_status.html",
            title="Status pages",
            section="settings",
            tab="status",
            pages=await self.services.public.status_pages.of_project(project),
            base_url=self.base_url,
        )


class StatusPageForm(PageHandler):
    """A new status page, or one that exists."""

    @signed_in
    async def get(self, project_id: str, page_id: str | None = None) -> None:
        project = await self.open_project(project_id, "admin")
        page = await self._page(project, page_id)
        suggested = slugify(project.name)[:MAX_SLUG].strip("-_")
        values = {"title": project.name, "slug": suggested, "names": "on"} if page is None else _values(page)
        await self._show_form(project, page, values, {})

    @signed_in
    async def post(self, project_id: str, page_id: str | None = None) -> None:
        project = await self.open_project(project_id, "admin")
        page = await self._page(project, page_id)
        pages = self.services.public.status_pages
        try:
            spec = parse_status_page(self.form.values())
            saved = await (
                pages.create(project, spec) if page is None else pages.update(project, page.id, spec)
            )
        except InvalidFields as error:
            self.set_status(400)
            await self._show_form(project, page, self.form.values(), error.faults)
            return
        published = "Saved. Everybody can see it now." if saved.published else "Saved. Nobody sees it yet."
        self.go(f"/p/{project.id}/settings/status", notice=published)

    async def _page(self, project: Project, page_id: str | None) -> StatusPage | None:
        """The page with this id; None: a new one."""
        if page_id is None:
            return None
        return await self.services.public.status_pages.get(project, UUID(page_id))

    async def _show_form(
        self, project: Project, page: StatusPage | None, values: dict[str, str], faults: dict[str, str]
    ) -> None:
        tags = sorted(await self.services.project_reader.tags(project.id))
        await self.show(
            "settings_status_form.html",
            title="New status page" if page is None else page.title,
            section="settings",
            tab="status",
            page=page,
            values=values,
            faults=faults,
            tags=tags[:_TAGS_SHOWN],
            max_name=MAX_NAME,
            max_slug=MAX_SLUG,
            base_url=self.base_url,
        )


class DeleteStatusPage(PageHandler):
    """What the button of the form is for."""

    @signed_in
    async def post(self, project_id: str, page_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        await self.services.public.status_pages.delete(project, UUID(page_id))
        self.go(f"/p/{project.id}/settings/status", notice="The status page is deleted.")


def _values(page: StatusPage) -> dict[str, str]:
    """The page as its form would send it."""
    return {
        "title": page.title,
        "slug": page.slug,
        "tags": " ".join(page.tags),
        "names": "on" if page.names else "",
        "published": "on" if page.published else "",
    }


ROUTES = [
    (rf"/p/{UUID_PATTERN}/settings/status", StatusPages),
    (rf"/p/{UUID_PATTERN}/settings/status/new", StatusPageForm),
    (rf"/p/{UUID_PATTERN}/settings/status/{UUID_PATTERN}", StatusPageForm),
    (rf"/p/{UUID_PATTERN}/settings/status/{UUID_PATTERN}/delete", DeleteStatusPage),
]
