from __future__ import annotations

from datetime import timedelta

from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later

MINUTE = timedelta(minutes=1)


async def test_the_last_beat_of_any_process_is_remembered(storage: Storage, other: Storage) -> None:
    assert await storage.heartbeat.last() is None
    await storage.heartbeat.beat(NOW)
    await other.heartbeat.beat(later(10))
    assert await storage.heartbeat.last() == later(10)


async def test_a_return_after_an_absence_is_noted_by_one_process(storage: Storage, other: Storage) -> None:
    await storage.heartbeat.beat(NOW)
    assert not await storage.heartbeat.came_back(later(59), MINUTE)
    assert await storage.heartbeat.came_back(later(60), MINUTE)
    assert not await other.heartbeat.came_back(later(60), MINUTE)
    assert await storage.heartbeat.last() == later(60)


async def test_the_first_start_is_no_return(storage: Storage) -> None:
    assert not await storage.heartbeat.came_back(NOW, MINUTE)


async def test_the_moment_up_to_which_emails_were_answered_never_goes_back(
    storage: Storage, other: Storage
) -> None:
    assert await storage.heartbeat.answered() is None
    await storage.heartbeat.note_answered(later(10))
    await other.heartbeat.note_answered(later(5))
    assert await other.heartbeat.answered() == later(10)
