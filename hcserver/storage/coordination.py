"""What several processes on one database tell each other: news, locks, and what is being deleted."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from pymongo.errors import DuplicateKeyError

from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable
from hcserver.storage.client import translated

LOCK_SECONDS = 10  # longer than any operation under a lock may take; then its holder counts as dead
_RETRY_SECONDS = 0.02


class News:
    """Checks and projects changed other than by pings: other processes drop what they remember of them."""

    def __init__(self, database: Any) -> None:
        self._news = database["news"]
        self._teller = secrets.token_hex(8)

    async def tell(self, at: datetime, *subjects: UUID) -> None:
        with translated("tell other processes"):
            await self._news.insert_many(
                [{"subject": subject, "at": at, "teller": self._teller} for subject in subjects]
            )

    async def since(self, at: datetime) -> list[tuple[object, UUID]]:
        """What others told at `at` or later: (an id of the message, the check or project)."""
        with translated("listen to other processes"):
            cursor = self._news.find({"at": {"$gte": at}})
            return [(d["_id"], d["subject"]) async for d in cursor if d["teller"] != self._teller]


class Locks:
    """Mutual exclusion by name: in this process in the order of arrival, then over all processes.

    A lock whose holder died is free after LOCK_SECONDS; one that this process could not give back, because
    the database was away, is its own still.
    """

    def __init__(self, database: Any) -> None:
        self._locks = database["locks"]
        self._owner = secrets.token_hex(8)
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, name: str, clock: Clock, patience: float = 4.0) -> AsyncIterator[None]:
        """Hold the lock `name`. Raises Unavailable if others don't let go of it for `patience` seconds."""
        async with self._here.setdefault(name, asyncio.Lock()):
            began = monotonic()
            while not await self._take(name, clock()):
                if monotonic() - began >= patience:
                    raise Unavailable("others are busy with this project, try again")
                await asyncio.sleep(_RETRY_SECONDS)
            try:
                yield
            finally:
                await self._release(name)

    async def _take(self, name: str, now: datetime) -> bool:
        holder = {"owner": self._owner, "until": now + timedelta(seconds=LOCK_SECONDS)}
        with translated("take a lock"):
            try:
                await self._locks.insert_one({"_id": name, **holder})
            except DuplicateKeyError:
                free = {"_id": name, "$or": [{"until": {"$lt": now}}, {"owner": self._owner}]}
                return bool((await self._locks.update_one(free, {"$set": holder})).matched_count)
        return True

    async def _release(self, name: str) -> None:
        # What was done under the lock is done, whether or not it can be given back in order.
        with suppress(Unavailable), translated("release a lock"):
            await self._locks.delete_one({"_id": name, "owner": self._owner})


class Pulse:
    """When a server on this database was last at work."""

    def __init__(self, database: Any) -> None:
        self._meta = database["meta"]

    async def last(self) -> datetime | None:
        with translated("read when a server last ran"):
            document = await self._meta.find_one({"_id": "alive"})
        return None if document is None else document["at"]

    async def came_back(self, at: datetime, away: timedelta) -> bool:
        """Note that a server is at work again after at least `away`. False: another has noted it already."""
        with translated("note that the server runs"):
            absent = {"_id": "alive", "at": {"$lte": at - away}}
            result = await self._meta.update_one(absent, {"$set": {"at": at}})
        return bool(result.modified_count)

    async def beat(self, at: datetime) -> None:
        with translated("note that the server runs"):
            await self._meta.update_one({"_id": "alive"}, {"$set": {"at": at}}, upsert=True)


class Tombstones:
    """Checks that were deleted a short while ago: what another process still appended to them goes, too."""

    def __init__(self, database: Any) -> None:
        self._tombstones = database["tombstones"]

    async def put(self, check: UUID, n_pings: int, log_from: int, at: datetime) -> None:
        with translated("mark a deleted check"):
            members = {"n_pings": n_pings, "log_from": log_from, "at": at}
            await self._tombstones.update_one({"_id": check}, {"$set": members}, upsert=True)

    async def extend(self, check: UUID, n_pings: int) -> None:
        """Note that the check's log went up to `n_pings`, if that is further than known."""
        with translated("mark a deleted check"):
            await self._tombstones.update_one({"_id": check}, {"$max": {"n_pings": n_pings}})

    async def before(self, at: datetime) -> list[tuple[UUID, int, int]]:
        """(check, n_pings, log_from) of those put before `at`. The collection holds minutes, not history."""
        with translated("read deleted checks"):
            cursor = self._tombstones.find({"at": {"$lt": at}})
            return [(d["_id"], d["n_pings"], d["log_from"]) async for d in cursor]

    async def drop(self, check: UUID) -> None:
        with translated("forget a deleted check"):
            await self._tombstones.delete_one({"_id": check})
