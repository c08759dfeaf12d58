"""News: the changes of a process, for the other processes on the same database."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from hcserver.storage.client import translated


class News:
    """Checks and projects that were changed other than by pings: other processes load them anew."""

    def __init__(self, database: Any) -> None:
        self._news = database["news"]
        self._publisher = secrets.token_hex(8)

    async def publish(self, at: datetime, *subjects: UUID) -> None:
        with translated("publish news to other processes"):
            await self._news.insert_many(
                [{"subject": subject, "at": at, "publisher": self._publisher} for subject in subjects]
            )

    async def since(self, at: datetime) -> list[tuple[object, UUID]]:
        """The news of other processes from `at` on: (the id of the message, the check or project)."""
        with translated("listen to other processes"):
            cursor = self._news.find({"at": {"$gte": at}})
            return [(d["_id"], d["subject"]) async for d in cursor if d.get("publisher") != self._publisher]
