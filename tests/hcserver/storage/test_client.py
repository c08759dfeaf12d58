from __future__ import annotations

from uuid import uuid4

import pytest
from pymongo import _csot

from hcserver.config.schema import MongoSettings
from hcserver.errors import ConfigError, Unavailable
from hcserver.storage.client import batches, connect, database_of, entry_id, entry_of, unhurried
from tests.hcserver.storage.stores import storage_of


def test_entry_ids_sort_by_check_then_number() -> None:
    check = uuid4()
    assert entry_of(entry_id(check, 70_000)) == (check, 70_000)
    assert sorted(entry_id(check, n) for n in (256, 1, 255)) == [entry_id(check, n) for n in (1, 255, 256)]


def test_batches_have_at_most_the_size_that_is_asked_for() -> None:
    assert list(batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batches([], 2)) == []


async def test_a_database_that_is_away_is_an_error_of_its_own() -> None:
    client = connect("mongodb://127.0.0.1:1/?directConnection=true", MongoSettings(timeout=0.2))
    with pytest.raises(Unavailable):
        await storage_of(database_of(client, "x")).probe()
    client.close()


@pytest.mark.parametrize(
    "uri", ["mongodb://", "mongodb://h:99999", "mongodb://h/?w=x&journal=maybe", "mongodb://h/?nonsense=1"]
)
async def test_a_uri_that_the_driver_does_not_take_is_a_config_error(uri: str) -> None:
    with pytest.raises(ConfigError, match=r"^mongodb\.uri can't be used: "):
        connect(uri, MongoSettings())


def test_unhurried_operations_have_more_than_the_time_of_the_settings() -> None:
    assert _csot.remaining() is None  # that of the client applies
    with unhurried():
        left = _csot.remaining()
        assert left is not None
        assert left > 3600
    assert _csot.remaining() is None
