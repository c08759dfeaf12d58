"""The store of walls."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from hcserver.domain.status_page import Wall
from hcserver.storage.client import translated


class WallStore:
    """Walls by the hashes of their tokens, and by project."""

    def __init__(self, database: Any) -> None:
        self._walls = database["walls"]

    async def insert(self, wall: Wall) -> None:
        document = msgspec.structs.asdict(wall)
        document["_id"] = document.pop("hash")
        with translated("create a wall"):
            await self._walls.insert_one(document)

    async def get(self, hash: str) -> Wall | None:
        with translated("read a wall"):
            document = await self._walls.find_one({"_id": hash})
        return None if document is None else _wall(document)

    async def of_project(self, project: UUID) -> list[Wall]:
        """The oldest first."""
        with translated("read walls"):
            documents = await self._walls.find({"project": project}).to_list(None)
        return sorted(map(_wall, documents), key=lambda wall: (wall.created, wall.hash))

    async def delete(self, hash: str) -> None:
        with translated("delete a wall"):
            await self._walls.delete_one({"_id": hash})

    async def delete_of_project(self, project: UUID) -> None:
        with translated("delete walls"):
            await self._walls.delete_many({"project": project})


def _wall(document: dict[str, Any]) -> Wall:
    return msgspec.convert({**document, "hash": document["_id"]}, Wall)
