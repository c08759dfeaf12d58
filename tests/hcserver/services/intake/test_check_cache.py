from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.domain.project import Project
from hcserver.errors import NotFound
from hcserver.services.container import Services
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping, report


async def test_checks_that_were_evicted_are_loaded_again(database: Any, clock: FakeClock) -> None:
    services = build_services(database, Settings(), clock)
    services.cache.capacity = 2
    await services.start()
    project, _ = await services.projects.create("main")
    checks = [await create(services, project) for _ in range(6)]
    for check in checks * 2:
        await ping(services, check.id)
    await services.state_writer.flush()
    for check in checks:
        assert (await services.checks.get(project, check.id)).n_pings == 2
    await create(services, project)
    assert len(services.cache._checks) <= 2
    await services.stop()


async def test_checks_that_are_needed_together_do_not_evict_each_other(
    database: Any, clock: FakeClock
) -> None:
    services = build_services(database, Settings(), clock)
    services.cache.capacity = 2
    await services.start()
    project, _ = await services.projects.create("main")
    first, second, third = [await create(services, project) for _ in range(3)]
    for check in (first, second):
        await services.cache.ensure([check.id])
    # The one that has not been used for longest is wanted, too.
    await services.intake.record([report(one.id, clock()) for one in (third, first)])
    for check in (first, third):
        assert (await services.checks.get(project, check.id)).n_pings == 1
    await services.stop()


async def test_a_check_that_is_forgotten_while_another_is_loaded_is_loaded_again(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = await make_services()
    project, _ = await services.projects.create("main")
    changed, stale = await create(services, project), await create(services, project)
    services.cache._checks[stale.id].outdated = True
    services.cache.forget(changed.id)
    behind = services.storage.pings.behind

    async def behind_with_news(stored: Any) -> Any:
        services.cache.forget(changed.id)
        return await behind(stored)

    monkeypatch.setattr(services.storage.pings, "behind", behind_with_news)
    await services.intake.record([report(one.id, clock()) for one in (changed, stale)])
    for check in (changed, stale):
        assert (await services.checks.get(project, check.id)).n_pings == 1


async def test_a_ping_appended_during_a_reload_is_not_forgotten(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    load = services.storage.checks.load

    async def load_slowly(ids: Any) -> Any:
        found = await load(ids)
        await ping(services, check.id, "fail")
        return found

    monkeypatch.setattr(services.storage.checks, "load", load_slowly)
    await services.cache.refresh([check.id])
    monkeypatch.setattr(services.storage.checks, "load", load)
    assert (await services.checks.get(project, check.id)).status == "down"


async def test_what_is_loaded_during_a_reload_is_not_replaced_by_something_older(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project, name="old")
    await second.runtime.news_listener.listen()
    await second.checks.get(project, check.id)
    behind = second.storage.pings.behind

    async def behind_with_news(checks: Any) -> Any:
        found = await behind(checks)
        await first.check_editor.update(project, check.id, parse_spec({"name": "new"}, 3))
        clock.advance(1)
        for services in (first, second):
            await services.runtime.written_news.exchange()
        await second.cache.get(check.id)
        return found

    monkeypatch.setattr(second.storage.pings, "behind", behind_with_news)
    await second.cache.refresh([check.id])
    assert (await second.checks.get(project, check.id)).name == "new"


async def test_a_check_that_was_read_before_it_was_deleted_does_not_come_back(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    services.cache.forget(check.id)
    load, begun, gate = services.storage.checks.load, asyncio.Event(), asyncio.Event()

    async def load_slowly(ids: Any) -> Any:
        found = await load(ids)
        begun.set()
        await gate.wait()
        return found

    monkeypatch.setattr(services.storage.checks, "load", load_slowly)
    reading = asyncio.ensure_future(services.cache.get(check.id))
    await begun.wait()
    monkeypatch.setattr(services.storage.checks, "load", load)
    await services.check_deletion.remove(check)
    gate.set()
    with pytest.raises(NotFound):
        await reading


@pytest.mark.parametrize("forget_all", [False, True])
async def test_what_another_process_changes_while_it_is_loaded_is_loaded_again(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch, forget_all: bool
) -> None:
    check = await create(services, project)
    services.cache.forget(check.id)
    load, loads = services.storage.checks.load, 0

    async def load_with_news(ids: Any) -> Any:
        nonlocal loads
        found = await load(ids)
        loads += 1
        if loads == 1 and forget_all:
            services.cache.forget_all()
        elif loads == 1:
            services.cache.forget(check.id, project.id)
        return found

    monkeypatch.setattr(services.storage.checks, "load", load_with_news)
    assert await services.checks.get(project, check.id) == check
    assert loads == 2


async def test_a_check_that_was_absent_is_there_when_its_news_were_heard(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    blank = first.check_editor._creation.blank(project)
    with pytest.raises(NotFound):
        await second.checks.get(project, blank.id)
    await first.check_editor._creation.insert(blank)
    await second.runtime.news_listener.listen()
    assert await second.checks.get(project, blank.id) == blank
