from __future__ import annotations

import asyncio
from typing import Any

from msgspec.structs import replace

from hcserver.domain.alert import Alert
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.storage.checks import Outbox, Write
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of


async def test_every_channel_of_the_check_is_notified_of_a_failure(
    services: Services, project: Project, fake: FakeKind
) -> None:
    one, two = [await add_channel(services, project, target) for target in ("one", "two")]
    await add_channel(services, project, "not assigned")
    check = await create(services, project, channels=f"{one.id},{two.id}")
    await ping(services, check.id)
    await ping(services, check.id, "fail")
    log = await log_of(services, check, 2)
    assert {(notification.channel, notification.status) for notification in log} == {
        (one.id, "sent"),
        (two.id, "sent"),
    }
    assert all(notification.attempts[0].status == 200 for notification in log)
    assert sorted(target for target, _ in fake.sent) == ["one", "two"]


async def test_an_alert_that_a_crash_left_in_a_check_is_sent_after_the_start(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, make_services: MakeServices
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    alert = Alert(check=check.id, n=1, at=clock.now, event="down", reason="fail")
    stored = (await services.storage.checks.load([check.id]))[check.id]
    write = Write(stored.check, replace(stored.check, status="down"), stored.rev, Outbox((), (alert,)))
    assert not await services.storage.checks.write([write])
    restarted = await make_services()
    await log_of(restarted, check, 1)
    assert fake.events("one") == ["down"]


async def test_two_processes_send_each_message_once(
    make_services: MakeServices, fake: FakeKind, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    await add_channel(first, project, "one")
    checks = [await create(first, project, channels="*", timeout=60, grace=60) for _ in range(20)]
    for check in checks:
        await ping(first, check.id)
    await first.state_writer.flush()
    for _ in range(3):
        clock.advance(50)
        await asyncio.gather(first.runtime.due_checks.tick(), second.runtime.due_checks.tick())
    for check in checks:
        await log_of(first, check, 1)
    assert sorted(alert_message.check.id for _, alert_message in fake.sent) == sorted(
        check.id for check in checks
    )


async def test_the_notifications_of_a_deleted_check_are_deleted_too(
    services: Services, project: Project, fake: FakeKind, database: Any
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    await services.check_deletion.delete(project, check.id)
    assert await database["notifications"].count_documents({}) == 0
