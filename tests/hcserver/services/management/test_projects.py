from __future__ import annotations

import asyncio

from hcserver.services.container import Services


async def test_simultaneous_projects_of_one_name_are_created_once(services: Services) -> None:
    outcomes = await asyncio.gather(
        *(services.projects.create("same") for _ in range(3)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
