"""The schema of the database: its indexes, its version, and the migrations between versions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pymongo
from pymongo import IndexModel

from hcserver.errors import ConfigError
from hcserver.storage.client import translated

SCHEMA_VERSION = 2
NOTIFICATION_DAYS = 90  # for which notifications are kept at most
NOTIFICATIONS_KEPT = NOTIFICATION_DAYS * 86400  # seconds
BOUNCES_KEPT = 15 * 86400  # seconds; longer than a return address is good, so that none counts twice
# Seconds for building indexes, instead of the time of other operations: when a dump was just loaded it takes
# long, and what is given up has to be begun anew.
INDEX_TIME = 3600.0

# collection -> (keys, options). Documents that are found by _id need none: pings and flips by (check, n),
# checks, aliases, locks. Each further index on checks would make every write of their state slower.
INDEXES: dict[str, list[tuple[list[tuple[str, int]], dict[str, Any]]]] = {
    "checks": [
        ([("project", 1), ("slug", 1)], {}),
        ([("due", 1)], {"sparse": True}),
    ],
    "flips": [
        ([("check", 1), ("at", -1)], {}),
        ([("at", -1)], {}),
    ],
    "projects": [
        ([("api_key_hash", 1)], {"unique": True, "sparse": True}),
        ([("api_key_readonly_hash", 1)], {"unique": True, "sparse": True}),
        ([("ping_key", 1)], {"unique": True}),
        ([("badge_key", 1)], {"unique": True}),
    ],
    "api_keys": [([("project", 1)], {})],
    "notifications": [
        ([("due", 1)], {"sparse": True}),
        ([("check", 1), ("at", -1)], {}),
        ([("channel", 1), ("at", -1)], {}),
        ([("at", 1)], {"expireAfterSeconds": NOTIFICATIONS_KEPT}),
    ],
    "channels": [([("project", 1), ("created", 1)], {})],
    "bounces": [
        ([("channel", 1)], {}),
        ([("at", 1)], {"expireAfterSeconds": BOUNCES_KEPT}),
    ],
    "windows": [([("project", 1)], {})],
    "users": [([("key", 1)], {"unique": True})],
    "sessions": [
        ([("user", 1)], {}),
        ([("expires", 1)], {"expireAfterSeconds": 0}),
    ],
    "members": [
        ([("user", 1)], {}),
        ([("project", 1)], {}),
    ],
    "setup_tokens": [([("expires", 1)], {"expireAfterSeconds": 0})],
    "status_pages": [
        ([("slug", 1)], {"unique": True}),
        ([("project", 1)], {}),
    ],
    "walls": [([("project", 1)], {})],
    "news": [([("at", 1)], {"expireAfterSeconds": 3600})],
    "tombstones": [([("at", 1)], {})],
    "processes": [([("at", 1)], {"expireAfterSeconds": 300})],
    "written": [([("at", 1)], {"expireAfterSeconds": 300})],
}


async def _to_encrypted_targets(database: Any) -> None:
    """Version 2 encrypts the targets of channels, which version 1 can't read.

    Nothing has to be changed here: targets in clear are read as well, and ChannelStore.encrypt_all, which a
    server runs at each start, encrypts them. It also finds those of a dump that was written in clear.
    """


# version -> the step that migrates from it to the next one; a repeated step must be harmless.
MIGRATIONS: dict[int, Callable[[Any], Awaitable[None]]] = {1: _to_encrypted_targets}


async def create_indexes(database: Any, *, expiring: bool = True) -> None:
    """Create the indexes that are missing; without `expiring` not those that remove documents with time.

    Raises Unavailable.
    """
    with translated("create indexes"), pymongo.timeout(INDEX_TIME):
        for collection, indexes in INDEXES.items():
            models = [
                IndexModel(keys, **options)
                for keys, options in indexes
                if expiring or "expireAfterSeconds" not in options
            ]
            if models:
                await database[collection].create_indexes(models)


async def prepare(database: Any, *, verify: bool = True) -> None:
    """Migrate the database to SCHEMA_VERSION and create its indexes. Without `verify` a database of this
    version is assumed to have its indexes.

    Raises ConfigError when a newer hcserver has written it, Unavailable when it can't be reached.
    """
    with translated("prepare the database"):
        if await database["meta"].find_one({"_id": "loading"}):
            raise ConfigError(
                f"the database {database.name!r} has only a part of a dump: run `hcserver load` again"
            )
        meta = await database["meta"].find_one({"_id": "schema"})
        version = SCHEMA_VERSION if meta is None else int(meta["version"])
        if version > SCHEMA_VERSION:
            raise ConfigError(
                f"the database {database.name!r} has schema version {version}, this hcserver knows up to "
                f"{SCHEMA_VERSION}: install the newer hcserver, or name another mongodb.database"
            )
        if meta is not None and version == SCHEMA_VERSION and not verify:
            return
        while version < SCHEMA_VERSION:
            await MIGRATIONS[version](database)
            version += 1
            await database["meta"].update_one({"_id": "schema"}, {"$set": {"version": version}})
        await create_indexes(database)
        if meta is None:
            await database["meta"].update_one(
                {"_id": "schema"}, {"$set": {"version": SCHEMA_VERSION}}, upsert=True
            )
