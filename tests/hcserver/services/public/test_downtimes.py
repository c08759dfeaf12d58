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
