"""The store of users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hcserver.domain.user import User, name_key
from hcserver.storage.client import translated
from hcserver.storage.records import from_document, to_document


class UserStore:
    """Users by id and by name. `key`, which has a unique index, is what `name_key` makes of the name."""

    def __init__(self, database: Any) -> None:
        self._users = database["users"]

    async def insert(self, user: User) -> None:
        with translated("create a user"):
            await self._users.insert_one({**to_document(user), "key": name_key(user.name)})

    async def all(self) -> list[User]:
        """Every user, in the order of their names."""
        with translated("read users"):
            documents = await self._users.find().to_list(None)
        return sorted((from_document(one, User) for one in documents), key=lambda user: name_key(user.name))

    async def any(self) -> bool:
        """Whether there is a user."""
        with translated("look for a user"):
            return await self._users.find_one({}, {"_id": 1}) is not None

    async def get(self, id: UUID) -> User | None:
        return await self._find({"_id": id})

    async def by_name(self, name: str) -> User | None:
        """The user who signs in with this name, in whichever case it is written."""
        return await self._find({"key": name_key(name)})

    async def set_password_hash(self, id: UUID, password_hash: str) -> None:
        with translated("change a password"):
            await self._users.update_one({"_id": id}, {"$set": {"password_hash": password_hash}})

    async def delete(self, id: UUID) -> None:
        with translated("delete a user"):
            await self._users.delete_one({"_id": id})

    async def _find(self, query: dict[str, Any]) -> User | None:
        with translated("read a user"):
            document = await self._users.find_one(query)
        return None if document is None else from_document(document, User)
