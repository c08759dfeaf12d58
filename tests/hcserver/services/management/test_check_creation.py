from __future__ import annotations

import asyncio

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Conflict, Forbidden, InvalidRequest, NotFound
from hcserver.services.container import Services
from hcserver.validation.channel import parse_channel
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create


async def test_simultaneous_upserts_in_two_processes_create_one_check(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    spec = parse_spec({"name": "backup", "unique": ["name"]}, 3)
    outcomes = await asyncio.gather(
        *(services.check_editor.create(project, spec) for services in (first, second) for _ in range(5))
    )
    assert sum(created for _, created in outcomes) == 1
    assert len({check.id for check, _ in outcomes}) == 1


async def test_a_check_beyond_the_limit_of_its_project_is_refused(
    services: Services, project: Project
) -> None:
    await services.projects.limit(project, 2, None)
    project = await services.projects.find("main")
    await create(services, project)
    await create(services, project)
    with pytest.raises(Forbidden):
        await create(services, project)


async def test_checks_are_created_together_in_their_order(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    channel = await first.channels.create(
        project, parse_channel({"kind": "email", "target": "ops@example.org", "name": "ops"})
    )
    assert await second.checks.of_project(project.id) == []
    with pytest.raises(NotFound):
        await second.lookup.check_by_slug(project.id, "b")
    specs = [parse_spec({"slug": slug, "channels": "ops"}, 3) for slug in "bca"]
    made = await first.check_editor.create_all(project, specs)
    assert [(check.slug, check.channels) for check in made] == [(slug, (channel.id,)) for slug in "bca"]
    assert await first.checks.of_project(project.id) == made
    assert [await first.checks.get(project, check.id) for check in made] == made
    assert [await first.checks.by_badge(check.badge) for check in made] == made
    # Another process hears of all of them.
    clock.advance(2)
    await second.runtime.news_listener.listen()
    assert await second.lookup.check_by_slug(project.id, "b") == made[0].id


async def test_of_checks_that_are_created_together_all_or_none_have_room_and_a_free_slug(
    services: Services, project: Project
) -> None:
    await services.projects.limit(project, 2, None)
    project = await services.projects.find("main")
    there = await create(services, project, slug="a")

    async def create_all(*slugs: str, channels: str = "") -> None:
        specs = [parse_spec({"slug": slug, "channels": channels}, 3) for slug in slugs]
        await services.check_editor.create_all(project, specs)

    with pytest.raises(Forbidden):
        await create_all("b", "c")
    with pytest.raises(Conflict, match="there is a check a by now"):
        await create_all("b", "a")
    with pytest.raises(InvalidRequest, match="invalid channel identifier: nobody"):
        await create_all("b", channels="nobody")
    assert await services.checks.of_project(project.id) == [there]
    await create_all("b")
    with pytest.raises(Forbidden):
        await create_all("c")


async def test_the_limit_holds_for_checks_that_are_created_together_one_after_another(
    services: Services, project: Project
) -> None:
    await services.projects.limit(project, 250, None)
    project = await services.projects.find("main")
    for batch in range(5):
        specs = [parse_spec({"slug": f"c{batch}-{n}", "channels": ""}, 3) for n in range(50)]
        await services.check_editor.create_all(project, specs)
    with pytest.raises(Forbidden):
        await create(services, project)
