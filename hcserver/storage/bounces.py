"""Undeliverable messages that have come back, for a few days each."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from bson.binary import Binary
from pymongo.errors import DuplicateKeyError

from hcserver.storage.client import translated


class BounceStore:
    """One document for each message that has come back, so that a message counts once. They expire."""

    def __init__(self, database: Any) -> None:
        self._bounces = database["bounces"]

    async def add(self, channel: UUID, message: bytes, at: datetime) -> bool:
        """Note that a message, identified by `message`, has come back. False: it was noted before."""
        with translated("note an undeliverable message"):
            try:
                await self._bounces.insert_one(
                    {"_id": Binary(channel.bytes + message), "channel": channel, "at": at, "used": False}
                )
            except DuplicateKeyError:
                return False
        return True

    async def unused(self, channel: UUID, since: datetime) -> int:
        """How many of the channel's messages have come back since then, without those that are used up."""
        with translated("count undeliverable messages"):
            found = await self._bounces.find({"channel": channel}).to_list(None)
        return sum(one["at"] >= since and not one["used"] for one in found)

    async def use_up(self, channel: UUID) -> None:
        """Messages that have come back so far count no more; neither do they when they come back again."""
        with translated("note undeliverable messages"):
            await self._bounces.update_many({"channel": channel}, {"$set": {"used": True}})
