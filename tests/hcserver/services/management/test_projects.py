from __future__ import annotations

import asyncio
from typing import Any

from hcserver.services.container import Services


async def test_simultaneous_projects_of_one_name_are_created_once(services: Services) -> None:
    outcomes = await asyncio.gather(
        *(services.projects.create("same") for _ in range(3)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


async def test_the_database_has_no_api_key_in_clear(services: Services, database: Any) -> None:
    _, keys = await services.projects.create("main")
    stored = repr(await database["projects"].find_one({}))
    assert keys.api_key not in stored
    assert keys.api_key_readonly not in stored
    # Pages and the API show these.
    assert keys.ping_key in stored
    assert keys.badge_key in stored
