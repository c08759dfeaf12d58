from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.ping import Signal
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.events import CheckWritten
from hcserver.services.runtime import pruning as pruning_module
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, idle, ping, report


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


# -- failures that are kept longer


async def failing(services: Services, check: UUID, pings: int, *failures: int) -> None:
    """Record so many pings, of which those with these numbers, counted from 1, are failures."""
    signals: list[Signal] = ["fail" if n in failures else "success" for n in range(1, pings + 1)]
    await services.intake.record([report(check, services.clock(), signal) for signal in signals])
    await services.state_writer.flush()


async def pruned(services: Services, project: Project, check: UUID) -> Check:
    await services.runtime.pruner.prune(await services.cache.get(check), project)
    return await services.cache.get(check)


async def left(database: Any) -> list[int]:
    return [document["n"] async for document in database["pings"].find().sort("n", 1)]


async def test_the_newest_failures_are_kept_longer(make_services: MakeServices, database: Any) -> None:
    services = await idle(make_services, pings_per_check=10, failures_per_check=3)
    project, _ = await services.projects.create("main")
    check = await create(services, project)
    await failing(services, check.id, 150, 5, 40, 100, 145)
    found = await pruned(services, project, check.id)
    assert (found.log_from, found.kept_failures) == (141, (5, 40, 100))
    assert await left(database) == [5, 40, 100, *range(141, 151)]
    await failing(services, check.id, 130, 60, 129)
    found = await pruned(services, project, check.id)
    assert (found.log_from, found.kept_failures) == (271, (100, 145, 210))
    assert await left(database) == [100, 145, 210, *range(271, 281)]
    await services.state_writer.flush()
    stored = (await services.storage.checks.load([check.id]))[check.id].check
    assert (stored.log_from, stored.kept_failures) == (271, (100, 145, 210))


@pytest.mark.parametrize(("number", "kept"), [(1, (100,)), (0, ())])
async def test_with_another_setting_the_next_pruning_keeps_as_many(
    make_services: MakeServices, database: Any, number: int, kept: tuple[int, ...]
) -> None:
    services = await idle(make_services, pings_per_check=10, failures_per_check=3)
    project, _ = await services.projects.create("main")
    check = await create(services, project)
    await failing(services, check.id, 150, 40, 100)
    await pruned(services, project, check.id)
    await services.state_writer.flush()
    services = await idle(make_services, pings_per_check=10, failures_per_check=number)
    await failing(services, check.id, 130)
    assert (await pruned(services, project, check.id)).kept_failures == kept
    assert await left(database) == [*kept, *range(271, 281)]


async def test_pruning_that_was_cut_short_goes_on_with_what_is_left(
    make_services: MakeServices, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = await idle(make_services, pings_per_check=10, failures_per_check=2)
    project, _ = await services.projects.create("main")
    check = await create(services, project)
    await failing(services, check.id, 150, 5, 40, 100)
    with monkeypatch.context() as killed:
        killed.setattr(services.cache, "set_log_start", lambda *args: None)
        await services.runtime.pruner.prune(await services.cache.get(check.id), project)
    assert await left(database) == [40, 100, *range(141, 151)]
    services = await idle(make_services, pings_per_check=10, failures_per_check=2)
    found = await services.cache.get(check.id)
    assert (found.log_from, found.kept_failures) == (1, ())
    assert [ping.n for ping in await services.checks.old_failures(project, found)] == [100, 40]
    found = await pruned(services, project, check.id)
    assert (found.log_from, found.kept_failures) == (141, (40, 100))
    assert await left(database) == [40, 100, *range(141, 151)]


async def test_two_processes_that_prune_keep_the_same_failures(
    make_services: MakeServices, database: Any
) -> None:
    first = await idle(make_services, pings_per_check=10, failures_per_check=2)
    second = await idle(make_services, pings_per_check=10, failures_per_check=2)
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await failing(first, check.id, 150, 5, 40, 100)
    await second.cache.refresh([check.id])
    old = await second.cache.get(check.id)
    await pruned(first, project, check.id)
    await first.state_writer.flush()
    await second.runtime.pruner.prune(old, project)
    await second.state_writer.flush()
    for services in (first, second):
        await services.cache.refresh([check.id])
        found = await services.cache.get(check.id)
        assert (found.log_from, found.kept_failures) == (141, (40, 100))
    assert await left(database) == [40, 100, *range(141, 151)]


async def test_without_the_setting_nothing_more_is_asked_of_the_database(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = await idle(make_services, pings_per_check=10)
    project, _ = await services.projects.create("main")
    check = await create(services, project)
    monkeypatch.delattr(type(services.storage.pings), "failures")
    await failing(services, check.id, 150, 5)
    assert (await pruned(services, project, check.id)).log_from == 141
    assert await services.checks.old_failures(project, await services.cache.get(check.id)) == []
    stored = await services.database["checks"].find_one({"_id": check.id})
    assert not stored.get("kept_failures")
