from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.api_key import ApiKey
from hcserver.errors import Unavailable
from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later


def a_key(**fields: Any) -> ApiKey:
    rest = {"name": "backup", "access": "read-write", "created": NOW}
    return ApiKey(**{"hash": uuid4().hex * 2, "project": uuid4(), **rest, **fields})


async def test_a_key_comes_back_as_it_was_stored(storage: Storage) -> None:
    for key in (a_key(), a_key(access="read-only", last_used=later(5))):
        await storage.api_keys.insert(key)
        assert await storage.api_keys.get(key.hash) == key
    assert await storage.api_keys.get("another") is None


async def test_a_key_is_inserted_once(storage: Storage) -> None:
    key = a_key()
    await storage.api_keys.insert(key)
    with pytest.raises(Unavailable):
        await storage.api_keys.insert(replace(key, project=uuid4()))


async def test_keys_of_a_project_come_in_the_order_of_their_creation(storage: Storage) -> None:
    project = uuid4()
    keys = [a_key(project=project, created=later(seconds)) for seconds in (2, 1)]
    for key in [*keys, a_key()]:
        await storage.api_keys.insert(key)
    assert await storage.api_keys.of_project(project) == keys[::-1]


async def test_the_latest_use_stays_in_whatever_order_uses_are_written(storage: Storage) -> None:
    key, another = a_key(), a_key()
    for one in (key, another):
        await storage.api_keys.insert(one)
    for seconds in (1, 3, 2):
        await storage.api_keys.touch(key.hash, later(seconds))
    assert await storage.api_keys.get(key.hash) == replace(key, last_used=later(3))
    assert await storage.api_keys.get(another.hash) == another


async def test_the_use_of_a_key_that_is_gone_does_not_bring_it_back(storage: Storage) -> None:
    await storage.api_keys.touch("gone", NOW)
    assert await storage.api_keys.get("gone") is None


async def test_keys_are_deleted_one_by_one_or_with_their_project(storage: Storage) -> None:
    project = uuid4()
    keys = [a_key(project=project) for _ in range(3)]
    another = a_key()
    for key in [*keys, another]:
        await storage.api_keys.insert(key)
    await storage.api_keys.delete(keys[0].hash)
    assert len(await storage.api_keys.of_project(project)) == 2
    await storage.api_keys.delete_of_project(project)
    assert await storage.api_keys.of_project(project) == []
    assert await storage.api_keys.get(another.hash) == another
