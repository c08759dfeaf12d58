from __future__ import annotations

from uuid import uuid4

from hcserver.services.delivery.return_addresses import GOOD_FOR
from hcserver.storage import Storage
from hcserver.storage.schema import BOUNCES_KEPT
from tests.hcserver.storage.contract.records import NOW, later


async def test_messages_that_came_back_are_counted_once_by_channel_and_by_time(
    storage: Storage, other: Storage
) -> None:
    channel = uuid4()
    assert await storage.bounces.add(channel, b"1", NOW)
    assert not await other.bounces.add(channel, b"1", later(5))
    assert await other.bounces.add(channel, b"2", later(10))
    assert await storage.bounces.add(uuid4(), b"1", NOW)
    assert await storage.bounces.unused(channel, NOW) == 2
    assert await storage.bounces.unused(channel, later(10)) == 1


async def test_messages_that_are_used_up_count_no_more(storage: Storage) -> None:
    channel, another = uuid4(), uuid4()
    await storage.bounces.add(channel, b"1", NOW)
    await storage.bounces.add(another, b"1", NOW)
    await storage.bounces.use_up(channel)
    assert not await storage.bounces.add(channel, b"1", NOW)
    assert await storage.bounces.unused(channel, NOW) == 0
    assert await storage.bounces.unused(another, NOW) == 1


def test_a_message_is_remembered_for_longer_than_its_return_address_is_good() -> None:
    assert GOOD_FOR.total_seconds() + 86400 < BOUNCES_KEPT
