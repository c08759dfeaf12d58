from __future__ import annotations

import asyncio
import logging
from uuid import UUID, uuid4

import pytest

from hcserver.domain.channel import Channel
from hcserver.domain.notification import Notification
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.delivery.bounces import NEEDED
from hcserver.services.delivery.messages import id_of
from hcserver.services.delivery.return_addresses import GOOD_FOR, ReturnAddress, message_id
from hcserver.validation.channel import parse_channel
from tests.hcserver.services.conftest import FakeClock, MakeServices
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel

ERROR = "550 5.1.1 <ops@example.org>: no such user"
MASKED = "mail came back: 550 5.1.1 <o****@example.org>: no such user"


def address(channel: Channel, message: UUID | None = None) -> ReturnAddress:
    """That of one message to the channel."""
    return ReturnAddress(channel.id, message_id(message or uuid4()))


async def error_of(services: Services, channel: Channel) -> str | None:
    found = await services.storage.channels.get(channel.id)
    assert found is not None
    return found.error


async def test_a_channel_is_disabled_by_several_messages_that_come_back_and_shows_why(
    services: Services, project: Project
) -> None:
    channel = await add_channel(services, project, "ops@example.org", kind="email")
    for _ in range(NEEDED - 1):
        await services.bounces.returned(address(channel), ERROR)
        assert await error_of(services, channel) is None
    await services.bounces.returned(address(channel), ERROR)
    assert await error_of(services, channel) == MASKED
    await services.bounces.returned(address(channel), "something later")
    await services.bounces.returned(ReturnAddress(uuid4(), b""), "of a channel that is gone")
    assert await error_of(services, channel) == MASKED


async def test_one_message_counts_once_however_often_it_comes_back(
    services: Services, project: Project
) -> None:
    channel = await add_channel(services, project, "ops@example.org", kind="email")
    one = address(channel)
    await asyncio.gather(*(services.bounces.returned(one, ERROR) for _ in range(2 * NEEDED)))
    assert await error_of(services, channel) is None


async def test_messages_that_came_back_long_ago_do_not_count(
    services: Services, project: Project, clock: FakeClock
) -> None:
    channel = await add_channel(services, project, "ops@example.org", kind="email")
    for _ in range(2 * NEEDED):
        await services.bounces.returned(address(channel), ERROR)
        clock.advance(GOOD_FOR.total_seconds() / (NEEDED - 1) + 1)
    assert await error_of(services, channel) is None


async def test_a_channel_that_is_enabled_again_begins_with_none(services: Services, project: Project) -> None:
    channel = await add_channel(services, project, "ops@example.org", kind="email")
    messages = [address(channel) for _ in range(NEEDED)]
    for one in messages:
        await services.bounces.returned(one, ERROR)
    while_disabled = address(channel)
    await services.bounces.returned(while_disabled, ERROR)
    await services.channels.update(project, channel.id, parse_channel({"disabled": False}))
    for one in [*messages, while_disabled, address(channel), address(channel)]:
        await services.bounces.returned(one, ERROR)
    assert await error_of(services, channel) is None


async def test_what_came_back_is_logged_and_in_the_channel_s_log_but_counts_as_sent(
    services: Services, project: Project, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    channel = await add_channel(services, project, "ops@example.org", kind="email")
    sent, other = [
        Notification(
            check=uuid4(),
            n=n,
            channel=channel.id,
            project=project.id,
            event="down",
            reason="fail",
            at=clock.now,
            status="sent",
        )
        for n in (1, 2)
    ]
    await services.storage.notifications.add([sent, other])
    with caplog.at_level(logging.INFO):
        await services.bounces.returned(address(channel, id_of(sent)), ERROR)
    assert f"channel {channel.id}: {MASKED} (1 of {NEEDED} that disable it)" in caplog.text
    assert "ops@" not in caplog.text
    shown = {one.n: (one.status, one.why) for one in await services.channels.notifications(channel, 10)}
    assert shown == {1: ("sent", MASKED), 2: ("sent", None)}


async def test_whoever_relies_on_a_disabled_channel_is_notified(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails: list[tuple[str, str]] = []
    monkeypatch.setattr(services.notifier.operator_mail, "notify", lambda *mail: mails.append(mail))
    channel = await add_channel(services, project, "ops@example.org", kind="email", name="Ops")
    await add_channel(services, project, "other")
    await add_channel(services, project, "off", error="disabled by its owner")
    for _ in range(NEEDED):
        await services.bounces.returned(address(channel), ERROR)
    async with asyncio.timeout(60):
        while not fake.sent:
            await asyncio.sleep(0.01)
    ((target, message),) = fake.sent
    shown = (target, message.event, message.check.name, message.reason)
    assert shown == ("other", "channel-disabled", "Ops", MASKED)
    ((what, text),) = mails
    assert what == "has disabled a channel"
    assert f"Channel: Ops (email, {channel.id})" in text
    assert MASKED in text


async def test_several_processes_count_together(make_services: MakeServices, project: Project) -> None:
    servers = [await make_services() for _ in range(2)]
    channel = await add_channel(servers[0], project, "ops@example.org", kind="email")
    for n in range(NEEDED):
        await servers[n % 2].bounces.returned(address(channel), ERROR)
    assert await error_of(servers[0], channel) == MASKED
