from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.public import downtimes
from tests.hcserver.services.conftest import FakeClock, create, pass_time, ping

DAY = 86_400


async def seconds(services: Services, id: UUID) -> list[float]:
    """Downtime by day, with today last."""
    [days] = await services.public.downtimes.of_checks([await services.checks.by_id(id)])
    assert len(days) == 90
    return [day.seconds for day in days]


@pytest.fixture
def reads(services: Services, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The readings of flips."""
    made: list[Any] = []
    flips = services.checks.flips

    async def counted(check: Check, start: datetime | None, end: datetime | None) -> list[Flip]:
        made.append((start, end))
        return await flips(check, start, end)

    monkeypatch.setattr(services.checks, "flips", counted)
    return made


async def test_days_follow_what_happens(services: Services, project: Project, clock: FakeClock) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await ping(services, check.id, "fail")
    clock.advance(600)
    assert (await seconds(services, check.id))[-1] == 600
    await ping(services, check.id)
    clock.advance(600)
    assert (await seconds(services, check.id))[-1] == 600
    await pass_time(services, clock, 3660)
    assert (await seconds(services, check.id))[-1] == pytest.approx(600 + 600, abs=1)
    clock.advance(DAY)
    assert (await seconds(services, check.id))[-2] > 600


async def test_what_is_up_to_date_is_not_read_again(
    services: Services, project: Project, clock: FakeClock, reads: list[Any]
) -> None:
    check = await create(services, project)
    await seconds(services, check.id)
    assert reads == []
    await ping(services, check.id, "fail")
    await seconds(services, check.id)
    assert len(reads) == 1
    clock.advance(60)
    await ping(services, check.id, "fail")  # no flip
    assert (await seconds(services, check.id))[-1] == 60
    assert len(reads) == 1
    await ping(services, check.id)
    await seconds(services, check.id)
    assert len(reads) == 2


async def test_a_flip_long_ago_costs_no_reading(
    services: Services, project: Project, clock: FakeClock, reads: list[Any]
) -> None:
    check = await create(services, project)
    await ping(services, check.id, "fail")
    clock.advance(100 * DAY)
    assert set((await seconds(services, check.id))[:-1]) == {DAY}
    assert reads == []


async def test_a_clock_that_was_set_back_hides_no_downtime(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    clock.advance(-3600)
    await ping(services, check.id, "fail")
    clock.advance(600)
    assert (await seconds(services, check.id))[-1] == 600


async def test_many_flips_are_read_in_pieces(
    services: Services, project: Project, clock: FakeClock, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    for _ in range(6):
        await ping(services, check.id, "fail")
        clock.advance(3600)
        await ping(services, check.id)
        clock.advance(DAY / 2)
    at_once = await seconds(services, check.id)
    assert sum(at_once) == 6 * 3600
    assert len(reads) == 1
    monkeypatch.setattr(downtimes, "_AT_ONCE", 3)
    services.public.downtimes._histories.clear()
    assert await seconds(services, check.id) == at_once
    assert len(reads) == 1 + 4
    assert all(end == start for (_, end), (start, _) in pairwise(reads[1:]))


async def test_two_who_ask_at_once_get_the_same(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await ping(services, check.id, "fail")
    clock.advance(60)
    assert (
        await asyncio.gather(*(seconds(services, check.id) for _ in range(3)))
        == [await seconds(services, check.id)] * 3
    )


async def test_only_so_many_histories_are_kept(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downtimes, "REMEMBERED", 2)
    checks = [await create(services, project, name=str(number)) for number in range(4)]
    await ping(services, checks[0].id, "fail")
    clock.advance(60)
    stored = [await services.checks.by_id(check.id) for check in checks]
    days = await services.public.downtimes.of_checks(stored)
    assert [one[-1].seconds for one in days] == [60, 0, 0, 0]
    assert len(services.public.downtimes._histories) == 2


async def many(services: Services, project: Project, clock: FakeClock) -> list[Check]:
    """More checks than are read one by one, each with two failures of an hour, the last one under way."""
    made = [await create(services, project, name=str(n), timeout=365 * DAY) for n in range(25)]
    for pause in (40 * DAY, 3600):
        for check in made:
            await ping(services, check.id, "fail")
        clock.advance(3600)
        for check in made[1:]:
            await ping(services, check.id)
        clock.advance(pause)
    for check in made:
        await services.state_writer.publish(check.id)
    return [await services.checks.by_id(check.id) for check in made]


async def totals(services: Services, checks: list[Check]) -> list[float]:
    found = await services.public.downtimes.of_checks(checks)
    return [sum(day.seconds for day in days) for days in found]


@pytest.mark.parametrize("per_check", [50, 1, 0])
async def test_the_flips_of_many_checks_are_read_at_once(
    services: Services,
    project: Project,
    clock: FakeClock,
    reads: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    per_check: int,
) -> None:
    """With a smaller budget some or all of them are left to be read one by one, with the same result."""
    monkeypatch.setattr(downtimes, "_PER_CHECK", per_check)
    checks = await many(services, project, clock)
    assert checks[1].n_flips > 2
    await services.public.downtimes.read_ahead(checks)
    found = await totals(services, checks)
    assert bool(reads) == (per_check < 50)
    assert found == [40 * DAY + 3 * 3600, *[2 * 3600] * 24]
    services.public.downtimes._histories.clear()
    assert await totals(services, checks) == found


async def test_few_checks_are_not_read_with_all_others(
    services: Services, project: Project, clock: FakeClock, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = (await many(services, project, clock))[:10]
    monkeypatch.setattr(services.checks, "flips_of_all", None)
    await services.public.downtimes.read_ahead(checks)
    assert len(await totals(services, checks)) == len(reads) == 10


async def test_a_flip_that_is_not_published_yet_is_waited_for(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = await many(services, project, clock)
    of_all = services.checks.flips_of_all

    async def without_the_second(start: datetime, end: datetime, limit: int) -> list[Flip]:
        return [one for one in await of_all(start, end, limit) if one.n != 2]

    monkeypatch.setattr(services.checks, "flips_of_all", without_the_second)
    await services.public.downtimes.read_ahead(checks)
    assert await totals(services, checks) == [40 * DAY + 3 * 3600, *[2 * 3600] * 24]
