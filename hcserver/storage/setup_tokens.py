"""The store of set-up tokens, with which the first user is created."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hcserver.storage.client import translated


class SetupTokens:
    """Set-up tokens by their hashes. Each process that starts without users adds one; all are good."""

    def __init__(self, database: Any) -> None:
        self._tokens = database["setup_tokens"]

    async def add(self, hash: str, expires: datetime) -> None:
        with translated("create a set-up token"):
            await self._tokens.insert_one({"_id": hash, "expires": expires})

    async def has(self, hash: str, now: datetime) -> bool:
        """Whether there is such a token that has not expired."""
        with translated("look up a set-up token"):
            document = await self._tokens.find_one({"_id": hash})
        return document is not None and document["expires"] > now

    async def clear(self) -> None:
        """Make all of them useless."""
        with translated("delete the set-up tokens"):
            await self._tokens.delete_many({})
