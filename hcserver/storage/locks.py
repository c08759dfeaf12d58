"""Locks by name, across all processes on one database."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from weakref import WeakValueDictionary

from pymongo.errors import DuplicateKeyError

from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable
from hcserver.storage.client import translated

LOCK_SECONDS = 10  # longer than any operation under a lock takes; after that its holder counts as dead
_RETRY_SECONDS = 0.02


class Locks:
    """Mutual exclusion by name: in this process in the order of arrival, then over all processes.

    A lock whose holder died is free after LOCK_SECONDS. A lock that this process could not release, because
    the database was not available, still belongs to this process.
    """

    def __init__(self, database: Any) -> None:
        self._locks = database["locks"]
        self._owner = secrets.token_hex(8)
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, name: str, clock: Clock, patience: float = 4.0) -> AsyncIterator[None]:
        """Hold the lock `name`. Raises Unavailable if others hold it for more than `patience` seconds."""
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
        # The work under the lock is done, even if the lock can not be released now.
        with suppress(Unavailable), translated("release a lock"):
            await self._locks.delete_one({"_id": name, "owner": self._owner})
