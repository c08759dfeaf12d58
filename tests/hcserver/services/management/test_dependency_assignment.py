from __future__ import annotations

from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.errors import InvalidRequest
from hcserver.services.container import Services
from hcserver.services.management import dependency_assignment
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create


async def depends_on(services: Services, check: Check) -> tuple[UUID, ...]:
    return (await services.checks.by_id(check.id)).depends_on


async def test_a_check_that_is_deleted_leaves_those_that_depend_on_it(
    services: Services, project: Project
) -> None:
    nas, router = [await create(services, project, slug=slug) for slug in ("nas", "router")]
    jobs = [await create(services, project, depends_on=["nas", "router"]) for _ in range(3)]
    await services.check_deletion.delete(project, nas.id)
    for job in jobs:
        assert await depends_on(services, job) == (router.id,)
    assert await services.project_reader.dependents(project.id, nas.id) == []


async def test_a_deletion_does_not_wait_for_a_project_that_is_not_in_memory(
    services: Services, project: Project
) -> None:
    nas = await create(services, project)
    job = await create(services, project, depends_on=[str(nas.id)])
    assert await services.project_reader.loader.known(project.id) is None
    await services.check_deletion.delete(project, nas.id)
    assert await services.project_reader.loader.known(project.id) is None
    assert await depends_on(services, job) == (nas.id,)
    assert await services.dependencies.of(await services.checks.by_id(job.id)) == []


async def test_a_check_that_moves_to_another_project_leaves_its_dependencies_on_both_sides(
    services: Services, project: Project
) -> None:
    other, _ = await services.projects.create("other")
    router = await create(services, project, slug="router")
    nas = await create(services, project, slug="nas", depends_on=["router"])
    job = await create(services, project, depends_on=["nas", "router"])
    moved = await services.check_transfer.move(project, nas.id, other)
    assert moved.depends_on == ()
    assert await depends_on(services, job) == (router.id,)


async def test_a_slug_that_looks_like_the_uuid_of_no_check_is_a_slug(
    services: Services, project: Project
) -> None:
    odd = str(UUID(int=5))
    nas = await create(services, project, slug=odd)
    assert (await create(services, project, depends_on=[odd])).depends_on == (nas.id,)


async def test_dependencies_that_another_process_has_set_make_a_cycle_as_well(
    services: Services, project: Project, make_services: MakeServices, clock: FakeClock
) -> None:
    other = await make_services()
    nas, router = [await create(services, project, slug=slug) for slug in ("nas", "router")]
    await other.check_editor.update(project, nas.id, parse_spec({"depends_on": [str(router.id)]}, 3))
    for process in (other, services):
        await process.runtime.written_news.exchange()
    with pytest.raises(InvalidRequest, match="makes a cycle: nas depends on this check"):
        await services.check_editor.update(project, router.id, parse_spec({"depends_on": ["nas"]}, 3))


async def test_a_deletion_does_not_wait_long_for_those_that_depend_on_the_check(
    services: Services, project: Project, make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependency_assignment, "WAIT", 0.01)
    nas = await create(services, project, slug="nas")
    job = await create(services, project, depends_on=["nas"])
    async with services.cache.exclusive:  # nothing can be written meanwhile
        await services.check_deletion.delete(project, nas.id)
        assert await depends_on(services, job) == ()
    await services.stop()
    assert await depends_on(await make_services(), job) == ()
