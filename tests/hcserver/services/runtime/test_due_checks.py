from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, pass_time, ping


async def test_a_check_goes_down_at_its_moment_and_not_before(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project, timeout=60, grace=60)
    await ping(services, check.id)
    pinged = clock.now
    await services.state_writer.flush()
    await pass_time(services, clock, 119)
    assert (await services.checks.get(project, check.id)).status == "up"
    clock.advance(1)
    await services.runtime.due_checks.tick()
    assert (await services.checks.get(project, check.id)).status == "down"
    down, _ = await services.storage.flips.read(check.id)
    assert (down.new, down.reason, down.at) == ("down", "timeout", pinged + timedelta(seconds=120))


async def test_the_next_look_is_when_the_next_check_is_due(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project, timeout=60, grace=60)
    assert await services.runtime.due_checks.tick() == 1.0
    await ping(services, check.id)
    await services.state_writer.flush()
    await pass_time(services, clock, 119.75)
    assert await services.runtime.due_checks.tick() == pytest.approx(0.25)


async def test_a_check_whose_run_takes_too_long_goes_down(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project, timeout=3600, grace=60)
    await ping(services, check.id, "start")
    await services.state_writer.flush()
    await pass_time(services, clock, 60)
    assert (await services.checks.get(project, check.id)).status == "down"


async def test_an_acknowledged_ping_that_no_document_counts_keeps_its_check_up(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project, timeout=60, grace=60)
    await ping(first, check.id)
    await first.state_writer.flush()
    await pass_time(second, clock, 100)
    late = Ping(check=check.id, n=2, at=clock.now, type="success", scheme="http", remote_addr="192.0.2.1")
    await first.storage.pings.append([late])
    clock.advance(30)
    await second.runtime.due_checks.tick()
    assert (await second.checks.get(project, check.id)).status == "up"
    assert len(await second.storage.flips.read(check.id)) == 1


async def test_a_ping_that_only_memory_knows_keeps_its_check_up_and_is_written_without_reading_the_log(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project, timeout=60, grace=60)
    await ping(services, check.id)
    await services.state_writer.flush()
    await pass_time(services, clock, 100)
    await ping(services, check.id)
    clock.advance(30)
    read: list[Any] = []
    tail = services.storage.pings.tail

    async def counted(id: Any, after: int) -> Any:
        read.append(id)
        return await tail(id, after)

    monkeypatch.setattr(services.storage.pings, "tail", counted)
    assert await services.runtime.due_checks.tick() == 1.0
    assert read == []
    stored = (await services.storage.checks.load([check.id]))[check.id].check
    assert (stored.status, stored.n_pings) == ("up", 2)


async def test_a_ping_that_another_process_has_in_memory_only_keeps_its_check_up(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first = await make_services()
    project, _ = await first.projects.create("main")
    checks = [await create(first, project, timeout=60, grace=60) for _ in range(3)]
    for check in checks:
        await ping(first, check.id)
    await first.state_writer.flush()
    await pass_time(first, clock, 100)
    for check in checks[:2]:
        await ping(first, check.id)
    second = await make_services()
    await ping(first, checks[2].id)  # the second process has looked through the log before
    clock.advance(30)
    assert first.state_writer.postpones(checks[2].id, clock.now)
    assert not second.state_writer.postpones(checks[2].id, clock.now)
    await second.runtime.due_checks.tick()
    for check in checks:
        assert [flip.new for flip in await second.storage.flips.read(check.id)] == ["up"]


async def test_two_processes_take_a_check_down_once(make_services: MakeServices, clock: FakeClock) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    checks = [await create(first, project, timeout=60, grace=60) for _ in range(25)]
    for check in checks:
        await ping(first, check.id)
    await first.state_writer.flush()
    for _ in range(3):
        clock.advance(50)
        await asyncio.gather(first.runtime.due_checks.tick(), second.runtime.due_checks.tick())
    await first.state_writer.flush()
    await second.state_writer.flush()
    for check in checks:
        assert [flip.new for flip in await first.storage.flips.read(check.id)] == ["down", "up"]


async def test_a_ping_in_the_log_keeps_its_check_up_when_news_of_the_check_come_in_between(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check, other = [await create(first, project, timeout=60, grace=60) for _ in range(2)]
    for one in (check, other):
        await ping(first, one.id)
    await first.state_writer.flush()
    for services in (first, second):
        services.runtime.absence.threshold = timedelta.max
    clock.advance(100)
    late = Ping(check=check.id, n=2, at=clock.now, type="success", scheme="http", remote_addr="")
    await first.storage.pings.append([late])
    clock.advance(30)
    tail = second.storage.pings.tail

    async def tail_with_news(id: Any, after: int) -> Any:
        found = await tail(id, after)
        second.cache.forget(check.id)
        return found

    monkeypatch.setattr(second.storage.pings, "tail", tail_with_news)
    await second.runtime.due_checks.tick()
    flips = {one.id: [flip.new for flip in await second.storage.flips.read(one.id)] for one in (check, other)}
    assert flips == {check.id: ["up"], other.id: ["down", "up"]}
