"""The store of flips: every change of a check's status."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pymongo.errors import BulkWriteError

from hcserver.domain.flip import Flip
from hcserver.storage.client import DUPLICATE_KEY, batches, entry_id, translated

_BATCH = 500  # flips, some 5 ms
_PRUNED_AT_ONCE = 20  # flips that one command removes


class FlipStore:
    """Flips by (check, n), which is their _id; searched by check and time, or by time. The order of a check's
    flips is that of n.
    """

    def __init__(self, database: Any) -> None:
        self._flips = database["flips"]

    async def publish(self, flips: Iterable[Flip]) -> None:
        """Store flips. Those that exist already are left as they are, so that a repeated call is harmless."""
        with translated("store flips"):
            try:
                await self._flips.insert_many([flip_document(flip) for flip in flips], ordered=False)
            except BulkWriteError as error:
                details = error.details or {}
                codes = {entry["code"] for entry in details.get("writeErrors", [])}
                if codes != {DUPLICATE_KEY} or details.get("writeConcernErrors"):
                    raise

    async def read(
        self, check: UUID, start: datetime | None = None, end: datetime | None = None
    ) -> list[Flip]:
        """Flips with start <= at < end, the newest (with the highest n) first."""
        moments = {op: moment for op, moment in (("$gte", start), ("$lt", end)) if moment is not None}
        query: dict[str, Any] = {"check": check}
        if moments:
            query["at"] = moments
        with translated("read flips"):
            flips = [flip_of(document) async for document in self._flips.find(query)]
        return sorted(flips, key=lambda flip: flip.n, reverse=True)

    async def numbered(self, check: UUID, first: int, last: int) -> list[Flip]:
        """Flips with first <= n <= last, the newest first."""
        flips: list[Flip] = []
        for ids in batches(entry_id(check, n) for n in range(max(first, 1), last + 1)):
            with translated("read flips"):
                flips += [flip_of(document) async for document in self._flips.find({"_id": {"$in": ids}})]
        return sorted(flips, key=lambda flip: flip.n, reverse=True)

    async def latest(self, check: UUID, start: datetime, end: datetime, limit: int) -> list[Flip]:
        """The last `limit` flips of the check with start <= at < end, the latest first."""
        query = {"check": check, "at": {"$gte": start, "$lt": end}}
        with translated("read flips"):
            cursor = self._flips.find(query).sort("at", -1).limit(limit)
            return [flip_of(document) async for document in cursor]

    async def within(self, start: datetime, end: datetime, limit: int) -> list[Flip]:
        """The last `limit` flips of all checks with start <= at < end, the latest first."""
        with translated("read flips"):
            cursor = self._flips.find({"at": {"$gte": start, "$lt": end}}).sort("at", -1).limit(limit)
            # In batches: others have their turn while the next one is fetched.
            return [flip_of(document) async for document in cursor.batch_size(_BATCH)]

    async def prune(self, check: UUID, before: datetime, below: int) -> AsyncIterator[int]:
        """Remove the check's flips with at < `before` and n < `below`, the oldest first, few at a time; how
        many there were, after each command.
        """
        query = {"check": check, "at": {"$lt": before}}
        last = await self._outermost(query, -1)
        if last is None or (first := await self._outermost(query, 1)) is None:
            return
        ids = (entry_id(check, n) for n in range(first, min(last, below - 1) + 1))
        for some in batches(ids, _PRUNED_AT_ONCE):
            with translated("prune flips"):
                removed = (await self._flips.delete_many({"_id": {"$in": some}})).deleted_count
            yield removed

    async def _outermost(self, query: dict[str, Any], direction: int) -> int | None:
        """The number of the first flip that is found in the order of time, or of the last one."""
        with translated("read flips"):
            document = await self._flips.find_one(query, {"n": 1}, sort=[("at", direction)])
        return None if document is None else int(document["n"])

    async def delete(self, check: UUID) -> None:
        with translated("delete flips"):
            await self._flips.delete_many({"check": check})


def flip_document(flip: Flip) -> dict[str, Any]:
    """A flip as it is stored: in this collection, and in its check until it is published."""
    return {
        "_id": entry_id(flip.check, flip.n),
        "check": flip.check,
        "n": flip.n,
        "at": flip.at,
        "old": flip.old,
        "new": flip.new,
        "reason": flip.reason,
    }


def flip_of(document: dict[str, Any]) -> Flip:
    return msgspec.convert(document, Flip)
