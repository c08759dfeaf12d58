from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.events import LateChangeWritten
from hcserver.services.management.change_publisher import ChangePublisher
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
