"""Status pages, as people manage them and as visitors find them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.domain.status_page import StatusPage
from hcserver.errors import InvalidFields, NotFound
from hcserver.services.absences import Absences
from hcserver.services.accounts.recent import Recent
from hcserver.storage import Storage
from hcserver.validation.status_page import StatusPageSpec

MAX_PAGES: Final = 20  # of a project
REMEMBERED_FOR: Final = timedelta(seconds=30)  # changes are announced: this is for news that got lost


class StatusPages:
    """Every method raises Unavailable when the database is away and needed."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._recent: Recent[str, StatusPage] = Recent(clock, REMEMBERED_FOR)
        self._absent: Absences[str] = Absences(clock)

    async def create(self, project: Project, spec: StatusPageSpec) -> StatusPage:
        """Raises InvalidFields if another page has the slug, or if the project has MAX_PAGES."""
        page = _page(spec, uuid4(), project, self._clock())
        async with self._storage.locks.hold(f"status pages {project.id}", self._clock):
            if len(await self.of_project(project)) >= MAX_PAGES:
                raise InvalidFields({"title": f"A project has at most {MAX_PAGES} status pages."})
            await self._put(page)
        return page

    async def update(self, project: Project, id: UUID, spec: StatusPageSpec) -> StatusPage:
        """Raises NotFound; InvalidFields if another page has the slug."""
        before = await self.get(project, id)
        page = _page(spec, id, project, before.created)
        await self._put(page)
        return page

    async def delete(self, project: Project, id: UUID) -> None:
        """Raises NotFound."""
        page = await self.get(project, id)
        await self._storage.status_pages.delete(page.id)
        await self._changed(project.id)

    async def get(self, project: Project, id: UUID) -> StatusPage:
        """Raises NotFound, for a page of another project as well."""
        for page in await self.of_project(project):
            if page.id == id:
                return page
        raise NotFound("not found")

    async def of_project(self, project: Project) -> list[StatusPage]:
        """The oldest first."""
        return await self._storage.status_pages.of_project(project.id)

    async def published(self, slug: str) -> StatusPage:
        """The page that visitors find at this slug. Raises NotFound."""
        page = self._recent.get(slug) or await self._read(slug)
        if page is None or not page.published:
            raise NotFound("not found")
        return page

    def forget_all(self) -> None:
        """Some page has changed, by another process maybe."""
        self._recent.forget_all()
        self._absent.clear()

    async def _read(self, slug: str) -> StatusPage | None:
        if slug in self._absent:
            return None
        changes = self._recent.changes
        page = await self._storage.status_pages.by_slug(slug)
        if page is not None:
            self._recent.put(slug, page, changes)
        elif changes == self._recent.changes:
            self._absent.add(slug)
        return page

    async def _put(self, page: StatusPage) -> None:
        if not await self._storage.status_pages.put(page):
            raise InvalidFields({"slug": "Another status page has this address."})
        await self._changed(page.project)

    async def _changed(self, project: UUID) -> None:
        self.forget_all()
        await self._storage.news.publish(self._clock(), project)


def _page(spec: StatusPageSpec, id: UUID, project: Project, created: datetime) -> StatusPage:
    return StatusPage(
        id=id,
        project=project.id,
        created=created,
        slug=spec.slug,
        title=spec.title,
        tags=spec.tags,
        names=spec.names,
        published=spec.published,
    )
