"""News: the changes of a process, for the other processes on the same database."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from hcserver.storage.client import translated


class NewsItem(NamedTuple):
    """A change that another process has made."""

    message: object  # the id of the message, which may be read several times
    subject: UUID  # a check, or a project
    project: UUID | None  # of the check; None: the subject is a project


class News:
    """Checks and projects that people have created, changed or deleted: other processes load them anew."""

    def __init__(self, database: Any) -> None:
        self._news = database["news"]
        self._publisher = secrets.token_hex(8)

    async def publish(self, at: datetime, project: UUID) -> None:
        """The project was changed: its keys, its settings, its channels or its maintenance windows."""
        await self._insert([{"subject": project, "at": at}])

    async def publish_checks(self, at: datetime, project: UUID, checks: Iterable[UUID]) -> None:
        """These checks of the project were created, changed or deleted."""
        await self._insert([{"subject": check, "project": project, "at": at} for check in checks])

    async def since(self, at: datetime) -> list[NewsItem]:
        """The news of other processes from `at` on."""
        with translated("listen to other processes"):
            cursor = self._news.find({"at": {"$gte": at}})
            return [
                NewsItem(document["_id"], document["subject"], document.get("project"))
                async for document in cursor
                if document.get("publisher") != self._publisher
            ]

    async def _insert(self, messages: list[dict[str, Any]]) -> None:
        with translated("publish news to other processes"):
            await self._news.insert_many([message | {"publisher": self._publisher} for message in messages])
