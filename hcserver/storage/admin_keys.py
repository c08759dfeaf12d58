"""The store of admin keys."""

from __future__ import annotations

from typing import Any

import msgspec

from hcserver.domain.admin_key import AdminKey
from hcserver.storage.client import translated


class AdminKeyStore:
    """Admin keys by their hashes. There are only a few."""

    def __init__(self, database: Any) -> None:
        self._keys = database["admin_keys"]

    async def insert(self, key: AdminKey) -> None:
        with translated("create an admin key"):
            await self._keys.insert_one({"_id": key.hash, "created": key.created, "name": key.name})

    async def all(self) -> list[AdminKey]:
        """The oldest first."""
        with translated("read admin keys"):
            documents = await self._keys.find().to_list(None)
        return sorted(map(_key, documents), key=lambda key: (key.created, key.hash))

    async def get(self, hash: str) -> AdminKey | None:
        with translated("look up an admin key"):
            document = await self._keys.find_one({"_id": hash})
        return None if document is None else _key(document)

    async def delete(self, hash: str) -> None:
        with translated("delete an admin key"):
            await self._keys.delete_one({"_id": hash})


def _key(document: dict[str, Any]) -> AdminKey:
    return msgspec.convert({**document, "hash": document["_id"]}, AdminKey)
