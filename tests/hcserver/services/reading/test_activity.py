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
from hcserver.services.reading import activity
from hcserver.services.reading.activity import KEPT, Activity, Kind
from hcserver.storage import Storage
from tests.hcserver.services.conftest import START as NOW

CHANNEL = UUID(int=9)
FLIPS: tuple[Kind, ...] = ("flips",)
FAILED: tuple[Kind, ...] = ("failed",)


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


@pytest.fixture
def queries(services: Services, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How flips were asked for: "check" by check, or by "time"."""
    made: list[str] = []
    flips = services.storage.flips
    latest, within = flips.latest, flips.within

    async def by_check(check: UUID, start: datetime, end: datetime, limit: int) -> list[Flip]:
        made.append("check")
        return await latest(check, start, end, limit)

    async def by_time(start: datetime, end: datetime, limit: int) -> list[Flip]:
        made.append("time")
        return await within(start, end, limit)

    monkeypatch.setattr(flips, "latest", by_check)
    monkeypatch.setattr(flips, "within", by_time)
    return made


async def test_many_checks_cost_one_query_for_each_span(services: Services, queries: list[str]) -> None:
    storage = services.storage
    checks = [await flipped(storage, made_check(), [40_000 + age, age]) for age in range(1, 51)]
    others = [await flipped(storage, made_check(), [3.5]) for _ in range(2)]
    found = await Activity(storage, checks, []).read(FLIPS, NOW, NOW, 5)
    assert ages(found.entries) == [1, 2, 3, 4, 5]
    far_back = await Activity(storage, checks, []).read(FLIPS, before_now(39_000), NOW, 5)
    assert ages(far_back.entries) == [40_001, 40_002, 40_003, 40_004, 40_005]
    assert set(queries) == {"time"} and len(queries) <= 8
    assert not {one.check for one in found.entries} & {one.id for one in others}


async def test_few_checks_do_not_read_the_flips_of_others(services: Services, queries: list[str]) -> None:
    checks = [await flipped(services.storage, made_check(), [age]) for age in (10, 20)]
    assert ages((await Activity(services.storage, checks, []).read(FLIPS, NOW, NOW, 5)).entries) == [10, 20]
    assert set(queries) == {"check"}


@pytest.mark.parametrize("checks", [1, 30])
async def test_what_one_query_leaves_out_is_found_by_the_next(
    services: Services, monkeypatch: pytest.MonkeyPatch, checks: int
) -> None:
    monkeypatch.setattr(activity, "_READ", 3)
    storage = services.storage
    several = [await flipped(storage, made_check(), [9, 8, 7, 6]) for _ in range(checks)]
    for minutes in (5, 4, 3, 2, 1, 0.5):
        await notified(storage, several[0], minutes, "failed" if minutes == 5 else "sent")
    found = await Activity(storage, several, [CHANNEL]).read(("flips", "failed"), NOW, NOW, 500)
    assert ages(found.entries) == [5, *(age for age in (6, 7, 8, 9) for _ in range(checks))]
    assert found.before is None


async def test_a_page_ends_when_much_was_read_and_the_next_one_goes_on(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "_READ", 5)
    monkeypatch.setattr(activity, "MAX_READ", 10)
    storage = services.storage
    check = made_check()
    for minutes in range(1, 31):
        await notified(storage, check, minutes, "failed" if minutes == 30 else "sent")
    reader = Activity(storage, [check], [CHANNEL])
    found, pages = await reader.read(FAILED, NOW, NOW, 5), 1
    while not found.entries:
        assert found.before is not None
        found, pages = await reader.read(FAILED, found.before, NOW, 5), pages + 1
    assert ages(found.entries) == [30]
    assert pages > 2


async def test_nothing_older_than_is_kept_comes(services: Services) -> None:
    days = KEPT / timedelta(minutes=1)
    check = await flipped(services.storage, made_check(), [days + 10, days - 10])
    found = await Activity(services.storage, [check], []).read(FLIPS, NOW, NOW, 50)
    assert ages(found.entries) == [days - 10]
