from __future__ import annotations

from typing import Any

import pytest

from hcserver.errors import ConfigError, Unavailable
from hcserver.storage import schema
from hcserver.storage.schema import INDEXES, SCHEMA_VERSION, prepare


async def test_a_new_database_gets_its_indexes_and_its_version(database: Any) -> None:
    await prepare(database)
    assert await database["meta"].find_one({"_id": "schema"}) == {"_id": "schema", "version": SCHEMA_VERSION}
    for collection, indexes in INDEXES.items():
        found = [list(index["key"]) for index in (await database[collection].index_information()).values()]
        for keys, _ in indexes:
            assert keys in found, collection


async def test_preparing_again_changes_nothing(database: Any) -> None:
    await prepare(database)
    before = await database["projects"].index_information()
    await prepare(database)
    assert await database["projects"].index_information() == before


async def test_indexes_may_take_longer_to_build_than_other_operations(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schema.INDEX_TIME > 600
    monkeypatch.setattr(schema, "INDEX_TIME", 1e-6)  # it takes the place of the client's time
    with pytest.raises(Unavailable):
        await prepare(database)


async def test_a_database_of_a_newer_version_is_refused(database: Any) -> None:
    await database["meta"].insert_one({"_id": "schema", "version": SCHEMA_VERSION + 1})
    with pytest.raises(ConfigError, match="install the newer hcserver"):
        await prepare(database)


async def test_a_database_with_a_part_of_a_dump_is_refused(database: Any) -> None:
    await database["meta"].insert_one({"_id": "loading"})
    with pytest.raises(ConfigError, match="run `hcserver load` again"):
        await prepare(database)


async def test_a_database_of_this_version_is_not_touched_without_verification(database: Any) -> None:
    await database["meta"].insert_one({"_id": "schema", "version": SCHEMA_VERSION})
    await prepare(database, verify=False)
    assert await database.list_collection_names() == ["meta"]


async def test_an_older_database_is_migrated_step_by_step(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def migrate(database: Any) -> None:
        await database["migrated"].insert_one({})

    monkeypatch.setattr(schema, "SCHEMA_VERSION", 3)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: migrate, 2: migrate})
    await database["meta"].insert_one({"_id": "schema", "version": 1})
    await prepare(database, verify=False)
    assert await database["migrated"].count_documents({}) == 2
    assert (await database["meta"].find_one({"_id": "schema"}))["version"] == 3
