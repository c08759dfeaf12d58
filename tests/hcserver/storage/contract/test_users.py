from __future__ import annotations

import pytest
from msgspec.structs import replace

from hcserver.errors import Unavailable
from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import a_user


async def test_a_user_is_found_by_id_and_by_name_in_any_case(storage: Storage) -> None:
    user = a_user("Ann Ö", admin=True, password_hash="$argon2id$…")
    assert not await storage.users.any()
    await storage.users.insert(user)
    assert await storage.users.any()
    assert await storage.users.get(user.id) == user
    assert await storage.users.by_name("ann ö") == await storage.users.by_name("ANN Ö") == user
    assert await storage.users.by_name("ann") is None


async def test_no_two_users_have_names_that_differ_only_in_case(storage: Storage) -> None:
    first = a_user("ann")
    await storage.users.insert(first)
    with pytest.raises(Unavailable):
        await storage.users.insert(a_user("ANN"))
    assert await storage.users.all() == [first]


async def test_users_come_in_the_order_of_their_names(storage: Storage) -> None:
    for name in ("cid", "Bea", "ann"):
        await storage.users.insert(a_user(name))
    assert [user.name for user in await storage.users.all()] == ["ann", "Bea", "cid"]


async def test_a_password_is_replaced(storage: Storage) -> None:
    user, other = a_user("ann"), a_user("bob", password_hash="1")
    await storage.users.insert(user)
    await storage.users.insert(other)
    await storage.users.set_password_hash(user.id, "2")
    assert await storage.users.all() == [replace(user, password_hash="2"), other]


async def test_a_deleted_user_is_gone_and_leaves_the_name_free(storage: Storage) -> None:
    user = a_user("ann")
    await storage.users.insert(user)
    await storage.users.delete(user.id)
    assert await storage.users.get(user.id) is None
    await storage.users.insert(a_user("Ann"))
