from __future__ import annotations

import pytest
from msgspec.structs import replace

from hcserver.errors import Unavailable
from hcserver.storage import Storage
from hcserver.storage.projects import KeyField
from tests.hcserver.storage.contract.records import a_project, later


async def test_a_project_is_found_by_its_id_and_by_each_key(storage: Storage) -> None:
    project = a_project(ping_key="p", badge_key="b", api_key_hash="w", api_key_readonly_hash="r")
    await storage.projects.insert(project)
    assert await storage.projects.get(project.id) == project
    assert await storage.projects.by_key("api_key_hash", "w") == project
    assert await storage.projects.by_key("api_key_readonly_hash", "r") == project
    assert await storage.projects.by_key("ping_key", "p") == project
    assert await storage.projects.by_key("badge_key", "b") == project
    assert await storage.projects.by_key("badge_key", "w") is None


@pytest.mark.parametrize("field", ["ping_key", "badge_key", "api_key_hash", "api_key_readonly_hash"])
async def test_no_two_projects_have_the_same_key(storage: Storage, field: KeyField) -> None:
    first = a_project(**{field: "same"})
    await storage.projects.insert(first)
    with pytest.raises(Unavailable):
        await storage.projects.insert(a_project(**{field: "same"}))
    assert await storage.projects.by_key(field, "same") == first


async def test_any_number_of_projects_have_no_api_keys(storage: Storage) -> None:
    for _ in range(3):
        await storage.projects.insert(a_project())
    assert len(await storage.projects.all()) == 3


async def test_an_update_sets_values_and_removes_those_that_are_none(storage: Storage) -> None:
    project = a_project(api_key_hash="w", checks_limit=3)
    await storage.projects.insert(project)
    await storage.projects.update(project.id, {"checks_limit": 5, "api_key_hash": None})
    assert await storage.projects.get(project.id) == replace(project, checks_limit=5, api_key_hash=None)
    await storage.projects.update(project.id, {"checks_limit": None})
    assert await storage.projects.get(project.id) == replace(project, checks_limit=None, api_key_hash=None)


async def test_all_projects_come_in_the_order_of_their_creation(storage: Storage) -> None:
    projects = [a_project(created=later(seconds)) for seconds in (2, 1, 3)]
    for project in projects:
        await storage.projects.insert(project)
    assert await storage.projects.all() == [projects[1], projects[0], projects[2]]


async def test_a_deleted_project_is_gone(storage: Storage) -> None:
    project = a_project()
    await storage.projects.insert(project)
    await storage.projects.delete(project.id)
    assert await storage.projects.get(project.id) is None
