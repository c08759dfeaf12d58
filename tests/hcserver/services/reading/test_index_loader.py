from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.reading.index_loader import TOO_LARGE_TIME
from hcserver.storage.checks import Stored
from tests.hcserver.services.conftest import FakeClock, create, ping


class CountedLoads:
    """Counts how often the checks of a project are read, and lets something happen in the middle of it."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self.in_between: Any = None
        self._pieces = services.storage.checks.pieces_of_project
        monkeypatch.setattr(services.storage.checks, "pieces_of_project", self._read)

    async def _read(self, project: UUID, slug: str | None = None) -> AsyncIterator[list[Stored]]:
        self.number += 1
        pieces = [piece async for piece in self._pieces(project, slug)]
        if self.in_between is not None:
            await self.in_between()
        for piece in pieces:
            yield piece


@pytest.fixture
def loads(services: Services, monkeypatch: pytest.MonkeyPatch) -> CountedLoads:
    return CountedLoads(services, monkeypatch)


async def test_an_index_is_loaded_once_for_all_who_ask(
    services: Services, project: Project, loads: CountedLoads
) -> None:
    await create(services, project)
    found = await asyncio.gather(*(services.project_reader.loader.index(project.id) for _ in range(5)))
    assert all(index is found[0] for index in found)
    await create(services, project)
    assert len(await services.project_reader.checks(project.id)) == 2
    assert loads.number == 1


async def test_what_happens_while_the_index_is_loaded_is_in_it(
    services: Services, project: Project, loads: CountedLoads
) -> None:
    pinged, deleted = await create(services, project), await create(services, project)
    created = []

    async def happen() -> None:
        await ping(services, pinged.id)
        await services.check_deletion.delete(project, deleted.id)
        created.append(await create(services, project))

    loads.in_between = happen
    found = await services.project_reader.checks(project.id)
    assert [(check.id, check.n_pings) for check in found] == [(pinged.id, 1), (created[0].id, 0)]


async def test_an_index_that_is_outdated_while_it_is_loaded_is_loaded_again(
    services: Services, project: Project, loads: CountedLoads
) -> None:
    async def cut_off() -> None:
        loads.in_between = None
        services.cache.forget_all()

    loads.in_between = cut_off
    assert await services.project_reader.loader.index(project.id) is not None
    assert loads.number == 2


async def test_nothing_is_kept_of_an_index_that_could_not_be_loaded(
    services: Services, project: Project, loads: CountedLoads
) -> None:
    check = await create(services, project)

    async def fail() -> None:
        raise Unavailable("away")

    loads.in_between = fail
    with pytest.raises(Unavailable):
        await services.project_reader.checks(project.id)
    loads.in_between = None
    assert await services.project_reader.checks(project.id) == [check]


async def test_a_project_that_is_too_large_is_counted_again_after_a_while(
    services: Services, project: Project, loads: CountedLoads, clock: FakeClock
) -> None:
    indexes = services.project_reader.loader._indexes
    checks = [await create(services, project) for _ in range(3)]
    indexes.capacity = 2
    assert await services.project_reader.loader.index(project.id) is None
    assert loads.number == 0
    indexes.capacity = 3
    assert await services.project_reader.loader.index(project.id) is None
    clock.advance(TOO_LARGE_TIME.total_seconds())
    index = await services.project_reader.loader.index(project.id)
    assert index is not None
    assert len(index) == len(checks)


async def test_a_check_that_could_not_be_loaded_again_stays_outdated(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await services.project_reader.checks(project.id)
    services.cache.forget(check.id)

    async def away(ids: object) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(services.cache, "ensure", away)
        with pytest.raises(Unavailable):
            await services.project_reader.checks(project.id)
    index = await services.project_reader.loader.index(project.id)
    assert index is not None
    assert index.outdated == set()


async def test_an_index_is_loaded_again_when_the_clock_was_set_back(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    clock.advance(3600)
    assert await services.project_reader.status_counts(project.id, None) == {"grace": 1}
    clock.advance(-1800)
    assert await services.project_reader.status_counts(project.id, None) == {"up": 1}
