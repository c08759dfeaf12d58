from __future__ import annotations

from uuid import uuid4

from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later


async def test_tombstones_are_read_from_before_a_moment_until_they_are_dropped(storage: Storage) -> None:
    old, new = uuid4(), uuid4()
    await storage.tombstones.put(old, 7, 3, NOW)
    await storage.tombstones.put(new, 1, 1, later(60))
    assert await storage.tombstones.before(later(60)) == [(old, 7, 3)]
    await storage.tombstones.drop(old)
    assert await storage.tombstones.before(later(60)) == []


async def test_a_tombstone_is_extended_only_forwards(storage: Storage, other: Storage) -> None:
    check = uuid4()
    await storage.tombstones.put(check, 7, 3, NOW)
    await other.tombstones.extend(check, 9)
    await storage.tombstones.extend(check, 8)
    assert await storage.tombstones.before(later(1)) == [(check, 9, 3)]


async def test_a_tombstone_that_is_gone_is_not_made_again_by_extending_it(storage: Storage) -> None:
    await storage.tombstones.extend(uuid4(), 9)
    assert await storage.tombstones.before(later(1)) == []


async def test_a_tombstone_that_is_put_again_takes_the_newer_values(storage: Storage) -> None:
    check = uuid4()
    await storage.tombstones.put(check, 7, 3, NOW)
    await storage.tombstones.put(check, 8, 4, later(1))
    assert await storage.tombstones.before(later(2)) == [(check, 8, 4)]


async def test_those_of_some_checks_that_have_tombstones_are_found(storage: Storage) -> None:
    deleted, other = uuid4(), uuid4()
    await storage.tombstones.put(deleted, 7, 3, NOW)
    await storage.tombstones.put(uuid4(), 1, 1, NOW)
    assert await storage.tombstones.among([deleted, other]) == {deleted}
    assert await storage.tombstones.among([]) == set()
