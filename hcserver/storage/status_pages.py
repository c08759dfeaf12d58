"""The store of status pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pymongo.errors import DuplicateKeyError

from hcserver.domain.status_page import StatusPage
from hcserver.storage.client import translated
from hcserver.storage.records import from_document, to_document


class StatusPageStore:
    """Status pages by id, by slug (which is unique) and by project."""

    def __init__(self, database: Any) -> None:
        self._pages = database["status_pages"]

    async def put(self, page: StatusPage) -> bool:
        """Insert a page, or replace the one with its id. False: another one has the slug; nothing changes."""
        with translated("store a status page"):
            try:
                await self._pages.replace_one({"_id": page.id}, to_document(page), upsert=True)
            except DuplicateKeyError:
                return False
        return True

    async def by_slug(self, slug: str) -> StatusPage | None:
        with translated("read a status page"):
            document = await self._pages.find_one({"slug": slug})
        return None if document is None else from_document(document, StatusPage)

    async def of_project(self, project: UUID) -> list[StatusPage]:
        """The oldest first."""
        with translated("read status pages"):
            documents = await self._pages.find({"project": project}).to_list(None)
        pages = [from_document(document, StatusPage) for document in documents]
        return sorted(pages, key=lambda page: (page.created, page.id))

    async def delete(self, id: UUID) -> None:
        with translated("delete a status page"):
            await self._pages.delete_one({"_id": id})

    async def delete_of_project(self, project: UUID) -> None:
        with translated("delete status pages"):
            await self._pages.delete_many({"project": project})
