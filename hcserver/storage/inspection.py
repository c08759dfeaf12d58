"""Looking at the database as a whole: its server, its indexes, and collections from end to end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import pymongo

from hcserver.domain.flip import Flip
from hcserver.domain.invariants import LoggedPing
from hcserver.storage.checks import SCAN_TIME
from hcserver.storage.client import CODEC, batches, entry_of, translated
from hcserver.storage.flips import flip_of
from hcserver.storage.schema import INDEXES

_BATCH = 1000  # records in one reply of the database
_OPTIONS = ("unique", "sparse", "expireAfterSeconds")


class Server(NamedTuple):
    """A database server: its version, its clock, and the replica set that it belongs to (None: none)."""

    version: str
    at: datetime
    replica_set: str | None


class Index(NamedTuple):
    """An index that the schema has and the database has not. `other`: it has one on the same fields."""

    collection: str
    fields: str
    other: bool


class Inspection:
    """Only `delete` changes anything. All methods raise Unavailable."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def server(self) -> Server:
        with translated("ask the server for its version"):
            hello = await self._database.command("hello", codec_options=CODEC)
            build = await self._database.command("buildInfo")
        return Server(str(build["version"]), hello["localTime"], hello.get("setName"))

    async def wait_for_majority(self) -> None:
        """Return when a majority of the members have everything that was written so far."""
        with translated("have a write acknowledged by a majority"):
            # No such document: nothing is changed, but the acknowledgement is waited for.
            await self._database["meta"].update_one({"_id": "no such document"}, {"$set": {"at": 0}})

    async def schema_version(self) -> int | None:
        """None: the database is empty."""
        with translated("read the schema version"):
            meta = await self._database["meta"].find_one({"_id": "schema"})
        return None if meta is None else int(meta["version"])

    async def is_loading(self) -> bool:
        """Whether a load has begun and not ended."""
        with translated("look for a load"):
            return await self._database["meta"].find_one({"_id": "loading"}) is not None

    async def missing_indexes(self) -> list[Index]:
        """The indexes of the schema that the database does not have, or has in another way."""
        missing = []
        with translated("list indexes"):
            existing = set(await self._database.list_collection_names())
            for collection, indexes in INDEXES.items():
                found = {}
                if collection in existing:
                    found = await self._database[collection].index_information()
                present = {_fields(index["key"]): index for index in found.values()}
                for keys, options in indexes:
                    index = present.get(_fields(keys))
                    if index is None or _options(index) != _options(options):
                        missing.append(Index(collection, _fields(keys), index is not None))
        return missing

    async def count(self, collection: str) -> int:
        """About how many records the collection has."""
        with translated("count records"):
            return int(await self._database[collection].estimated_document_count())

    async def pings(self) -> AsyncIterator[list[tuple[UUID, LoggedPing]]]:
        """All pings with their checks, in any order, in batches."""
        async for documents in self._scan("pings", {"at": 1, "type": 1}):
            yield [
                (check, LoggedPing(n, one["at"], one["type"]))
                for one in documents
                for check, n in (entry_of(one["_id"]),)
            ]

    async def flips(self) -> AsyncIterator[list[Flip]]:
        """All flips, in any order, in batches."""
        async for documents in self._scan("flips", None):
            yield list(map(flip_of, documents))

    async def members(self, collection: str, *names: str) -> AsyncIterator[list[dict[str, Any]]]:
        """`_id` and these members of all records of a collection, in batches; a member that a record does not
        have is left out.
        """
        async for documents in self._scan(collection, dict.fromkeys(names, 1)):
            yield documents

    async def due(self, checks: Iterable[UUID]) -> dict[UUID, datetime | None]:
        """When the scheduler finds each of these checks (None: never), by those that exist."""
        found: dict[UUID, datetime | None] = {}
        for ids in batches(checks):
            with translated("read checks"):
                async for document in self._database["checks"].find({"_id": {"$in": ids}}, {"due": 1}):
                    found[document["_id"]] = document.get("due")
        return found

    async def delete(self, collection: str, ids: Iterable[Any]) -> int:
        """Remove records by _id; how many there were."""
        removed = 0
        for some in batches(ids):
            with translated("remove records"):
                removed += (
                    await self._database[collection].delete_many({"_id": {"$in": some}})
                ).deleted_count
        return removed

    async def _scan(
        self, collection: str, members: Mapping[str, int] | None
    ) -> AsyncIterator[list[dict[str, Any]]]:
        cursor = self._database[collection].find({}, members, batch_size=_BATCH)
        while True:
            with translated("read a collection"), pymongo.timeout(SCAN_TIME):
                documents = await cursor.to_list(_BATCH)
            if not documents:
                return
            yield documents


def _fields(keys: Any) -> str:
    pairs = keys.items() if isinstance(keys, Mapping) else keys
    return ", ".join(f"{name} {int(order)}" for name, order in pairs)


def _options(index: Mapping[str, Any]) -> dict[str, Any]:
    return {name: index[name] for name in _OPTIONS if index.get(name, False) is not False}
