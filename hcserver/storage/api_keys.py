"""The store of named API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from hcserver.domain.api_key import ApiKey
from hcserver.storage.client import translated


class ApiKeyStore:
    """Named API keys by their hashes, and by project."""

    def __init__(self, database: Any) -> None:
        self._keys = database["api_keys"]

    async def insert(self, key: ApiKey) -> None:
        fields = msgspec.structs.asdict(key).items()
        document = {"_id" if name == "hash" else name: value for name, value in fields if value is not None}
        with translated("create an API key"):
            await self._keys.insert_one(document)

    async def get(self, hash: str) -> ApiKey | None:
        with translated("look up an API key"):
            document = await self._keys.find_one({"_id": hash})
        return None if document is None else _key(document)

    async def of_project(self, project: UUID) -> list[ApiKey]:
        """The oldest first."""
        with translated("read API keys"):
            documents = await self._keys.find({"project": project}).to_list(None)
        return sorted(map(_key, documents), key=lambda key: (key.created, key.hash))

    async def touch(self, hash: str, at: datetime) -> None:
        """The key was used then. Nothing happens if it is gone, or if it was used later, too."""
        with translated("write when an API key was used"):
            await self._keys.update_one({"_id": hash}, {"$max": {"last_used": at}})

    async def delete(self, hash: str) -> None:
        with translated("delete an API key"):
            await self._keys.delete_one({"_id": hash})

    async def delete_of_project(self, project: UUID) -> None:
        with translated("delete API keys"):
            await self._keys.delete_many({"project": project})


def _key(document: dict[str, Any]) -> ApiKey:
    return msgspec.convert({**document, "hash": document["_id"]}, ApiKey)
