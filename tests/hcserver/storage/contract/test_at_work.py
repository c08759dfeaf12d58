from __future__ import annotations

from hcserver.storage import Storage


async def test_all_is_in_order_when_the_logs_were_looked_through_and_everybody_has_left(
    storage: Storage, other: Storage
) -> None:
    assert not await storage.at_work.enter(), "nobody has looked through the logs yet"
    await storage.at_work.clear()
    await storage.at_work.leave()
    assert await other.at_work.enter()


async def test_who_did_not_leave_has_died_and_is_forgotten_when_that_is_dealt_with(
    storage: Storage, other: Storage
) -> None:
    await storage.at_work.clear()
    assert await other.at_work.enter()
    for _ in range(2):  # as a start that failed is repeated
        assert not await storage.at_work.enter()
    await storage.at_work.clear()
    await storage.at_work.leave()
    assert await other.at_work.enter()
