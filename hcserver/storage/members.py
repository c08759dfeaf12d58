"""The store of the members of projects."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from bson.binary import Binary

from hcserver.domain.member import Member
from hcserver.storage.client import translated


class MemberStore:
    """Members by project and by user. The _id is the project's id followed by the user's."""

    def __init__(self, database: Any) -> None:
        self._members = database["members"]

    async def put(self, member: Member) -> None:
        """Store the member, or the new role of the member."""
        fields = msgspec.structs.asdict(member)
        with translated("write a member"):
            key = {"_id": _id(member.project, member.user)}
            await self._members.update_one(key, {"$set": fields}, upsert=True)

    async def get(self, project: UUID, user: UUID) -> Member | None:
        with translated("read a member"):
            document = await self._members.find_one({"_id": _id(project, user)})
        return None if document is None else msgspec.convert(document, Member)

    async def of_user(self, user: UUID) -> list[Member]:
        return await self._find({"user": user})

    async def of_project(self, project: UUID) -> list[Member]:
        return await self._find({"project": project})

    async def delete(self, project: UUID, user: UUID) -> None:
        with translated("delete a member"):
            await self._members.delete_one({"_id": _id(project, user)})

    async def delete_of_user(self, user: UUID) -> None:
        with translated("delete the memberships of a user"):
            await self._members.delete_many({"user": user})

    async def delete_of_project(self, project: UUID) -> None:
        with translated("delete the members of a project"):
            await self._members.delete_many({"project": project})

    async def _find(self, query: dict[str, Any]) -> list[Member]:
        with translated("read members"):
            documents = await self._members.find(query).to_list(None)
        return msgspec.convert(documents, list[Member])


def _id(project: UUID, user: UUID) -> Binary:
    return Binary(project.bytes + user.bytes)
