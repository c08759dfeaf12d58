"""Which checks each process has written, for the other processes on the same database."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from hcserver.storage.client import translated

# A check's id, its project's id and its revision. One binary value for all: as documents they would take ten
# times the time to be read.
_RECORD = struct.Struct(">16s16sQ")
_RECORDS = 10_000  # in one document, of 400 kB


class WrittenCheck(NamedTuple):
    """A check that has this revision, or a later one, in the database."""

    id: UUID
    project: UUID
    revision: int


class WrittenChecks:
    """The processes on this database, and the checks that they have written lately."""

    def __init__(self, database: Any) -> None:
        self._processes = database["processes"]
        self._written = database["written"]
        self._process = secrets.token_hex(8)

    async def register(self, at: datetime) -> None:
        """This process is alive, and wants to know what others write."""
        with translated("register this process"):
            await self._processes.update_one({"_id": self._process}, {"$set": {"at": at}}, upsert=True)

    async def unregister(self) -> None:
        """This process ends."""
        with translated("unregister this process"):
            await self._processes.delete_one({"_id": self._process})

    async def has_others(self, since: datetime) -> bool:
        """Whether another process was alive at that moment or later."""
        with translated("look for other processes"):
            ids = [one["_id"] async for one in self._processes.find({"at": {"$gte": since}})]
        return any(id != self._process for id in ids)

    async def publish(self, at: datetime, written: Iterable[WrittenCheck]) -> None:
        """This process has written these checks."""
        records = [_RECORD.pack(one.id.bytes, one.project.bytes, one.revision) for one in written]
        with translated("publish what was written"):
            await self._written.insert_many(
                {"at": at, "process": self._process, "checks": b"".join(records[start : start + _RECORDS])}
                for start in range(0, len(records), _RECORDS)
            )

    async def since(self, at: datetime, known: set[object]) -> dict[object, list[WrittenCheck]]:
        """What other processes have written from `at` on, by the id of the message; without the checks of
        those messages that are known.
        """
        with translated("read what others have written"):
            documents = [one async for one in self._written.find({"at": {"$gte": at}})]
        return {
            one["_id"]: [] if one["_id"] in known else _unpacked(one["checks"])
            for one in documents
            if one["process"] != self._process
        }


def _unpacked(records: bytes) -> list[WrittenCheck]:
    return [
        WrittenCheck(UUID(bytes=id), UUID(bytes=project), revision)
        for id, project, revision in _RECORD.iter_unpack(records)
    ]
