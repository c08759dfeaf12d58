"""The store of notifications: those to be sent, and the log of those that were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from bson.binary import Binary
from pymongo.errors import BulkWriteError

from hcserver.domain.notification import Attempt, Notification
from hcserver.domain.notification_policy import LOOK_BACK
from hcserver.storage.client import DUPLICATE_KEY, translated

_LOOK_AHEAD = 100
_NATIVE = (UUID, datetime)


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

    async def settle(
        self, notification: Notification, status: str, why: str | None, due: datetime | None,
        attempt: Attempt | None = None, held: bool = False,
    ) -> None:  # fmt: skip
        """Record its outcome, and when it is due again (None: never)."""
        members: dict[str, Any] = {"status": status, "why": why, "due": due, "held": held}
        update: dict[str, Any] = {
            "$set": {name: value for name, value in members.items() if value is not None},
            "$unset": {name: 1 for name, value in members.items() if value is None},
        }
        if attempt is not None:
            update["$push"] = {"attempts": msgspec.to_builtins(attempt, builtin_types=_NATIVE)}
        with translated("note the outcome of a notification"):
            await self._notifications.update_one(
                {"_id": _id(notification)}, {op: members for op, members in update.items() if members}
            )

    async def before(self, notification: Notification) -> list[Notification]:
        """The last few of the same check and channel before it, the newest first."""
        ids = [_place(notification, n) for n in range(max(notification.n - LOOK_BACK, 1), notification.n)]
        if not ids:
            return []
        with translated("read notifications"):
            documents = await self._notifications.find({"_id": {"$in": ids}}).to_list(None)
        return sorted(map(_notification, documents), key=lambda one: one.n, reverse=True)

    async def is_latest(self, notification: Notification, last: int) -> bool:
        """Whether there is no later one of the same check and channel, up to the check's alert `last`."""
        ns = range(notification.n + 1, min(last, notification.n + _LOOK_AHEAD) + 1)
        ids = [_place(notification, n) for n in ns]
        if not ids:
            return True
        with translated("read notifications"):
            return await self._notifications.find_one({"_id": {"$in": ids}}, {"_id": 1}) is None

    async def of_check(self, check: UUID, limit: int) -> list[Notification]:
        """The last `limit` ones, the newest first."""
        return await self._latest({"check": check}, limit)

    async def of_channel(self, channel: UUID, limit: int) -> list[Notification]:
        """The last `limit` ones, the newest first."""
        return await self._latest({"channel": channel}, limit)

    async def delete_of_check(self, check: UUID) -> None:
        with translated("delete notifications"):
            await self._notifications.delete_many({"check": check})

    async def _latest(self, query: dict[str, UUID], limit: int) -> list[Notification]:
        with translated("read notifications"):
            cursor = self._notifications.find(query).sort("at", -1).limit(limit)
            return [_notification(document) async for document in cursor]


def _id(notification: Notification) -> Binary:
    return _place(notification, notification.n)


def _place(notification: Notification, n: int) -> Binary:
    """The _id of the same check's and channel's notification `n`."""
    return Binary(notification.check.bytes + n.to_bytes(8, "big") + notification.channel.bytes)


def _document(notification: Notification) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(notification, builtin_types=_NATIVE)
    document = {name: value for name, value in document.items() if value is not None}
    document["_id"] = _id(notification)
    return document


def _notification(document: dict[str, Any]) -> Notification:
    return msgspec.convert(document, Notification)
