from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.errors import InvalidRequest, NotFound
from hcserver.services.container import Services


async def test_simultaneous_projects_of_one_name_are_created_once(services: Services) -> None:
    outcomes = await asyncio.gather(
        *(services.projects.create("same") for _ in range(3)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


async def test_each_project_has_a_badge_secret_which_a_new_badge_key_replaces(services: Services) -> None:
    one, two = [(await services.projects.create(name))[0] for name in ("one", "two")]
    assert one.badge_secret and two.badge_secret
    assert len(one.badge_secret) == 64
    assert one.badge_secret != two.badge_secret
    await services.projects.rotate_key(one, "badge")
    assert (await services.projects.get(one.id)).badge_secret != one.badge_secret
    assert await services.projects.with_badge_secret(two) == two


async def test_a_project_without_a_badge_secret_gets_one_when_it_is_needed(
    services: Services, project: Project
) -> None:
    await services.storage.projects.update(project.id, {"badge_secret": None})
    old = await services.projects.get(project.id)
    assert old.badge_secret is None
    outcomes = await asyncio.gather(*(services.projects.with_badge_secret(old) for _ in range(5)))
    (secret,) = {one.badge_secret for one in outcomes}
    assert secret == (await services.projects.get(project.id)).badge_secret is not None


async def test_the_database_has_no_api_key_in_clear(services: Services, database: Any) -> None:
    _, keys = await services.projects.create("main")
    stored = repr(await database["projects"].find_one({}))
    assert keys.api_key not in stored
    assert keys.api_key_readonly not in stored
    # Pages and the API show these.
    assert keys.ping_key in stored
    assert keys.badge_key in stored


async def test_a_project_takes_the_ping_key_that_it_had_elsewhere(
    services: Services, project: Project
) -> None:
    key = "Ab3_-678901234567890xy"
    assert await services.projects.take_ping_key(project, key)
    assert (await services.lookup.by_ping_key(key)).id == project.id
    with pytest.raises(NotFound):
        await services.lookup.by_ping_key(project.ping_key)
    project = await services.projects.find("main")
    assert not await services.projects.take_ping_key(project, key)
    other, keys = await services.projects.create("other")
    with pytest.raises(InvalidRequest, match="ping_key is that of the project 'main'"):
        await services.projects.take_ping_key(other, key)
    for wrong in ("short", "with blanks in between", str(uuid4()), "ä" * 22, key + "\n"):
        with pytest.raises(InvalidRequest, match="ping_key "):
            await services.projects.take_ping_key(other, wrong)
    assert (await services.projects.find("other")).ping_key == keys.ping_key
