"""The store of channels. Their targets are encrypted in the database and in clear everywhere above."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from hcserver.domain.channel import Channel
from hcserver.errors import Unavailable
from hcserver.storage.client import translated
from hcserver.storage.key_file import KeyFile, KeyFileError
from hcserver.storage.records import from_document, to_document
from hcserver.storage.target_cipher import TargetCipher, Undecryptable

log = logging.getLogger(__name__)

_GROUP = "group"  # the kind of channels whose target is no secret: the ids of other channels


class Encrypted(NamedTuple):
    """What `encrypt_all` has done, in channels."""

    rewritten: int
    unreadable: int  # left as they are, because their key is missing


class ChannelStore:
    """Channels by project. All methods raise Unavailable; `insert` and `replace` also for the key file.

    A channel whose target can't be decrypted, because its key is missing here, has the target "" and says why
    in `unreadable`. It can be changed like any other and keeps its stored target until it gets a new one.
    """

    def __init__(self, database: Any, keys: KeyFile) -> None:
        self._channels = database["channels"]
        self._cipher = TargetCipher(keys)
        self._logged: set[UUID] = set()  # channels of which it was logged that they are unreadable

    async def insert(self, channel: Channel) -> None:
        document = self._document(channel)
        with translated("create a channel"):
            await self._channels.insert_one(document)

    async def of_project(self, project: UUID) -> list[Channel]:
        """A project's channels, the oldest first."""
        with translated("read channels"):
            documents = await self._channels.find({"project": project}).sort("created", 1).to_list(None)
        return [self._channel(document) for document in documents]

    async def get(self, id: UUID) -> Channel | None:
        with translated("read a channel"):
            document = await self._channels.find_one({"_id": id})
        return None if document is None else self._channel(document)

    async def replace(self, channel: Channel) -> None:
        """Store the channel as it is now; one that is gone is not created."""
        document = self._document(channel)
        if channel.unreadable is None:
            with translated("change a channel"):
                await self._channels.replace_one({"_id": channel.id}, document)
            return
        update: dict[str, Any] = {"$set": document}
        if channel.error is None:
            update["$unset"] = {"error": ""}
        with translated("change a channel"):
            await self._channels.update_one({"_id": channel.id}, update)

    async def delete(self, id: UUID) -> None:
        with translated("delete a channel"):
            await self._channels.delete_one({"_id": id})

    async def delete_of_project(self, project: UUID) -> None:
        with translated("delete channels"):
            await self._channels.delete_many({"project": project})

    async def encrypt_all(self) -> Encrypted:
        """Encrypt with the current key what is stored in clear or was encrypted with an older key.

        It may run at any time and again: a channel that changes meanwhile keeps the change.
        Raises KeyFileError.
        """
        with translated("read channels"):
            secret = self._channels.find({"kind": {"$ne": _GROUP}}, {"target": 1})
            documents = await secret.to_list(None)
        current = self._cipher.current_key() if documents else ""
        rewritten = unreadable = 0
        for document in documents:
            id, stored = document["_id"], document.get("target")
            if isinstance(stored, dict) and stored.get("key") == current:
                continue
            try:
                target = self._cipher.decrypt(id, stored)
            except Undecryptable as error:
                self._log_unreadable(id, error)
                unreadable += 1
                continue
            fresh = self._cipher.encrypt(id, target)
            unchanged = {"target": stored} if isinstance(stored, str) else {"target.nonce": stored["nonce"]}
            with translated("encrypt a channel"):
                await self._channels.update_one({"_id": id, **unchanged}, {"$set": {"target": fresh}})
            rewritten += 1
        return Encrypted(rewritten, unreadable)

    def _document(self, channel: Channel) -> dict[str, Any]:
        document = to_document(channel)
        document.pop("unreadable", None)
        if channel.unreadable is not None:
            del document["target"]
        elif channel.kind != _GROUP:
            with _key_file_errors():
                document["target"] = self._cipher.encrypt(channel.id, channel.target)
        return document

    def _channel(self, document: dict[str, Any]) -> Channel:
        id = document["_id"]
        try:
            document["target"] = self._cipher.decrypt(id, document.get("target"))
        except Undecryptable as error:
            self._log_unreadable(id, error)
            document.update(target="", unreadable=str(error))
        else:
            self._logged.discard(id)
        return from_document(document, Channel)

    def _log_unreadable(self, id: UUID, error: Undecryptable) -> None:
        if id not in self._logged:
            self._logged.add(id)
            log.error("channel %s can't be used by this process: %s", id, error)


@contextmanager
def _key_file_errors() -> Iterator[None]:
    """Turn KeyFileError into Unavailable, and log it."""
    try:
        yield
    except KeyFileError as error:
        log.error("the targets of channels can't be encrypted: %s", error)
        raise Unavailable(f"channels can't be stored: {error}") from error
