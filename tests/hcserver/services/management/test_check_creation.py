from __future__ import annotations

import asyncio

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Forbidden
from hcserver.services.container import Services
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import MakeServices, create


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
