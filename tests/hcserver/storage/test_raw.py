from __future__ import annotations

from typing import Any

import bson
import pytest

from hcserver.storage.at_work import AtWork
from hcserver.storage.raw import META, RawDatabase, decode, encode
from hcserver.storage.schema import SCHEMA_VERSION


@pytest.fixture
def raw(database: Any) -> RawDatabase:
    return RawDatabase(database)


async def test_documents_come_back_as_they_were_inserted(raw: RawDatabase) -> None:
    documents = [encode({"_id": n, "text": "ä" * n}) for n in range(25)]
    await raw.insert("things", documents)
    batches = [batch async for batch in raw.read("things", 10)]
    assert [document for batch in batches for document in batch] == documents
    assert len(batches) > 1
    assert (await raw.count("things"), await raw.estimate("things")) == (25, 25)
    assert not await raw.is_empty("things")
    await raw.clear("things")
    assert await raw.is_empty("things")


async def test_collections_that_mean_nothing_elsewhere_are_left_out(raw: RawDatabase, database: Any) -> None:
    for name in ("checks", "locks", "news", "processes", "written", "meta", "at_work"):
        await database[name].insert_one({})
    assert sorted(await raw.collections()) == ["checks", "meta"]


async def test_a_load_is_marked_until_it_ends(raw: RawDatabase) -> None:
    assert not await raw.is_loading()
    await raw.begin_load()
    assert await raw.is_loading()
    await raw.end_load()
    assert not await raw.is_loading()


async def test_the_schema_version_is_todays_unless_the_database_has_one(
    raw: RawDatabase, database: Any
) -> None:
    assert await raw.schema_version() == SCHEMA_VERSION
    await database[META].insert_one({"_id": "schema", "version": 7})
    assert await raw.schema_version() == 7


async def test_bytes_that_are_no_document_are_a_value_error(raw: RawDatabase) -> None:
    broken = bson.encode({"a": 1})[:-1] + b"\1"
    with pytest.raises(ValueError, match="eoo"):
        await raw.insert("things", [broken])
    with pytest.raises(ValueError, match="eoo"):
        decode(broken)


async def test_what_is_loaded_is_looked_through_by_the_next_server(raw: RawDatabase, database: Any) -> None:
    await AtWork(database).clear()
    await raw.begin_load()
    assert not await AtWork(database).enter()
