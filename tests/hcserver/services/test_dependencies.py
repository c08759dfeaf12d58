from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.domain.state_machine import Step
from hcserver.services import dependencies
from hcserver.services.container import Services
from hcserver.storage.checks import Stored
from tests.hcserver.services.conftest import create


async def depend(services: Services, check: Check, *others: Check) -> Check:
    """As two processes at once can have it: nothing is looked at."""
    ids = tuple(one.id for one in others)
    return await services.state_writer.change(check.id, lambda one: Step(replace(one, depends_on=ids)))


async def names_above(services: Services, check: Check) -> list[str]:
    return [one.name for one in await services.dependencies.above(check)]


async def test_the_nearest_come_first_and_each_once(services: Services, project: Project) -> None:
    router, nas, db, job = [
        await create(services, project, name=name) for name in ("router", "nas", "db", "job")
    ]
    nas, db = await depend(services, nas, router), await depend(services, db, nas, router)
    job = await depend(services, job, db, nas)
    assert await names_above(services, job) == ["db", "nas", "router"]
    assert await names_above(services, router) == []
    assert [one.name for one in await services.dependencies.of(job)] == ["db", "nas"]
    assert await services.dependencies.number_below(router) == 2


async def test_a_message_does_not_wait_long_to_know_how_many_checks_depend_on_one(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    nas = await create(services, project)
    await depend(services, await create(services, project), nas)
    read, may_read = services.storage.checks.pieces_of_project, asyncio.Event()

    async def slow(project: UUID) -> AsyncIterator[list[Stored]]:
        await may_read.wait()
        async for piece in read(project):
            yield piece

    monkeypatch.setattr(services.storage.checks, "pieces_of_project", slow)
    monkeypatch.setattr(dependencies, "WAIT", 0.01)
    assert await services.dependencies.number_below(nas) == 0
    may_read.set()
    monkeypatch.setattr(dependencies, "WAIT", 60)
    assert await services.dependencies.number_below(nas) == 1


async def test_what_is_gone_or_in_another_project_is_left_out(services: Services, project: Project) -> None:
    other, _ = await services.projects.create("other")
    foreign, nas = await create(services, other, name="foreign"), await create(services, project, name="nas")
    job = await depend(services, await create(services, project), foreign, nas)
    job = replace(job, depends_on=(UUID(int=1), *job.depends_on))
    assert await names_above(services, job) == ["nas"]


async def test_a_cycle_is_walked_once(services: Services, project: Project) -> None:
    one, two = [await create(services, project, name=name) for name in ("one", "two")]
    one, two = await depend(services, one, two), await depend(services, two, one)
    assert await names_above(services, one) == ["two", "one"]
    assert await services.dependencies.may_lead_to(two, one.id)
    job = await depend(services, await create(services, project, name="job"), one)
    assert not await services.dependencies.may_lead_to(one, job.id)


async def test_a_walk_ends(services: Services, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "WALKED", 3)
    last = await create(services, project, name="0")
    for number in range(1, 6):
        last = await depend(services, await create(services, project, name=str(number)), last)
    assert await names_above(services, last) == ["4", "3", "2"]
    assert await services.dependencies.may_lead_to(last, UUID(int=1))
