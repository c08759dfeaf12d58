"""The store of sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from hcserver.domain.session import Session
from hcserver.storage.client import translated


class SessionStore:
    """Sessions by the hashes of their tokens. The database removes them some time after they have expired."""

    def __init__(self, database: Any) -> None:
        self._sessions = database["sessions"]

    async def insert(self, session: Session) -> None:
        document = msgspec.structs.asdict(session)
        document["_id"] = document.pop("hash")
        with translated("create a session"):
            await self._sessions.insert_one(document)

    async def get(self, hash: str) -> Session | None:
        """It may have expired."""
        with translated("read a session"):
            document = await self._sessions.find_one({"_id": hash})
        return None if document is None else _session(document)

    async def of_user(self, user: UUID) -> list[Session]:
        """Those used last first. Some may have expired."""
        with translated("read sessions"):
            documents = await self._sessions.find({"user": user}).to_list(None)
        return sorted(map(_session, documents), key=lambda one: (one.last_seen, one.hash), reverse=True)

    async def touch(self, hash: str, last_seen: datetime, expires: datetime) -> None:
        """The session was used; nothing happens if it is gone."""
        with translated("write when a session was used"):
            changes = {"last_seen": last_seen, "expires": expires}
            await self._sessions.update_one({"_id": hash}, {"$set": changes})

    async def delete(self, hash: str) -> None:
        with translated("delete a session"):
            await self._sessions.delete_one({"_id": hash})

    async def delete_of_user(self, user: UUID, keep: str = "") -> None:
        """Delete all sessions of the user, but the one with the hash `keep`."""
        with translated("delete sessions"):
            documents = await self._sessions.find({"user": user}, {"_id": 1}).to_list(None)
            for document in documents:
                if document["_id"] != keep:
                    await self._sessions.delete_one({"_id": document["_id"]})


def _session(document: dict[str, Any]) -> Session:
    return msgspec.convert({**document, "hash": document["_id"]}, Session)
