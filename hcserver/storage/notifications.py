"""The store of notifications: those to be sent, and the log of those that were."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from bson.binary import Binary
from pymongo import DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError

from hcserver.domain.notification import Attempt, Notification, NotificationStatus
from hcserver.domain.notification_policy import LOOK_BACK
from hcserver.storage.client import DUPLICATE_KEY, batches, translated

_LOOK_AHEAD = 100
_READ_AT_ONCE = 500  # numbers of notifications, some 2 ms
_PRUNED_AT_ONCE = 20  # notifications that one command removes
_NATIVE = (UUID, datetime)

Place = tuple[UUID, int, UUID]  # check, n and channel of a notification


class Settlement(NamedTuple):
    """The outcome of a notification, and when it is due again (None: never)."""

    notification: Notification
    status: NotificationStatus
    why: str | None = None
    due: datetime | None = None
    attempt: Attempt | None = None  # the one that led to it
    held: bool = False


class NotificationStore:
    """Notifications by (check, n, channel), their _id; by check, by channel, by when they are due."""

    def __init__(self, database: Any) -> None:
        self._notifications = database["notifications"]

    async def add(self, notifications: Sequence[Notification]) -> list[Notification]:
        """Store those that are new, and return them."""
        with translated("store notifications"):
            try:
                await self._notifications.insert_many(list(map(_document, notifications)), ordered=False)
            except BulkWriteError as error:
                details = error.details or {}
                codes = {entry["code"] for entry in details.get("writeErrors", [])}
                if codes != {DUPLICATE_KEY} or details.get("writeConcernErrors"):
                    raise
                known = {entry["index"] for entry in details["writeErrors"]}
                return [one for index, one in enumerate(notifications) if index not in known]
        return list(notifications)

    async def due(self, until: datetime, limit: int, after: datetime | None = None) -> list[Notification]:
        """Those that are due at `until` or before (and later than `after`), the earliest first."""
        moment = {"$lte": until} if after is None else {"$gt": after, "$lte": until}
        with translated("look for notifications"):
            cursor = self._notifications.find({"due": moment}).sort("due", 1).limit(limit)
            return [_notification(document) async for document in cursor]

    async def claim(self, notification: Notification, until: datetime, held: bool = False) -> bool:
        """Lease it until `until`: no other process takes it before. Returns False if another was first.

        With `held` it remains held back, without it counts as being sent.
        """
        query = {"_id": _id(notification), "due": notification.due}
        with translated("claim a notification"):
            result = await self._notifications.update_one(query, {"$set": {"due": until, "held": held}})
        return bool(result.modified_count)

    async def settle(self, settlements: Sequence[Settlement]) -> list[None]:
        """Record outcomes. After Unavailable it may be repeated: each attempt counts once."""
        with translated("note the outcomes of notifications"):
            await self._notifications.bulk_write(list(map(_update, settlements)), ordered=False)
        return [None] * len(settlements)

    async def retry(self, check: UUID, n: int, channel: UUID, now: datetime) -> bool:
        """Make the notification pending and due at `now`, if it has failed; whether it had."""
        place = _place_id(check, n, channel)
        update = {"$set": {"status": "pending", "due": now, "held": False}, "$unset": {"why": 1}}
        with translated("retry a notification"):
            result = await self._notifications.update_one({"_id": place, "status": "failed"}, update)
        return bool(result.modified_count)

    async def before(self, notifications: Sequence[Notification]) -> list[list[Notification]]:
        """For each one the last few of the same check and channel before it, the newest first."""
        ids = [
            [_place(one, n) for n in range(one.n - 1, max(one.n - LOOK_BACK, 1) - 1, -1)]
            for one in notifications
        ]
        found: dict[bytes, Notification] = {}
        for some in batches(dict.fromkeys(chain.from_iterable(ids))):
            with translated("read notifications"):
                async for document in self._notifications.find({"_id": {"$in": some}}):
                    found[bytes(document["_id"])] = _notification(document)
        return [[found[place] for id in earlier if (place := bytes(id)) in found] for earlier in ids]

    async def read(self, places: Iterable[Place]) -> dict[Place, Notification]:
        """Those of these notifications that exist."""
        found: dict[Place, Notification] = {}
        for some in batches(_place_id(*place) for place in places):
            with translated("read notifications"):
                async for document in self._notifications.find({"_id": {"$in": some}}):
                    one = _notification(document)
                    found[one.check, one.n, one.channel] = one
        return found

    async def is_latest(self, notification: Notification, last: int) -> bool:
        """Whether there is no later one of the same check and channel, up to the check's alert `last`."""
        ns = range(notification.n + 1, min(last, notification.n + _LOOK_AHEAD) + 1)
        ids = [_place(notification, n) for n in ns]
        if not ids:
            return True
        with translated("read notifications"):
            return await self._notifications.find_one({"_id": {"$in": ids}}, {"_id": 1}) is None

    async def of_check(self, check: UUID, limit: int, before: datetime | None = None) -> list[Notification]:
        """The last `limit` ones (of what happened before that moment), the newest first."""
        query: dict[str, Any] = {"check": check}
        return await self._latest(query if before is None else {**query, "at": {"$lt": before}}, limit)

    async def of_channel(self, channel: UUID, limit: int) -> list[Notification]:
        """The last `limit` ones, the newest first."""
        return await self._latest({"channel": channel}, limit)

    async def latest(self, channel: UUID, start: datetime, end: datetime, limit: int) -> list[Notification]:
        """The last `limit` ones for the channel with start <= at < end, the latest first."""
        return await self._latest({"channel": channel, "at": {"$gte": start, "$lt": end}}, limit)

    async def prune(self, check: UUID, before: datetime, below: int) -> AsyncIterator[int]:
        """Remove the check's notifications with at < `before` and n < `below`, few at a time, but none that
        is still to be sent; how many were removed, after each command.
        """
        query = {"check": check, "at": {"$lt": before}}
        cursor = self._notifications.find(query, {"n": 1, "due": 1}, batch_size=_READ_AT_ONCE)
        while documents := await self._next(cursor):
            ids = [one["_id"] for one in documents if one["n"] < below and one.get("due") is None]
            for some in batches(ids, _PRUNED_AT_ONCE):
                # One that failed may be tried once more since it was read.
                settled = [DeleteOne({"_id": id, "due": {"$exists": False}}) for id in some]
                with translated("prune notifications"):
                    removed = (await self._notifications.bulk_write(settled, ordered=False)).deleted_count
                yield removed

    async def _next(self, cursor: Any) -> list[dict[str, Any]]:
        with translated("read notifications"):
            return list(await cursor.to_list(_READ_AT_ONCE))

    async def delete_of_check(self, check: UUID) -> None:
        with translated("delete notifications"):
            await self._notifications.delete_many({"check": check})

    async def _latest(self, query: dict[str, Any], limit: int) -> list[Notification]:
        with translated("read notifications"):
            cursor = self._notifications.find(query).sort("at", -1).limit(limit)
            return [_notification(document) async for document in cursor]


def _id(notification: Notification) -> Binary:
    return _place(notification, notification.n)


def _place(notification: Notification, n: int) -> Binary:
    """The _id of the same check's and channel's notification `n`."""
    return _place_id(notification.check, n, notification.channel)


def _place_id(check: UUID, n: int, channel: UUID) -> Binary:
    return Binary(check.bytes + n.to_bytes(8, "big") + channel.bytes)


def _update(settlement: Settlement) -> UpdateOne:
    members = {
        "status": settlement.status,
        "why": settlement.why,
        "due": settlement.due,
        "held": settlement.held,
    }
    update: dict[str, Any] = {
        "$set": {name: value for name, value in members.items() if value is not None},
        "$unset": {name: 1 for name, value in members.items() if value is None},
    }
    if settlement.attempt is not None:
        # Not $push: a write that is repeated because its answer was lost would store the attempt twice.
        attempt = msgspec.to_builtins(settlement.attempt, builtin_types=_NATIVE)
        update["$addToSet"] = {"attempts": attempt}
    return UpdateOne(
        {"_id": _id(settlement.notification)},
        {operator: fields for operator, fields in update.items() if fields},
    )


def _document(notification: Notification) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(notification, builtin_types=_NATIVE)
    document = {name: value for name, value in document.items() if value is not None}
    document["_id"] = _id(notification)
    return document


def _notification(document: dict[str, Any]) -> Notification:
    return msgspec.convert(document, Notification)
