"""The store of channels."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hcserver.domain.channel import Channel
from hcserver.storage.client import translated
from hcserver.storage.records import from_document, to_document


class ChannelStore:
    """Channels by project."""

    def __init__(self, database: Any) -> None:
        self._channels = database["channels"]

    async def insert(self, channel: Channel) -> None:
        with translated("create a channel"):
            await self._channels.insert_one(to_document(channel))

    async def of_project(self, project: UUID) -> list[Channel]:
        """A project's channels, the oldest first."""
        with translated("read channels"):
            documents = await self._channels.find({"project": project}).sort("created", 1).to_list(None)
        return [from_document(document, Channel) for document in documents]

    async def get(self, id: UUID) -> Channel | None:
        with translated("read a channel"):
            document = await self._channels.find_one({"_id": id})
        return None if document is None else from_document(document, Channel)

    async def replace(self, channel: Channel) -> None:
        with translated("change a channel"):
            await self._channels.replace_one({"_id": channel.id}, to_document(channel))

    async def delete(self, id: UUID) -> None:
        with translated("delete a channel"):
            await self._channels.delete_one({"_id": id})

    async def delete_of_project(self, project: UUID) -> None:
        with translated("delete channels"):
            await self._channels.delete_many({"project": project})
