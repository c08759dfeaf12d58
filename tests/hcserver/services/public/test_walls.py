from __future__ import annotations

from typing import Any

import pytest

from hcserver.domain.project import Project
from hcserver.errors import InvalidFields, NotFound
from hcserver.services.container import Services
from hcserver.services.public.walls import MAX_WALLS, TOKEN_LENGTH
from tests.hcserver.services.conftest import MakeServices


async def test_a_wall_is_found_by_its_token_until_it_is_revoked(services: Services, project: Project) -> None:
    walls = services.public.walls
    token = await walls.create(project, " office ")
    assert len(token) == TOKEN_LENGTH
    wall = await walls.find(token)
    assert (wall.name, wall.project) == ("office", project.id)
    assert await walls.of_project(project) == [wall]
    assert await walls.revoke(project, wall.id) == wall
    with pytest.raises(NotFound):
        await walls.find(token)
    with pytest.raises(NotFound):
        await walls.revoke(project, wall.id)


async def test_the_database_does_not_have_the_token(
    services: Services, project: Project, database: Any
) -> None:
    token = await services.public.walls.create(project, "office")
    assert token not in repr(await database["walls"].find_one({}))


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 1000, "\udc80" * 43])
async def test_no_other_token_finds_anything(services: Services, project: Project, token: str) -> None:
    await services.public.walls.create(project, "office")
    with pytest.raises(NotFound):
        await services.public.walls.find(token)


async def test_a_flood_of_one_wrong_token_costs_the_database_one_reading(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    async def none(hash: str) -> None:
        reads.append(hash)

    monkeypatch.setattr(services.storage.walls, "get", none)
    for _ in range(5):
        with pytest.raises(NotFound):
            await services.public.walls.find("x" * TOKEN_LENGTH)
    assert len(reads) == 1


async def test_a_wall_needs_a_name_and_a_project_has_only_so_many(
    services: Services, project: Project
) -> None:
    with pytest.raises(InvalidFields):
        await services.public.walls.create(project, " ")
    for _ in range(MAX_WALLS):
        await services.public.walls.create(project, "office")
    with pytest.raises(InvalidFields):
        await services.public.walls.create(project, "office")


async def test_a_wall_of_another_project_is_not_revoked(services: Services, project: Project) -> None:
    token = await services.public.walls.create(project, "office")
    wall = await services.public.walls.find(token)
    other, _ = await services.projects.create("other")
    with pytest.raises(NotFound):
        await services.public.walls.revoke(other, wall.id)
    assert await services.public.walls.find(token) == wall


async def test_what_one_process_revokes_is_gone_in_the_others(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    token = await first.public.walls.create(project, "office")
    wall = await second.public.walls.find(token)
    await first.public.walls.revoke(project, wall.id)
    await second.runtime.news_listener.listen()
    with pytest.raises(NotFound):
        await second.public.walls.find(token)
