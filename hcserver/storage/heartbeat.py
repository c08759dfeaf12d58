"""The heartbeat of the servers on a database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hcserver.storage.client import translated


class Heartbeat:
    """The time at which any server on this database was last running."""

    def __init__(self, database: Any) -> None:
        self._meta = database["meta"]

    async def last(self) -> datetime | None:
        with translated("read when a server last ran"):
            document = await self._meta.find_one({"_id": "alive"})
        return None if document is None else document["at"]

    async def came_back(self, at: datetime, away: timedelta) -> bool:
        """Record that a server runs again after at least `away`; returns False if another has recorded it."""
        with translated("note that the server runs"):
            absent = {"_id": "alive", "at": {"$lte": at - away}}
            result = await self._meta.update_one(absent, {"$set": {"at": at}})
        return bool(result.modified_count)

    async def beat(self, at: datetime) -> None:
        with translated("note that the server runs"):
            await self._meta.update_one({"_id": "alive"}, {"$set": {"at": at}}, upsert=True)

    async def answered(self) -> datetime | None:
        """The moment before which all emails in the log have been answered, as far as it was noted."""
        with translated("read which emails were answered"):
            document = await self._meta.find_one({"_id": "answered"})
        return None if document is None else document["at"]

    async def note_answered(self, before: datetime) -> None:
        """Emails stored before that moment have been answered. The noted moment never goes back."""
        with translated("note which emails were answered"):
            await self._meta.update_one({"_id": "answered"}, {"$max": {"at": before}}, upsert=True)
