from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.domain.project import Project
from hcserver.errors import NotFound, Unavailable
from hcserver.services.change_publisher import ALONE, ChangePublisher
from hcserver.services.container import Services
from hcserver.services.events import LateChangeWritten
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create


async def test_a_change_that_was_given_up_but_written_is_published_to_other_processes(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project, name="old")
    await second.runtime.news_listener.listen()
    await second.checks.get(project, check.id)
    write, begun = first.storage.checks.write, asyncio.Event()

    async def write_slowly(writes: Any) -> Any:
        begun.set()
        await asyncio.sleep(0.2)
        return await write(writes)

    monkeypatch.setattr(first.storage.checks, "write", write_slowly)
    change = asyncio.ensure_future(
        first.check_editor.update(project, check.id, parse_spec({"name": "new"}, 3))
    )
    await begun.wait()
    change.cancel()  # as an HTTP request is that takes too long
    async with asyncio.timeout(60):
        while (await second.checks.get(project, check.id)).name != "new":
            clock.advance(1)
            await second.runtime.news_listener.listen()
            await asyncio.sleep(0.05)


async def test_the_old_slug_is_unknown_after_a_renaming_that_was_given_up_but_written(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, keys = await services.projects.create("main")
    check = await create(services, project, slug="old")
    assert (await services.intake.find_by_slug(keys.ping_key, "old")).id == check.id
    write, begun, goes_on = services.storage.checks.write, asyncio.Event(), asyncio.Event()

    async def write_slowly(writes: Any) -> Any:
        begun.set()
        await goes_on.wait()
        return await write(writes)

    monkeypatch.setattr(services.storage.checks, "write", write_slowly)
    change = asyncio.ensure_future(
        services.check_editor.update(project, check.id, parse_spec({"slug": "new"}, 3))
    )
    await begun.wait()
    change.cancel()
    assert (await services.intake.find_by_slug(keys.ping_key, "old")).id == check.id
    goes_on.set()
    await services.state_writer.flush()
    with pytest.raises(NotFound):
        await services.intake.find_by_slug(keys.ping_key, "old")


async def test_the_other_processes_read_which_check_of_which_project_was_changed(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    clock.advance(60)
    await ChangePublisher(first.storage.news, clock).publish(check)
    news = await second.storage.news.since(clock.now - timedelta(seconds=1))
    assert [(item.subject, item.project) for item in news] == [(check.id, project.id)]


async def test_a_late_change_that_can_not_be_published_is_logged(
    services: Services,
    project: Project,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    check = await create(services, project)

    async def away(*_: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(services.storage.news, "publish_checks", away)
    await ChangePublisher(services.storage.news, clock).publish_late(LateChangeWritten(check))
    assert f"other processes may use check {check.id} as it was: away" in caplog.text


async def test_a_process_on_its_own_publishes_no_change(
    services: Services, make_services: MakeServices, project: Project, database: Any, clock: FakeClock
) -> None:
    check = await create(services, project)
    await services.check_editor.pause(project, check.id)
    assert await database["news"].count_documents({"subject": check.id}) == 0
    clock.advance(ALONE.total_seconds())
    await services.runtime.written_news.exchange()
    await make_services()
    await services.runtime.written_news.exchange()
    assert await database["news"].count_documents({"subject": check.id}) == 0, "the new one has read it later"


async def test_changes_before_another_process_was_noticed_are_published_when_it_is(
    services: Services, make_services: MakeServices, project: Project, clock: FakeClock
) -> None:
    second = await make_services(noticed=False)
    assert await second.project_reader.checks(project.id) == []
    check = await create(services, project, name="new", slug="new")
    await second.runtime.news_listener.listen()
    assert await second.project_reader.checks(project.id) == []
    clock.advance(1)
    await services.runtime.written_news.exchange()
    await second.runtime.news_listener.listen()
    assert await second.project_reader.checks(project.id) == [check]


async def test_changes_are_kept_until_they_can_be_published(
    services: Services,
    make_services: MakeServices,
    project: Project,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = await make_services(noticed=False)
    assert await second.project_reader.checks(project.id) == []
    check = await create(services, project)

    async def away(*_: Any) -> None:
        raise Unavailable("away")

    clock.advance(1)
    with monkeypatch.context() as patch:
        patch.setattr(services.storage.news, "publish_checks", away)
        with pytest.raises(Unavailable):
            await services.runtime.written_news.exchange()
    clock.advance(60)
    await services.runtime.written_news.exchange()
    await second.runtime.news_listener.listen()
    assert await second.project_reader.checks(project.id) == [check]


async def test_a_command_publishes_its_changes_although_it_looks_for_no_other_process(
    database: Any, services: Services, project: Project, clock: FakeClock
) -> None:
    command = build_services(database, Settings(), clock)
    check = await create(command, project)
    await services.runtime.news_listener.listen()
    assert await services.project_reader.checks(project.id) == [check]
