from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from pymongo.errors import BulkWriteError

from hcserver.domain.notification import Attempt
from hcserver.errors import Unavailable
from hcserver.storage import Storage
from hcserver.storage.client import DUPLICATE_KEY
from hcserver.storage.notifications import Settlement
from tests.hcserver.storage.contract.records import NOW, a_notification, later


async def test_only_notifications_that_are_new_are_added(storage: Storage) -> None:
    first, second = a_notification(), a_notification(why="held back", held=True, since=NOW, ping=7)
    assert await storage.notifications.add([first]) == [first]
    assert await storage.notifications.add([replace(first, reason="timeout"), second]) == [second]
    assert await storage.notifications.of_check(first.check, 10) == [first]
    assert await storage.notifications.of_check(second.check, 10) == [second]


async def test_notifications_of_a_check_are_read_from_a_moment_back(storage: Storage) -> None:
    check = uuid4()
    await storage.notifications.add([a_notification(check=check, n=n, at=later(n)) for n in range(1, 5)])
    assert [one.n for one in await storage.notifications.of_check(check, 2, later(4))] == [3, 2]
    assert [one.n for one in await storage.notifications.of_check(check, 9, later(1))] == []


async def test_old_notifications_of_a_check_are_pruned_few_at_a_time(storage: Storage) -> None:
    check = uuid4()
    many = [a_notification(check=check, n=n, at=later(n), due=None) for n in range(1, 61)]
    waiting = a_notification(check=check, n=3, at=later(3), due=later(9000))
    another = a_notification(n=1, due=None)
    await storage.notifications.add([*many, waiting, another])
    assert [some async for some in storage.notifications.prune(check, later(51), 48)] == [20, 20, 7]
    left = await storage.notifications.of_check(check, 99)
    assert [one.n for one in left] == [*range(60, 47, -1), 3]
    assert left[-1] == waiting
    assert [some async for some in storage.notifications.prune(check, later(51), 48)] == []
    assert [some async for some in storage.notifications.prune(check, later(51), 99)] == [3]
    assert await storage.notifications.of_check(another.check, 9) == [another]


@pytest.mark.parametrize(
    "details",
    [
        {"writeErrors": [{"index": 0, "code": 91}]},
        {"writeErrors": [{"index": 0, "code": DUPLICATE_KEY}], "writeConcernErrors": [{"code": 91}]},
    ],
)
async def test_any_fault_but_notifications_that_exist_already_is_an_error(
    storage: Storage, details: dict[str, Any]
) -> None:
    async def insert_many(documents: Any, ordered: bool) -> None:
        raise BulkWriteError(details)

    storage.notifications._notifications = SimpleNamespace(insert_many=insert_many)
    with pytest.raises(Unavailable):
        await storage.notifications.add([a_notification()])


async def test_due_notifications_come_in_the_order_of_their_moments(storage: Storage) -> None:
    one, two, three = (a_notification(due=later(seconds)) for seconds in (1, 2, 3))
    await storage.notifications.add([three, one, two, a_notification(due=None)])
    assert await storage.notifications.due(later(2), 10) == [one, two]
    assert await storage.notifications.due(later(3), 2) == [one, two]
    assert await storage.notifications.due(later(3), 10, after=later(1)) == [two, three]


async def test_a_notification_is_claimed_by_one_process(storage: Storage, other: Storage) -> None:
    notification = a_notification()
    await storage.notifications.add([notification])
    assert await storage.notifications.claim(notification, later(60))
    assert not await other.notifications.claim(notification, later(60))
    assert await storage.notifications.due(later(59), 10) == []
    # A lease that its owner did not settle can be claimed when it has ended.
    (leased,) = await other.notifications.due(later(60), 10)
    assert await other.notifications.claim(leased, later(120), held=True)
    (held,) = await storage.notifications.of_check(notification.check, 10)
    assert (held.due, held.held) == (later(120), True)


async def test_an_attempt_is_recorded_once_with_its_outcome(storage: Storage) -> None:
    notification = a_notification(why="held back", held=True)
    await storage.notifications.add([notification])
    failed = Attempt(at=NOW, duration=0.5, status=500, error="no")
    sent = Attempt(at=later(60), duration=0.25, status=200)
    outcome = Settlement(notification, "pending", None, later(60), failed)
    await storage.notifications.settle([outcome])
    await storage.notifications.settle([outcome])  # the answer to the first one may have been lost
    (pending,) = await storage.notifications.of_check(notification.check, 10)
    expected = replace(notification, due=later(60), why=None, held=False, attempts=(failed,))
    assert pending == expected
    await storage.notifications.settle([Settlement(notification, "sent", attempt=sent)])
    (settled,) = await storage.notifications.of_check(notification.check, 10)
    assert settled == replace(expected, status="sent", due=None, attempts=(failed, sent))
    assert await storage.notifications.due(later(999), 10) == []


async def test_a_notification_is_skipped_with_the_reason(storage: Storage) -> None:
    notification, other = a_notification(), a_notification()
    await storage.notifications.add([notification, other])
    outcomes = [Settlement(notification, "skipped", "snoozed"), Settlement(other, "failed")]
    assert await storage.notifications.settle(outcomes) == [None, None]
    (skipped,) = await storage.notifications.of_check(notification.check, 10)
    assert (skipped.status, skipped.why, skipped.due, skipped.attempts) == ("skipped", "snoozed", None, ())
    (failed,) = await storage.notifications.of_check(other.check, 10)
    assert (failed.status, failed.why, failed.due) == ("failed", None, None)


async def test_earlier_and_later_ones_of_a_check_and_channel_are_found(storage: Storage) -> None:
    check, channel = uuid4(), uuid4()
    series = [a_notification(check=check, channel=channel, n=n) for n in range(1, 21)]
    await storage.notifications.add([*series, a_notification(check=check, n=21)])
    await storage.notifications.add(strangers := [a_notification(n=3) for _ in range(20)])
    found = await storage.notifications.before([series[14], series[0], *strangers, series[3], series[14]])
    assert [one.n for one in found[0]] == list(range(14, 4, -1))
    assert found[1:-2] == [[]] * 21
    assert [one.n for one in found[-2]] == [3, 2, 1]
    assert found[-1] == found[0]
    assert not await storage.notifications.is_latest(series[18], 21)
    assert await storage.notifications.is_latest(series[18], 19)  # nothing beyond alert 19 counts
    assert await storage.notifications.is_latest(series[19], 21)  # 21 is of another channel


async def test_the_newest_of_a_check_and_of_a_channel_are_read(storage: Storage) -> None:
    check, channel = uuid4(), uuid4()
    old, new = a_notification(check=check, at=NOW), a_notification(check=check, n=2, at=later(1))
    elsewhere = a_notification(channel=channel)
    await storage.notifications.add([old, new, elsewhere])
    assert await storage.notifications.of_check(check, 10) == [new, old]
    assert await storage.notifications.of_check(check, 1) == [new]
    assert await storage.notifications.of_channel(channel, 10) == [elsewhere]


async def test_notifications_of_one_check_are_deleted(storage: Storage) -> None:
    gone, kept = a_notification(), a_notification()
    await storage.notifications.add([gone, kept])
    await storage.notifications.delete_of_check(gone.check)
    assert await storage.notifications.of_check(gone.check, 10) == []
    assert await storage.notifications.of_check(kept.check, 10) == [kept]


async def test_only_one_that_has_failed_is_made_pending_again(storage: Storage) -> None:
    failed = a_notification(status="failed", due=None, why="gave up")
    sent = a_notification(status="sent", due=None)
    await storage.notifications.add([failed, sent])
    for one, retried in ((failed, True), (failed, False), (sent, False), (a_notification(), False)):
        assert await storage.notifications.retry(one.check, one.n, one.channel, NOW) is retried
    [again] = await storage.notifications.due(NOW, 10)
    assert again == replace(failed, status="pending", due=NOW, why=None)


async def test_the_latest_for_a_channel_are_read_by_time(storage: Storage) -> None:
    channel = uuid4()
    for n in range(1, 6):
        await storage.notifications.add([a_notification(n=n, channel=channel, at=later(n))])
    found = await storage.notifications.latest(channel, later(2), later(5), 2)
    assert [one.n for one in found] == [4, 3]


async def test_those_that_exist_are_read_by_their_places(storage: Storage) -> None:
    one, other, unasked = a_notification(), a_notification(n=2), a_notification()
    await storage.notifications.add([one, other, unasked])
    places = [(each.check, each.n, each.channel) for each in (one, other)]
    found = await storage.notifications.read([*places, (one.check, 99, one.channel)])
    assert found == dict(zip(places, (one, other), strict=True))
