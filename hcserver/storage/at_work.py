"""The processes that change checks, and whether they have left everything in order when they ended.

It is for the embedded database only: one server at a time uses it, so whatever a starting server finds here
has died. Commands that run beside it enter and leave as well.
"""

from __future__ import annotations

import secrets
from typing import Any

from hcserver.storage.client import translated

COLLECTION = "at_work"
_LOOKED_THROUGH = "looked through"  # the id of the note that a server has looked through all logs


class AtWork:
    """A note for each process, which stays if the process dies."""

    def __init__(self, database: Any) -> None:
        self._notes = database[COLLECTION]
        self._process = secrets.token_hex(8)
        self._dead: list[str] = []

    async def enter(self) -> bool:
        """Note that this process changes checks from now on; whether all before it have left everything in
        order. Raises Unavailable.
        """
        with translated("note that this process is at work"):
            found = {note["_id"] async for note in self._notes.find({})}
            await self._notes.update_one({"_id": self._process}, {"$set": {"at_work": True}}, upsert=True)
        self._dead = list(found - {self._process, _LOOKED_THROUGH})
        return _LOOKED_THROUGH in found and not self._dead

    async def clear(self) -> None:
        """What those before this process have left is in order now. Raises Unavailable."""
        with translated("note that all logs were looked through"):
            note = {"$set": {"at_work": False}}
            await self._notes.update_one({"_id": _LOOKED_THROUGH}, note, upsert=True)
            await self._notes.delete_many({"_id": {"$in": self._dead}})

    async def leave(self) -> None:
        """This process has left everything in order. Raises Unavailable."""
        with translated("note that this process has ended"):
            await self._notes.delete_one({"_id": self._process})
