from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from hcserver.errors import Unavailable
from hcserver.storage import administration
from hcserver.storage.administration import asks_for_password, create_user, databases, users

NOWHERE = "mongodb://127.0.0.1:1/?directConnection=true"


@pytest.fixture
def user(mongo_uri: str) -> Iterator[str]:
    """The name of a user that the test may make."""
    name = f"user_{uuid4().hex}"
    yield name
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.admin.command("dropUser", name)


def test_a_user_that_is_made_is_listed_with_its_database(mongo_uri: str, user: str) -> None:
    create_user(mongo_uri, user, "secret")
    assert f"admin.{user}" in users(mongo_uri)


async def test_databases_are_listed(mongo_uri: str, database: Any) -> None:
    assert database.name not in databases(mongo_uri)
    await database["things"].insert_one({})
    assert database.name in databases(mongo_uri)


def test_a_server_without_access_control_asks_for_no_password(mongo_uri: str) -> None:
    assert not asks_for_password(mongo_uri)


def test_a_server_that_is_away_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(administration, "TIMEOUT", 0.2)
    for ask in (users, databases, asks_for_password):
        with pytest.raises(Unavailable):
            ask(NOWHERE)
