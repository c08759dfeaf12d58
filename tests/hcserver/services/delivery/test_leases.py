from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

from hcserver.domain.notification import Notification
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.delivery import dispatcher as dispatcher_module
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_a_notification_whose_sender_died_is_sent_by_another(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    channel = await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    leased = Notification(
        check=check.id,
        n=1,
        channel=channel.id,
        project=project.id,
        event="down",
        reason="fail",
        at=clock.now,
        due=clock.now + timedelta(seconds=40),
    )
    assert await services.storage.notifications.add([leased])
    await services.notifier.tick()
    assert fake.sent == []
    clock.advance(40)
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_a_message_that_waits_in_a_queue_longer_than_a_lease_is_sent_once(
    make_services: MakeServices, fake: FakeKind, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    channel = await add_channel(first, project, "slow")
    release = asyncio.Event()
    fake.trouble["slow"] = release.wait
    checks = [await create(first, project, channels="*") for _ in range(dispatcher_module.SENDERS + 3)]
    for check in checks:
        await ping(first, check.id, "fail")
        await first.state_writer.settle(check.id)
    waiting = {one.check for one in first.notifier.dispatcher.queued(channel.id)}
    assert len(waiting) == 3
    fake.trouble.clear()
    clock.advance(60)
    await first.notifier.tick()
    await second.notifier.tick()
    for check in checks:
        await log_of(first, check, 1)
    release.set()
    for services in (first, second):
        await settled(services, checks[0])
    assert Counter(
        alert_message.check.id for _, alert_message in fake.sent if alert_message.check.id in waiting
    ) == dict.fromkeys(waiting, 1)


async def test_a_message_waits_for_an_earlier_one_of_another_process_but_not_for_the_end_of_its_lease(
    make_services: MakeServices, fake: FakeKind, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    await add_channel(first, project, "slow")
    release = asyncio.Event()
    fake.trouble["slow"] = release.wait
    check = await create(first, project, channels="*")
    await ping(first, check.id, "fail")
    await first.state_writer.settle(check.id)
    await ping(second, check.id)
    waiting = (await settled(second, check))[-1]
    assert (waiting.event, waiting.why) == ("up", "waits for an earlier one")
    release.set()
    await log_of(first, check, 1)
    clock.advance(1)
    await second.notifier.tick()
    await log_of(second, check, 2)
    assert fake.events("slow") == ["down", "up"]
