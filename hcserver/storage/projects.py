"""The store of projects."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from hcserver.domain.project import Project
from hcserver.storage.client import translated
from hcserver.storage.records import from_document, to_document

KeyField = Literal["api_key_hash", "api_key_readonly_hash", "ping_key", "badge_key"]


class ProjectStore:
    """Projects by id and by each kind of key; all keys have unique indexes."""

    def __init__(self, database: Any) -> None:
        self._projects = database["projects"]

    async def insert(self, project: Project) -> None:
        with translated("create a project"):
            await self._projects.insert_one(to_document(project))

    async def all(self) -> list[Project]:
        """Every project, the oldest first."""
        with translated("read projects"):
            documents = await self._projects.find().to_list(None)
        return sorted(
            (from_document(one, Project) for one in documents),
            key=lambda project: (project.created, project.id),
        )

    async def get(self, id: UUID) -> Project | None:
        return await self._find({"_id": id})

    async def by_key(self, field: KeyField, value: str) -> Project | None:
        return await self._find({field: value})

    async def update(self, id: UUID, changes: dict[str, Any]) -> None:
        """Set fields; None removes a field."""
        absent = {name: 1 for name, value in changes.items() if value is None}
        present = {name: value for name, value in changes.items() if value is not None}
        update = {op: members for op, members in (("$set", present), ("$unset", absent)) if members}
        with translated("change a project"):
            await self._projects.update_one({"_id": id}, update)

    async def delete(self, id: UUID) -> None:
        with translated("delete a project"):
            await self._projects.delete_one({"_id": id})

    async def _find(self, query: dict[str, Any]) -> Project | None:
        with translated("read a project"):
            document = await self._projects.find_one(query)
        return None if document is None else from_document(document, Project)
