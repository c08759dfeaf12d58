from __future__ import annotations

from typing import Any

import pytest

from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.errors import Forbidden, NotFound
from hcserver.services.container import Services
from hcserver.services.management import log_clearing
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, idle, ping, report


async def test_what_pings_said_is_gone_and_the_state_stays(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    await ping(services, check.id, body=b"secret")
    await ping(services, check.id, "fail", body=b"secret", subject="secret", sender="secret", ua="secret")
    before = await services.cache.get(check.id)
    after = await services.log_clearing.clear(project, check.id)
    assert (after.n_pings, after.status, after.last_ping) == (2, "down", before.last_ping)
    assert (after.n_flips, after.recent_runs, after.cleared) == (before.n_flips, before.recent_runs, 2)
    assert await services.checks.pings(after, 10) == []
    assert await services.checks.bodies(after, [1, 2]) == {}
    with pytest.raises(NotFound):
        await services.checks.ping(after, 2)
    assert len(await services.checks.flips(after, None, None)) == 2
    left = [str(document) async for document in database["pings"].find()]
    assert "secret" not in "".join(left)


async def test_pings_that_come_later_are_shown_and_numbered_on(services: Services, project: Project) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.log_clearing.clear(project, check.id)
    await ping(services, check.id, body=b"new")
    check = await services.cache.get(check.id)
    assert [one.n for one in await services.checks.pings(check, 10)] == [2]
    assert (await services.checks.ping(check, 2)).body == b"new"
    assert (check.n_pings, check.cleared) == (2, 1)


async def test_old_pings_are_removed_and_young_ones_keep_their_places(
    services: Services, project: Project, clock: FakeClock, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_clearing, "_AT_ONCE", 2)
    check = await create(services, project)
    for _ in range(5):
        await ping(services, check.id)
    clock.advance(3600)
    for _ in range(2):
        await ping(services, check.id)
    await services.log_clearing.clear(project, check.id)
    assert [document["n"] async for document in database["pings"].find().sort("n", 1)] == [6, 7]
    clock.advance(3600)
    await services.log_clearing.clear(project, check.id)
    assert await database["pings"].count_documents({}) == 0
    assert (await services.cache.get(check.id)).log_from == 8


async def test_a_process_that_has_not_heard_of_it_loses_no_ping(
    services: Services, project: Project, make_services: MakeServices
) -> None:
    check = await create(services, project)
    other = await make_services()
    await other.cache.get(check.id)  # it knows the check without any pings
    for _ in range(3):
        await ping(services, check.id)
    await services.log_clearing.clear(project, check.id)
    await other.intake.record([report(check.id, other.clock(), "fail")])
    found = await other.cache.get(check.id)
    assert (found.n_pings, found.status, found.cleared) == (4, "down", 3)


async def test_pings_of_another_process_are_cleared_too(
    services: Services, project: Project, make_services: MakeServices
) -> None:
    check = await create(services, project)
    await services.cache.get(check.id)
    other = await make_services()
    await ping(other, check.id)
    assert (await services.log_clearing.clear(project, check.id)).cleared == 1


async def test_a_restart_finds_the_log_cleared(
    services: Services, project: Project, make_services: MakeServices
) -> None:
    check = await create(services, project)
    await ping(services, check.id, "fail")
    await services.log_clearing.clear(project, check.id)
    restarted = await make_services()
    found = await restarted.cache.get(check.id)
    assert (found.n_pings, found.cleared, found.status) == (1, 1, "down")
    assert await restarted.checks.pings(found, 10) == []


async def test_messages_do_not_show_what_was_cleared(services: Services, project: Project) -> None:
    check = await create(services, project)
    await ping(services, check.id, "fail", body=b"secret")
    cleared = await services.log_clearing.clear(project, check.id)
    shown = await services.notifier.messages._last_ping(cleared)
    assert shown is not None
    assert shown.body is None


async def test_pruning_does_not_bring_the_log_back(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    for _ in range(3):
        await ping(services, check.id)
    clock.advance(3600)
    await services.log_clearing.clear(project, check.id)
    services.cache.set_log_start(check.id, 2)  # a pruning that began before
    assert (await services.cache.get(check.id)).log_from == 4


async def test_a_check_of_another_project_is_refused(services: Services, project: Project) -> None:
    check = await create(services, project)
    other, _ = await services.projects.create("other")
    with pytest.raises(Forbidden):
        await services.log_clearing.clear(other, check.id)


async def with_a_failure(make_services: MakeServices) -> tuple[Services, Project, Check]:
    """Services that keep failures longer than other pings, and a check whose first ping is one."""
    services = await idle(make_services, pings_per_check=10, failures_per_check=5)
    project, _ = await services.projects.create("main")
    check = await create(services, project)
    await ping(services, check.id, "fail", body=b"secret")
    return services, project, check


async def prune_after_more_pings(
    services: Services, project: Project, check: Check, clock: FakeClock
) -> None:
    await services.intake.record([report(check.id, clock()) for _ in range(130)])
    await services.state_writer.flush()
    await services.runtime.pruner.prune(await services.cache.get(check.id), project)


async def test_failures_that_are_kept_longer_are_cleared_as_well(
    make_services: MakeServices, database: Any, clock: FakeClock
) -> None:
    services, project, check = await with_a_failure(make_services)
    await prune_after_more_pings(services, project, check, clock)
    await services.state_writer.flush()
    assert (await services.cache.get(check.id)).kept_failures == (1,)
    after = await services.log_clearing.clear(project, check.id)
    assert await services.checks.old_failures(project, after) == []
    with pytest.raises(NotFound):
        await services.checks.shown_ping(project, after, 1)
    assert await database["pings"].count_documents({"type": "fail"}) == 0
    clock.advance(3600)
    await services.log_clearing.clear(project, check.id)
    assert (await services.cache.get(check.id)).kept_failures == ()


async def test_a_failure_that_was_cleared_is_not_kept_by_a_later_pruning(
    make_services: MakeServices, database: Any, clock: FakeClock
) -> None:
    services, project, check = await with_a_failure(make_services)
    await services.log_clearing.clear(project, check.id)  # it keeps its place
    await prune_after_more_pings(services, project, check, clock)
    assert (await services.cache.get(check.id)).kept_failures == ()
    assert await database["pings"].count_documents({"type": "fail"}) == 0
