from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.events import CheckWritten
from hcserver.services.runtime import pruning as pruning_module
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping, report


async def test_pings_beyond_what_is_kept_are_pruned(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    await services.projects.limit(project, None, 10)
    project = await services.projects.find("main")
    for _ in range(3):
        await services.intake.record([report(check.id, services.clock()) for _ in range(50)])
    await services.state_writer.flush()
    await services.runtime.pruner.prune(await services.checks.get(project, check.id), project)
    numbers = [document["n"] async for document in database["pings"].find().sort("n", 1)]
    assert numbers == list(range(141, 151))
    assert (await services.checks.get(project, check.id)).log_from == 141


@pytest.mark.parametrize("crash", [True, False], ids=["a crash", "news"])
async def test_pings_that_no_document_counts_yet_are_not_pruned(
    services: Services, project: Project, make_services: MakeServices, crash: bool
) -> None:
    check = await create(services, project)
    await services.projects.limit(project, None, 10)
    project = await services.projects.find("main")
    async with services.cache.exclusive:  # a write that takes long
        for _ in range(3):
            await services.intake.record([report(check.id, services.clock()) for _ in range(50)])
        await ping(services, check.id, "fail")
        await services.runtime.pruner.prune(await services.cache.get(check.id), project)
        after = await make_services() if crash else services
        services.cache.forget(check.id)
    found = await after.cache.get(check.id)
    assert (found.n_pings, found.status) == (151, "down")


async def test_a_check_that_was_written_is_pruned_when_its_log_is_long(
    services: Services, project: Project, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning_module, "SLACK", 10)
    short, long = await create(services, project), await create(services, project)
    await services.projects.limit(project, None, 5)
    for check, number in ((short, 9), (long, 30)):
        await services.intake.record([report(check.id, services.clock()) for _ in range(number)])
        await services.state_writer.settle(check.id)
    async with asyncio.timeout(60):
        while await database["pings"].count_documents({"check": long.id}) > 5:
            await asyncio.sleep(0.01)
    assert await database["pings"].count_documents({"check": short.id}) == 9


async def test_a_check_that_was_deleted_meanwhile_is_no_error(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    pruner = services.runtime.pruner
    await services.runtime.tasks[0].stop()
    pruner.consider(CheckWritten(replace(check, n_pings=1000), 2))
    await services.check_deletion.delete(project, check.id)
    assert await pruner.prune_next() == 0.0
