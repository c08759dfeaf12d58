from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.notification import Notification, NotificationStatus
from hcserver.services.container import Services
from hcserver.services.reading.activity import KEPT, Activity, Kind
from hcserver.storage import Storage
from tests.hcserver.services.conftest import START as NOW

CHANNEL = UUID(int=9)
FLIPS: tuple[Kind, ...] = ("flips",)


def before_now(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def made_check() -> Check:
    return Check(id=uuid4(), project=uuid4(), created=NOW - KEPT, badge=uuid4())


async def flipped(storage: Storage, check: Check, minutes: Sequence[float]) -> Check:
    """The check with flips so many minutes ago, the oldest first."""
    flips = [
        Flip(check=check.id, n=n, at=before_now(ago), old="up", new="down", reason="fail")
        for n, ago in enumerate(minutes, start=1)
    ]
    await storage.flips.publish(flips)
    return replace(check, n_flips=len(flips), flipped_at=flips[-1].at)


async def notified(
    storage: Storage, check: Check, minutes: float, status: NotificationStatus = "sent"
) -> None:
    one = Notification(
        check=check.id,
        n=round(minutes * 1000) + 1,
        channel=CHANNEL,
        project=check.project,
        event="down",
        reason="fail",
        at=before_now(minutes),
        status=status,
    )
    await storage.notifications.add([one])


def ages(entries: Sequence[Flip | Notification]) -> list[float]:
    return [round((NOW - one.at) / timedelta(minutes=1), 2) for one in entries]


async def test_flips_and_notifications_of_all_checks_come_latest_first(services: Services) -> None:
    storage = services.storage
    one, two = made_check(), made_check()
    one = await flipped(storage, one, [90_000, 500, 10])
    two = await flipped(storage, two, [100])
    await notified(storage, one, 9)
    await notified(storage, made_check(), 8)  # of a check that is not asked for
    found = await Activity(storage, [one, two], [CHANNEL]).read(("flips", "notifications"), NOW, NOW, 50)
    assert ages(found.entries) == [9, 10, 100, 500, 90_000]
    assert found.before is None


async def test_only_the_kinds_that_are_asked_for_come(services: Services) -> None:
    storage = services.storage
    check = await flipped(storage, made_check(), [10])
    await notified(storage, check, 9)
    await notified(storage, check, 8, "failed")
    activity = Activity(storage, [check], [CHANNEL])
    expected: dict[Kind, list[float]] = {"flips": [10], "notifications": [8, 9], "failed": [8]}
    for kind, found in expected.items():
        assert ages((await activity.read((kind,), NOW, NOW, 50)).entries) == found


async def test_pages_follow_each_other_without_gaps_and_keep_moments_together(services: Services) -> None:
    storage = services.storage
    checks = [await flipped(storage, made_check(), [7, 5, 3]) for _ in range(3)]
    activity = Activity(storage, checks, [])
    first = await activity.read(FLIPS, NOW, NOW, 4)
    assert ages(first.entries) == [3, 3, 3, 5, 5, 5]
    assert first.before == before_now(5)
    second = await activity.read(FLIPS, first.before, NOW, 4)
    assert (ages(second.entries), second.before) == ([7, 7, 7], None)


async def test_checks_without_a_flip_that_could_be_shown_are_not_read(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = services.storage
    checks = [await flipped(storage, made_check(), [age]) for age in range(1, 51)]
    read, latest = set(), storage.flips.latest

    async def counted(check: UUID, start: datetime, end: datetime, limit: int) -> list[Flip]:
        read.add(check)
        return await latest(check, start, end, limit)

    monkeypatch.setattr(storage.flips, "latest", counted)
    found = await Activity(storage, checks, []).read(FLIPS, NOW, NOW, 5)
    assert ages(found.entries) == [1, 2, 3, 4, 5]
    assert len(read) == 20


async def test_nothing_older_than_is_kept_comes(services: Services) -> None:
    days = KEPT / timedelta(minutes=1)
    check = await flipped(services.storage, made_check(), [days + 10, days - 10])
    found = await Activity(services.storage, [check], []).read(FLIPS, NOW, NOW, 50)
    assert ages(found.entries) == [days - 10]
