"""Databases for tests of dump and load."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from bson.binary import Binary

from hcserver.storage.schema import prepare


def silent(step: str, done: int, total: int) -> None:
    assert 0 <= done <= total


async def contents(database: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        name: sorted(
            await database[name].find().to_list(None),
            key=lambda document: bytes(str(document["_id"]), "utf-8"),
        )
        for name in sorted(await database.list_collection_names())
    }


async def fill(database: Any) -> None:
    """A little of everything that the stores put into documents, and pings enough for several batches."""
    await prepare(database)
    check = uuid4()
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    await database.checks.insert_one(
        {"_id": check, "name": "ä\0€", "n": 2**40, "x": None, "tags": [1.5, True]}
    )
    await database.projects.insert_one({"_id": uuid4(), "created": at, "ping_key": "k", "badge_key": "b"})
    await database.pings.insert_many(
        [
            {"_id": Binary(check.bytes + n.to_bytes(8, "big")), "at": at, "body": bytes([n % 256]) * (n % 50)}
            for n in range(450)
        ]
    )
    await database.pings.insert_one({"_id": Binary(b"large"), "body": b"y" * 3_000_000})
    await database.news.insert_one({"at": at})
    await database.locks.insert_one({"_id": "x"})
    await database.users.insert_one(
        {"_id": uuid4(), "name": "ann", "key": "ann", "created": at, "admin": True}
    )
    await database.members.insert_one(
        {"_id": Binary(b"m"), "project": uuid4(), "user": uuid4(), "role": "viewer"}
    )
    await database.sessions.insert_one({"_id": "hash", "user": uuid4()})
    await database.setup_tokens.insert_one({"_id": "hash"})
    await database.status_pages.insert_one({"_id": uuid4(), "slug": "jobs", "tags": ["db"], "names": False})
    await database.api_keys.insert_one({"_id": "hash", "project": uuid4(), "name": "backup", "created": at})
    await database.walls.insert_one({"_id": "hash", "name": "office"})
