from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.domain.project import Project
from hcserver.errors import NotFound, Unavailable
from hcserver.services.container import Services
from hcserver.services.events import CheckDeleted
from hcserver.services.management.check_deletion import TOMBSTONE_TIME
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, idle, ping, report


async def test_deleting_a_check_removes_its_pings_and_flips(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    for _ in range(3):
        await ping(services, check.id)
    await services.check_deletion.delete(project, check.id)
    for collection in ("checks", "pings", "flips", "aliases"):
        assert await database[collection].count_documents({}) == 0, collection
    with pytest.raises(NotFound):
        await ping(services, check.id)


async def test_what_another_process_appended_to_a_deleted_check_is_removed(
    make_services: MakeServices, database: Any
) -> None:
    first, second = await make_services(), await make_services()
    for task in second.runtime.tasks:
        await task.stop()  # it does not hear of the deletion before the ping, however long this takes
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await ping(second, check.id)
    await second.state_writer.flush()
    await first.check_deletion.delete(project, check.id)
    await ping(second, check.id)
    await second.state_writer.flush()
    assert await database["pings"].count_documents({}) == 0
    assert await database["flips"].count_documents({}) == 0
    with pytest.raises(NotFound):
        await second.checks.get(project, check.id)


async def test_a_deletion_that_was_cut_short_is_finished_later(
    services: Services, project: Project, clock: FakeClock, database: Any
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    await services.storage.tombstones.put(check.id, 1, 1, clock.now)
    clock.advance(TOMBSTONE_TIME.total_seconds() + 1)
    await services.check_deletion.sweep()
    for collection in ("checks", "pings", "flips", "aliases", "tombstones"):
        assert await database[collection].count_documents({}) == 0, collection


async def test_a_check_whose_deletion_was_cut_short_is_gone_from_memory(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    delete = services.storage.checks.delete

    async def delete_and_fail(check: Any) -> bool:
        await delete(check)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(services.storage.checks, "delete", delete_and_fail)
    with pytest.raises(Unavailable):
        await services.check_deletion.delete(project, check.id)
    with pytest.raises(NotFound):
        await ping(services, check.id)


async def test_a_check_whose_deletion_failed_stays_usable(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project, slug="job")
    await ping(services, check.id)

    async def away(check: Any) -> bool:
        raise Unavailable("away")

    monkeypatch.setattr(services.storage.checks, "delete", away)
    with pytest.raises(Unavailable):
        await services.check_deletion.delete(project, check.id)
    async with asyncio.timeout(60):
        await ping(services, check.id, "fail")
        assert (await services.checks.get(project, check.id)).n_pings == 2


async def test_a_deletion_that_is_finished_later_removes_the_check_from_memory(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await services.storage.tombstones.put(check.id, 0, 1, clock.now)
    clock.advance(TOMBSTONE_TIME.total_seconds() + 1)
    await services.check_deletion.sweep()
    with pytest.raises(NotFound):
        await services.checks.get(project, check.id)


async def test_a_deletion_is_an_event_with_the_check_as_it_was(services: Services, project: Project) -> None:
    seen: list[CheckDeleted] = []
    services.events.subscribe(CheckDeleted, seen.append)
    check = await create(services, project, name="backup")
    await services.check_deletion.delete(project, check.id)
    assert [event.check for event in seen] == [check]


@pytest.mark.parametrize(("is_cut_short", "is_written"), [(False, True), (True, True), (True, False)])
async def test_failures_that_are_kept_longer_are_removed_with_their_check(
    make_services: MakeServices, database: Any, clock: FakeClock, is_cut_short: bool, is_written: bool
) -> None:
    services = await idle(make_services, pings_per_check=10, failures_per_check=5)
    project, _ = await services.projects.create("main")
    check = await create(services, project)
    await ping(services, check.id, "fail")
    await services.intake.record([report(check.id, clock()) for _ in range(130)])
    await services.state_writer.flush()
    await services.runtime.pruner.prune(await services.cache.get(check.id), project)
    if is_written:
        await services.state_writer.flush()
    if is_cut_short:
        await services.storage.tombstones.put(check.id, 131, 122, clock.now)
        clock.advance(TOMBSTONE_TIME.total_seconds() + 1)
        await services.check_deletion.sweep()
    else:
        await services.check_deletion.delete(project, check.id)
    assert await database["pings"].count_documents({}) == 0
