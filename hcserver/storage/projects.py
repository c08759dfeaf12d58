"""Projects and channels."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec

from hcserver.domain.project import Channel, Project
from hcserver.storage.client import translated

KeyField = Literal["api_key_hash", "api_key_readonly_hash", "ping_key", "badge_key"]


class ProjectStore:
    """Projects by id and by each kind of key, all by unique indexes."""

    def __init__(self, database: Any) -> None:
        self._projects = database["projects"]

    async def insert(self, project: Project) -> None:
        with translated("create a project"):
            await self._projects.insert_one(_document(project))

    async def all(self) -> list[Project]:
        """Every project, the oldest first."""
        with translated("read projects"):
            documents = await self._projects.find().to_list(None)
        return sorted(map(_project, documents), key=lambda project: (project.created, project.id))

    async def get(self, id: UUID) -> Project | None:
        return await self._find({"_id": id})

    async def by_key(self, field: KeyField, value: str) -> Project | None:
        return await self._find({field: value})

    async def update(self, id: UUID, changes: dict[str, Any]) -> None:
        """Set members; None removes one."""
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
        return None if document is None else _project(document)


class ChannelStore:
    """Channels by project."""

    def __init__(self, database: Any) -> None:
        self._channels = database["channels"]

    async def insert(self, channel: Channel) -> None:
        with translated("create a channel"):
            await self._channels.insert_one(_document(channel))

    async def of_project(self, project: UUID) -> list[Channel]:
        """A project's channels, the oldest first."""
        with translated("read channels"):
            documents = await self._channels.find({"project": project}).sort("created", 1).to_list(None)
        return [msgspec.convert(_renamed(document), Channel) for document in documents]

    async def get(self, id: UUID) -> Channel | None:
        with translated("read a channel"):
            document = await self._channels.find_one({"_id": id})
        return None if document is None else msgspec.convert(_renamed(document), Channel)

    async def replace(self, channel: Channel) -> None:
        with translated("change a channel"):
            await self._channels.replace_one({"_id": channel.id}, _document(channel))

    async def delete(self, id: UUID) -> None:
        with translated("delete a channel"):
            await self._channels.delete_one({"_id": id})

    async def delete_of_project(self, project: UUID) -> None:
        with translated("delete channels"):
            await self._channels.delete_many({"project": project})


def _document(record: Project | Channel) -> dict[str, Any]:
    members = {name: getattr(record, name) for name in record.__struct_fields__}
    members["_id"] = members.pop("id")
    return {name: value for name, value in members.items() if value is not None}


def _renamed(document: dict[str, Any]) -> dict[str, Any]:
    document["id"] = document.pop("_id")
    return document


def _project(document: dict[str, Any]) -> Project:
    return msgspec.convert(_renamed(document), Project)
