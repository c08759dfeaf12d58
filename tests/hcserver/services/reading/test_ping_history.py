from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import asdict

from hcserver.app import build_services
from hcserver.config.schema import LimitSettings, Settings
from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.errors import NotFound
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping


class DatabaseReads:
    """The numbers of the pings that the history read from the database, in the order of the reads."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.numbers: list[int] = []
        log = services.storage.pings

        async def read(check: UUID, numbers: list[int]) -> list[Ping]:
            self.numbers += numbers
            return await log.read(check, numbers)

        monkeypatch.setattr(services.checks._ping_history, "_log", SimpleNamespace(read=read, get=log.get))


@pytest.fixture
def reads(services: Services, monkeypatch: pytest.MonkeyPatch) -> DatabaseReads:
    return DatabaseReads(services, monkeypatch)


async def shown(services: Services, project: Project, check: Check, limit: int = 1000) -> list[int]:
    """The numbers of the newest pings, each of which is what the database has."""
    current = await services.checks.get(project, check.id)
    pings = await services.checks.pings(current, limit)
    for one in pings:
        stored = await services.storage.pings.get(check.id, one.n)
        assert stored is not None
        assert asdict(one) == {**asdict(stored), "body": None}
    return [one.n for one in pings]


async def test_what_was_acknowledged_is_shown_at_once_without_asking_the_database(
    services: Services, project: Project, reads: DatabaseReads
) -> None:
    check = await create(services, project)
    for n in range(1, 6):
        await ping(services, check.id, body=b"x" * n)
        assert await shown(services, project, check) == list(range(n, 0, -1))
    assert reads.numbers == []


async def test_after_a_restart_pings_are_read_from_the_database_once(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await make_services()
    project, _ = await before.projects.create("main")
    check = await create(before, project)
    for _ in range(5):
        await ping(before, check.id, body=b"text")
    await before.state_writer.flush()
    after = await make_services()
    reads = DatabaseReads(after, monkeypatch)
    await ping(after, check.id)
    assert await shown(after, project, check, 3) == [6, 5, 4]
    assert reads.numbers == [4, 5]
    for _ in range(2):
        assert await shown(after, project, check) == [6, 5, 4, 3, 2, 1]
    assert reads.numbers == [4, 5, 1, 2, 3]


async def test_pings_of_another_process_are_shown_when_they_are_counted(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    for number in range(1, 21):
        await ping((first, second)[number % 3 == 0], check.id, rid=uuid4())
    clock.advance(1)
    for services in (first, second):
        await services.state_writer.flush()
    for services in (first, second) * 2:
        await services.runtime.written_news.exchange()
    for services in (first, second):
        assert await shown(services, project, check) == list(range(20, 0, -1))
    await ping(first, check.id)
    assert await shown(first, project, check, 2) == [21, 20]


@pytest.mark.parametrize("max_bytes", [0, 3000])
async def test_with_little_memory_the_rest_comes_from_the_database(database: Any, max_bytes: int) -> None:
    settings = Settings(limits=LimitSettings(recent_ping_bytes=max_bytes))
    services = build_services(database, settings)
    await services.start()
    try:
        project, _ = await services.projects.create("main")
        checks = [await create(services, project) for _ in range(3)]
        for number in range(60):
            await ping(services, checks[number % 3].id, body=b"x")
        for check in checks * 2:
            assert await shown(services, project, check) == list(range(20, 0, -1))
    finally:
        await services.stop()


async def test_pruned_pings_are_not_shown(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    await services.projects.limit(project, checks=None, pings=10)
    check = await create(services, project)
    for _ in range(120):
        await ping(services, check.id)
    await services.state_writer.flush()
    project = await services.projects.find("main")
    async with asyncio.timeout(30):
        while (await services.checks.get(project, check.id)).log_from < 111:
            await services.runtime.pruner.prune(await services.checks.get(project, check.id), project)
            await asyncio.sleep(0.01)
    assert await shown(services, project, check) == list(range(120, 110, -1))
    reads = DatabaseReads(services, monkeypatch)
    current = await services.checks.get(project, check.id)
    assert await services.checks.durations(current, await services.checks.pings(current, 10)) == {}
    assert reads.numbers == []


async def test_pings_of_a_deleted_check_take_no_memory(services: Services, project: Project) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.check_deletion.delete(project, check.id)
    with pytest.raises(NotFound):
        await services.checks.get(project, check.id)
    assert services.checks._ping_history._recent.bytes == 0


async def test_durations_are_found_in_the_log_as_far_back_as_it_takes(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    for rid in (UUID(int=1), UUID(int=2)):
        await ping(services, check.id, "start", rid=rid)
        clock.advance(1)
    for _ in range(130):
        await ping(services, check.id, "log")
    for rid in (UUID(int=2), UUID(int=1), UUID(int=3)):
        await ping(services, check.id, rid=rid)
    current = await services.checks.get(project, check.id)
    pings = await services.checks.pings(current, 3)
    assert await services.checks.durations(current, pings) == {133: 1.0, 134: 2.0}
    assert await services.checks.durations(current, []) == {}


async def test_nobody_looks_back_further_than_the_pings_shown_need(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await make_services()
    project, _ = await before.projects.create("main")
    check = await create(before, project)
    for _ in range(50):
        await ping(before, check.id)
    await before.state_writer.flush()
    services = await make_services()
    reads = DatabaseReads(services, monkeypatch)
    current = await services.checks.get(project, check.id)
    pings = await services.checks.pings(current, 5)
    assert await services.checks.durations(current, pings) == {}
    assert reads.numbers == [*range(46, 51), *range(36, 46)]


async def test_one_ping_has_its_body_from_memory_or_from_the_database(make_services: MakeServices) -> None:
    before = await make_services()
    project, _ = await before.projects.create("main")
    check = await create(before, project)
    await ping(before, check.id, body=b"one")
    await before.state_writer.flush()
    after = await make_services()
    await ping(after, check.id, body=b"two")
    current = await after.checks.get(project, check.id)
    assert [(await after.checks.ping(current, n)).body for n in (1, 2)] == [b"one", b"two"]
    for n in (-1, 0, 3):
        with pytest.raises(NotFound):
            await after.checks.ping(current, n)
