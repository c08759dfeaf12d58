"""Every case runs on mongomock-motor and on the embedded server, unless it says why not on the mock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hcserver.config.schema import MongoSettings
from hcserver.storage import Storage
from hcserver.storage.client import connect, database_of
from hcserver.storage.schema import prepare
from tests.hcserver.storage.contract.records import fresh_name
from tests.hcserver.storage.mock import mock_database
from tests.hcserver.storage.stores import storage_of


@pytest.fixture(params=["mock", "server"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """An empty database with its indexes."""
    if request.param == "mock":
        with mock_database() as mock:
            await prepare(mock)
            yield mock
        return
    client = connect(request.getfixturevalue("mongo_uri"), MongoSettings(timeout=60))
    database = database_of(client, fresh_name())
    await prepare(database)
    yield database
    await client.drop_database(database.name)
    client.close()


@pytest.fixture
def storage(database: Any) -> Storage:
    return storage_of(database)


@pytest.fixture
def other(database: Any) -> Storage:
    """The stores of another process on the same database."""
    return storage_of(database)
