from __future__ import annotations

from typing import Any
from uuid import uuid4

from hcserver.domain.status_page import Wall
from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later


def a_wall(**fields: Any) -> Wall:
    return Wall(**{"hash": uuid4().hex * 2, "project": uuid4(), "name": "office", "created": NOW, **fields})


async def test_a_wall_comes_back_as_it_was_stored(storage: Storage) -> None:
    wall = a_wall()
    await storage.walls.insert(wall)
    assert await storage.walls.get(wall.hash) == wall
    assert await storage.walls.get("another") is None


async def test_walls_of_a_project_come_in_the_order_of_their_creation(storage: Storage) -> None:
    project = uuid4()
    walls = [a_wall(project=project, created=later(seconds)) for seconds in (2, 1)]
    for wall in [*walls, a_wall()]:
        await storage.walls.insert(wall)
    assert await storage.walls.of_project(project) == walls[::-1]


async def test_walls_are_deleted_one_by_one_or_with_their_project(storage: Storage) -> None:
    project = uuid4()
    walls = [a_wall(project=project) for _ in range(3)]
    another = a_wall()
    for wall in [*walls, another]:
        await storage.walls.insert(wall)
    await storage.walls.delete(walls[0].hash)
    assert len(await storage.walls.of_project(project)) == 2
    await storage.walls.delete_of_project(project)
    assert await storage.walls.of_project(project) == []
    assert await storage.walls.get(another.hash) == another
