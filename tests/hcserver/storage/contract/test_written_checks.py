from __future__ import annotations

from uuid import uuid4

from hcserver.storage import Storage
from hcserver.storage.written_checks import WrittenCheck
from tests.hcserver.storage.contract.records import NOW, later


def some(number: int) -> list[WrittenCheck]:
    return [WrittenCheck(uuid4(), uuid4(), revision) for revision in range(1, number + 1)]


async def test_what_a_process_has_written_reaches_the_others_and_not_itself(
    storage: Storage, other: Storage
) -> None:
    first, second = some(1), some(10_001)
    await storage.written_checks.publish(later(1), first)
    await storage.written_checks.publish(later(2), second)
    messages = await other.written_checks.since(later(2), set())
    assert [one for written in messages.values() for one in written] == second
    assert await storage.written_checks.since(NOW, set()) == {}


async def test_messages_that_are_known_are_named_but_not_read_again(storage: Storage, other: Storage) -> None:
    await storage.written_checks.publish(later(1), some(3))
    known = set(await other.written_checks.since(NOW, set()))
    await storage.written_checks.publish(later(2), written := some(2))
    messages = await other.written_checks.since(NOW, known)
    assert sorted(messages.values()) == sorted([[], written])


async def test_a_process_knows_whether_others_are_alive(storage: Storage, other: Storage) -> None:
    await storage.written_checks.register(later(1))
    assert not await storage.written_checks.has_others(NOW)
    assert await other.written_checks.has_others(later(1))
    assert not await other.written_checks.has_others(later(2))
    await storage.written_checks.register(later(2))
    assert await other.written_checks.has_others(later(2))
    await storage.written_checks.unregister()
    assert not await other.written_checks.has_others(NOW)
