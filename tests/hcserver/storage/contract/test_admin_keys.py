from __future__ import annotations

import pytest

from hcserver.domain.admin_key import AdminKey
from hcserver.errors import Unavailable
from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later


async def test_an_admin_key_is_found_by_its_hash_until_it_is_deleted(storage: Storage) -> None:
    key = AdminKey(hash="a1", created=NOW, name="ops")
    await storage.admin_keys.insert(key)
    assert await storage.admin_keys.get("a1") == key
    assert await storage.admin_keys.get("a") is None
    await storage.admin_keys.delete("a1")
    assert await storage.admin_keys.get("a1") is None


async def test_admin_keys_come_in_the_order_of_their_creation(storage: Storage) -> None:
    keys = [AdminKey(hash=hash, created=later(seconds)) for hash, seconds in (("b", 1), ("a", 1), ("c", 0))]
    for key in keys:
        await storage.admin_keys.insert(key)
    assert [key.hash for key in await storage.admin_keys.all()] == ["c", "a", "b"]


async def test_an_admin_key_is_inserted_once(storage: Storage) -> None:
    await storage.admin_keys.insert(AdminKey(hash="a", created=NOW))
    with pytest.raises(Unavailable):
        await storage.admin_keys.insert(AdminKey(hash="a", created=NOW))
