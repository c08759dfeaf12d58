from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.config.schema import LimitSettings
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.notification_policy import LOOK_BACK
from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.background import PeriodicTask
from hcserver.services.container import Services
from hcserver.services.public.downtimes import Downtimes
from hcserver.services.runtime import retention as retention_module
from hcserver.services.runtime.retention import EVERY, Retention
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.storage.contract.records import NOW, a_notification

DAY = 86_400.0


@pytest.fixture
def clock() -> FakeClock:
    """The time of today: the database removes old notifications by its own clock."""
    clock = FakeClock()
    clock.now = NOW
    return clock


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_module, "PAUSE", 0.0)
    monkeypatch.setattr(retention_module, "REST", 0.0)


def retention(services: Services, **limits: Any) -> Retention:
    return Retention(services.storage, LimitSettings(**limits), services.clock)


async def flapping(services: Services, project: Project, clock: FakeClock, days: int) -> Check:
    """A check that flips every day, the last time now."""
    check = await create(services, project, timeout=604_800)
    for day in range(days):
        if day:
            clock.advance(DAY)
        await ping(services, check.id, "fail" if day % 2 else "success")
    await services.state_writer.settle(check.id)
    return await services.cache.get(check.id)


async def numbers(services: Services, check: UUID) -> list[int]:
    return [flip.n for flip in await services.storage.flips.read(check)]


async def alerts(services: Services, check: UUID) -> list[int]:
    return [one.n for one in await services.storage.notifications.of_check(check, 1000)]


async def test_flips_that_are_too_old_are_removed(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await flapping(services, project, clock, 5)
    clock.advance(90 * DAY - 2 * DAY)
    assert await retention(services, flip_days=90).go_round() == EVERY
    assert await numbers(services, check.id) == [5, 4, 3]  # that of 90 days ago as well
    assert (await services.cache.get(check.id)).n_flips == 5


async def test_the_newest_flip_of_a_check_stays_however_old_it_is(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await flapping(services, project, clock, 45)
    clock.advance(1000 * DAY)
    for _ in range(2):
        await retention(services).go_round()
        assert await numbers(services, check.id) == [45]


async def test_a_flip_that_the_document_does_not_count_yet_stays(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    flips = [Flip(check=check.id, n=n, at=clock(), old="up", new="down", reason="fail") for n in range(1, 4)]
    await services.storage.flips.publish(flips)
    clock.advance(1000 * DAY)
    await retention(services).go_round()
    assert await numbers(services, check.id) == [3, 2, 1]


async def test_the_downtime_that_pages_show_does_not_need_what_was_removed(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await flapping(services, project, clock, 6)  # down since now
    clock.advance(100 * DAY)
    await ping(services, check.id)
    await services.state_writer.settle(check.id)
    check = await services.cache.get(check.id)
    before = await services.public.downtimes.of_checks([check])
    await retention(services, flip_days=90).go_round()
    assert await numbers(services, check.id) == [7]
    assert await Downtimes(services.checks, services.clock).of_checks([check]) == before
    assert sum(day.seconds for day in before[0]) > 80 * DAY


async def test_old_notifications_are_removed_but_for_those_of_the_last_alerts(
    services: Services, project: Project, clock: FakeClock, database: Any
) -> None:
    check = await create(services, project)
    other = await create(services, project)
    await count_alerts(database, check, 30)
    await count_alerts(database, other, LOOK_BACK)
    await notify(services, check, 30)
    await notify(services, other, LOOK_BACK)
    clock.advance(7 * DAY + 5)
    await retention(services, notification_days=7).go_round()
    last = list(range(30, 30 - LOOK_BACK, -1))
    assert await alerts(services, check.id) == last
    assert len(await alerts(services, other.id)) == LOOK_BACK


async def test_notifications_that_are_young_or_are_still_to_be_sent_stay(
    services: Services, project: Project, clock: FakeClock, database: Any
) -> None:
    check = await create(services, project)
    await count_alerts(database, check, 30)
    held = a_notification(check=check.id, n=1, at=clock(), due=clock() + timedelta(days=365), held=True)
    await services.storage.notifications.add([held])
    clock.advance(DAY)
    young = a_notification(check=check.id, n=2, at=clock(), due=None)
    await services.storage.notifications.add([young])
    await retention(services, notification_days=1).go_round()
    assert await alerts(services, check.id) == [2, 1]
    clock.advance(DAY + 1)
    await retention(services, notification_days=1).go_round()
    assert await alerts(services, check.id) == [1]


async def test_what_the_database_removes_by_itself_is_left_to_it(
    services: Services, project: Project, clock: FakeClock, database: Any
) -> None:
    check = await create(services, project)
    await count_alerts(database, check, 30)
    await notify(services, check, 30)
    clock.advance(1000 * DAY)
    await retention(services).go_round()
    assert len(await alerts(services, check.id)) == 30


async def count_alerts(database: Any, check: Check, number: int) -> None:
    await database["checks"].update_one({"_id": check.id}, {"$set": {"n_alerts": number}})


async def notify(services: Services, check: Check, number: int) -> None:
    """A notification of each alert, one a millisecond."""
    start = services.clock()
    await services.storage.notifications.add(
        [
            a_notification(check=check.id, n=n, at=start + timedelta(milliseconds=n), due=None)
            for n in range(1, number + 1)
        ]
    )


async def test_all_checks_have_their_turn_and_others_between_them(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_module, "AT_ONCE", 2)
    checks = [await flapping(services, project, clock, 2) for _ in range(5)]
    clock.advance(1000 * DAY)
    await retention(services).go_round()
    assert [await numbers(services, check.id) for check in checks] == [[2]] * 5


async def test_two_processes_may_do_it_at_the_same_time(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await flapping(services, project, clock, 50)
    clock.advance(1000 * DAY)
    await asyncio.gather(retention(services).go_round(), retention(services).go_round())
    assert await numbers(services, check.id) == [50]


async def test_a_round_is_begun_anew_when_the_database_was_away(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await flapping(services, project, clock, 3)
    clock.advance(1000 * DAY)
    numbers_of, calls = services.storage.checks.numbers, 0

    def away_at_first(at_once: int) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Unavailable("away")
        return numbers_of(at_once)

    monkeypatch.setattr(services.storage.checks, "numbers", away_at_first)
    task = PeriodicTask("retention", retention(services).go_round, 0.0)
    task.start()
    async with asyncio.timeout(60):
        while await numbers(services, check.id) != [3]:
            await asyncio.sleep(0.01)
    await task.stop()


async def test_a_stop_ends_a_round_at_once(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_module, "PAUSE", 3600.0)
    check = await flapping(services, project, clock, 30)
    clock.advance(1000 * DAY)
    task = PeriodicTask("retention", retention(services).go_round, 0.0)
    task.start()
    async with asyncio.timeout(60):
        while len(await numbers(services, check.id)) == 30:
            await asyncio.sleep(0.01)
        await task.stop()
    assert await numbers(services, check.id) == list(range(30, 20, -1))


async def test_a_server_does_it_by_itself(
    services: Services, project: Project, clock: FakeClock, make_services: MakeServices
) -> None:
    check = await flapping(services, project, clock, 3)
    clock.advance(1000 * DAY)
    await make_services()
    async with asyncio.timeout(60):
        while await numbers(services, check.id) != [3]:
            await asyncio.sleep(0.01)
