from __future__ import annotations

from uuid import uuid4

import pytest
from msgspec.structs import replace

from hcserver.errors import Unavailable
from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import a_session, later


async def test_a_session_is_found_by_its_hash_until_it_is_deleted(storage: Storage) -> None:
    session = a_session("a1")
    await storage.sessions.insert(session)
    assert await storage.sessions.get("a1") == session
    assert await storage.sessions.get("a") is None
    await storage.sessions.delete("a1")
    assert await storage.sessions.get("a1") is None


async def test_a_hash_has_one_session(storage: Storage) -> None:
    await storage.sessions.insert(a_session("a"))
    with pytest.raises(Unavailable):
        await storage.sessions.insert(a_session("a"))


async def test_the_sessions_of_a_user_come_by_their_last_use(storage: Storage) -> None:
    user = uuid4()
    for hash, seconds in (("a", 1), ("b", 3), ("c", 2)):
        await storage.sessions.insert(a_session(hash, user=user, last_seen=later(seconds)))
    await storage.sessions.insert(a_session("d"))
    assert [one.hash for one in await storage.sessions.of_user(user)] == ["b", "c", "a"]


async def test_a_use_is_noted_and_makes_the_session_last_longer(storage: Storage) -> None:
    session = a_session("a")
    await storage.sessions.insert(session)
    await storage.sessions.touch("a", later(60), later(7200))
    assert await storage.sessions.get("a") == replace(session, last_seen=later(60), expires=later(7200))


async def test_a_use_does_not_bring_back_a_session_that_is_gone(storage: Storage) -> None:
    await storage.sessions.touch("a", later(60), later(7200))
    assert await storage.sessions.get("a") is None


async def test_all_sessions_of_a_user_are_deleted_but_the_one_to_keep(storage: Storage) -> None:
    user, other = uuid4(), a_session("d")
    await storage.sessions.insert(other)
    for hash in "abc":
        await storage.sessions.insert(a_session(hash, user=user))
    await storage.sessions.delete_of_user(user, keep="b")
    assert [one.hash for one in await storage.sessions.of_user(user)] == ["b"]
    await storage.sessions.delete_of_user(user)
    assert await storage.sessions.of_user(user) == []
    assert await storage.sessions.get("d") == other
