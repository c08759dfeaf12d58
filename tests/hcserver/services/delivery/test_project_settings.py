from __future__ import annotations

from uuid import uuid4

from hcserver.domain.channel import Channel
from hcserver.domain.notification import Notification
from hcserver.domain.project import Project
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of


async def test_a_disabled_group_notifies_nobody_and_the_log_says_why(
    services: Services, project: Project, fake: FakeKind
) -> None:
    member = await add_channel(services, project, "one")
    group = await add_channel(services, project, str(member.id), kind="group", error="on holiday")
    check = await create(services, project, channels=str(group.id))
    await ping(services, check.id, "fail")
    [one] = await log_of(services, check, 1)
    assert (one.channel, one.status, one.why) == (group.id, "skipped", "the channel is disabled: on holiday")
    assert fake.sent == []


async def test_a_notification_for_a_channel_that_is_new_to_this_process_is_sent(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await services.notifier.project_settings.get(project.id)
    channel = Channel(id=uuid4(), project=project.id, created=clock.now, kind="fake", target="new")
    await services.storage.channels.insert(channel)
    check = await create(services, project, channels=str(channel.id))
    left = Notification(
        check=check.id, n=1, channel=channel.id, project=project.id, event="up", reason="ping",
        at=clock.now, due=clock.now,
    )  # fmt: skip
    await services.storage.notifications.add([left])
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("new") == ["up"]


async def test_a_channel_that_was_just_made_is_notified(
    services: Services, project: Project, fake: FakeKind, make_services: MakeServices
) -> None:
    other = await make_services()
    old = await create(services, project, channels=str((await add_channel(services, project, "old")).id))
    for one in (services, other):
        await ping(one, old.id, "fail")
        await one.state_writer.settle(old.id)
        await ping(one, old.id)
        await one.state_writer.settle(old.id)
    for number, one in enumerate((services, other)):
        channel = Channel(
            id=uuid4(), project=project.id, created=services.clock(), kind="fake", target=f"new {number}"
        )
        await services.storage.channels.insert(channel)
        check = await create(services, project, channels=str(channel.id))
        await ping(one, check.id, "fail")
        await log_of(services, check, 1)
        assert fake.events(f"new {number}") == ["down"]
