"""Whole collections as encoded documents, for dump and load, which decode hardly any of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import bson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from hcserver.storage.at_work import COLLECTION as AT_WORK
from hcserver.storage.client import translated
from hcserver.storage.schema import SCHEMA_VERSION

META = "meta"  # has the schema version, and the mark of a load that is not finished
MAX_DOCUMENT_BYTES = 17 * 1024 * 1024  # MongoDB's limit is 16 MiB and a little
LENGTH_BYTES = 4  # a document begins with its length (https://bsonspec.org)

_LOADING = {"_id": "loading"}
# These collections mean nothing elsewhere: data for seconds, from one process to another, whether processes
# have ended in order, and what gives access to this server only.
_TRANSIENT = {AT_WORK, "locks", "news", "processes", "written", "sessions", "setup_tokens", "walls"}


class RawDatabase:
    """The collections of one database. All methods raise Unavailable."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.name: str = database.name

    async def collections(self) -> list[str]:
        """The names of all collections that are worth keeping."""
        with translated("list collections"):
            names: list[str] = await self._database.list_collection_names()
        return [name for name in names if not name.startswith("system.") and name not in _TRANSIENT]

    async def schema_version(self) -> int:
        with translated("read the schema version"):
            meta = await self._database[META].find_one({"_id": "schema"})
        return SCHEMA_VERSION if meta is None else int(meta["version"])

    async def estimate(self, name: str) -> int:
        """About how many documents the collection has; fast."""
        with translated("count documents"):
            return int(await self._database[name].estimated_document_count())

    async def count(self, name: str) -> int:
        """How many documents the collection has."""
        with translated("count documents"):
            return int(await self._database[name].count_documents({}))

    async def is_empty(self, name: str) -> bool:
        with translated("look into a collection"):
            return await self._database[name].find_one({}, {"_id": 1}) is None

    async def read(self, name: str, size: int) -> AsyncIterator[list[bytes]]:
        """All documents of a collection, about `size` at a time."""
        with translated("read a collection"):
            async for batch in self._database[name].find_raw_batches({}, batch_size=size):
                yield list(_split(batch))

    async def insert(self, name: str, documents: Sequence[bytes]) -> None:
        """Insert encoded documents. Raises ValueError if one of them is no document."""
        try:
            with translated("write a collection"):
                await self._database[name].insert_many(list(map(RawBSONDocument, documents)), ordered=True)
        except BSONError as error:
            raise ValueError(str(error)) from error

    async def count_as_pruned(self, check: UUID, n: int) -> None:
        """The pings of the check up to `n` are not in its log, and count as counted."""
        with translated("write a check"):
            await self._database["checks"].update_one({"_id": check}, {"$set": {"n_pings": n}})

    async def clear(self, name: str) -> None:
        """Remove all documents of the collection."""
        with translated("clear a collection"):
            await self._database[name].delete_many({})

    async def begin_load(self) -> None:
        """Mark the database as loaded only in part."""
        with translated("mark a load"):
            # How processes have ended that used this database says nothing of what is loaded.
            await self._database[AT_WORK].delete_many({})
            await self._database[META].insert_one(dict(_LOADING))

    async def end_load(self) -> None:
        """Remove the mark: everything is loaded."""
        with translated("mark a load"):
            await self._database[META].delete_one(_LOADING)

    async def is_loading(self) -> bool:
        """Whether a load has begun and not ended."""
        with translated("look for a load"):
            return await self._database[META].find_one(_LOADING) is not None


def encode(document: dict[str, Any]) -> bytes:
    return bson.encode(document)


def decode(document: bytes) -> dict[str, Any]:
    """Raises ValueError for what is no document."""
    try:
        return bson.decode(document)
    except BSONError as error:
        raise ValueError(str(error)) from error


def partly_decoded(document: bytes) -> Mapping[str, Any]:
    """A document of which as much is decoded as is looked at. Raises ValueError for what is none."""
    try:
        return RawBSONDocument(document)
    except BSONError as error:
        raise ValueError(str(error)) from error


def id_of(document: Mapping[str, Any]) -> bytes:
    """The _id of the document if it is binary, else nothing. Raises ValueError for what is no document."""
    try:
        id = document.get("_id")
    except BSONError as error:
        raise ValueError(str(error)) from error
    return bytes(id) if isinstance(id, bytes) else b""


def _split(batch: bytes) -> Iterator[bytes]:
    """The documents of a reply, which stand one behind the other."""
    start = 0
    while start < len(batch):
        end = start + int.from_bytes(batch[start : start + LENGTH_BYTES], "little")
        yield batch[start:end]
        start = end
