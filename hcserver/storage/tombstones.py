"""Tombstones: deleted checks that other processes may still have in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from hcserver.storage.client import batches, translated


class Tombstones:
    """Checks that were deleted recently: pings that another process still appended to them are removed."""

    def __init__(self, database: Any) -> None:
        self._tombstones = database["tombstones"]

    async def put(self, check: UUID, n_pings: int, log_from: int, at: datetime) -> None:
        with translated("mark a deleted check"):
            members = {"n_pings": n_pings, "log_from": log_from, "at": at}
            await self._tombstones.update_one({"_id": check}, {"$set": members}, upsert=True)

    async def extend(self, check: UUID, n_pings: int) -> None:
        """Record that the check's log has pings up to `n_pings`, if that is more than was known."""
        with translated("mark a deleted check"):
            await self._tombstones.update_one({"_id": check}, {"$max": {"n_pings": n_pings}})

    async def before(self, at: datetime) -> list[tuple[UUID, int, int]]:
        """(check, n_pings, log_from) of those put before `at`. The collection holds minutes, not history."""
        with translated("read deleted checks"):
            cursor = self._tombstones.find({"at": {"$lt": at}})
            return [(d["_id"], d["n_pings"], d["log_from"]) async for d in cursor]

    async def among(self, checks: Iterable[UUID]) -> set[UUID]:
        """Those of these checks that were deleted recently."""
        found: set[UUID] = set()
        for some in batches(checks):
            with translated("read deleted checks"):
                found |= {d["_id"] async for d in self._tombstones.find({"_id": {"$in": some}}, {"_id": 1})}
        return found

    async def drop(self, check: UUID) -> None:
        with translated("forget a deleted check"):
            await self._tombstones.delete_one({"_id": check})
