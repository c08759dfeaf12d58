from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.notification import Attempt, Notification
from hcserver.services.container import Services
from hcserver.services.reading import expected_notifications
from hcserver.services.reading.expected_notifications import ExpectedNotifications
from hcserver.validation.channel import parse_channel
from tests.hcserver.services.conftest import START as NOW

PROJECT = UUID(int=7)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected_notifications, "_SHARE", 0)


@pytest.fixture
async def channel(services: Services) -> Channel:
    project, _ = await services.projects.create("with a channel")
    spec = parse_channel({"kind": "email", "target": "ops@example.org", "name": "ops"})
    return await services.channels.create(project, spec)


def made_check(channel: Channel, n_alerts: int) -> Check:
    check = Check(id=uuid4(), project=channel.project, created=NOW, badge=uuid4(), n_alerts=n_alerts)
    return replace(check, channels=(channel.id,))


def made(check: Check, channel: Channel, n: int, **fields: Any) -> Notification:
    return Notification(
        **{
            "check": check.id, "n": n, "channel": channel.id, "project": check.project,
            "event": "down", "reason": "fail", "at": NOW, "status": "sent", **fields,
        }
    )  # fmt: skip


async def test_those_of_new_alerts_come_once_when_they_are_settled(
    services: Services, channel: Channel
) -> None:
    check, store = made_check(channel, 3), services.storage.notifications
    expected = ExpectedNotifications(services.storage, channel.project)
    await expected.expect([(check, 1)], NOW)
    assert await expected.settled(NOW) == []
    await store.add(
        [made(check, channel, 1), made(check, channel, 2), made(check, channel, 3, status="pending")]
    )
    assert [one.n for one in await expected.settled(NOW)] == [2]
    assert await expected.settled(NOW) == []
    assert expected.oldest(NOW + MINUTE) == NOW
    await services.database["notifications"].update_one({"n": 3}, {"$set": {"status": "skipped"}})
    assert [one.n for one in await expected.settled(NOW + 60 * MINUTE)] == [3]
    assert expected.oldest(NOW + MINUTE) == NOW + MINUTE


async def test_one_that_no_channel_wants_is_waited_for_some_minutes(
    services: Services, channel: Channel
) -> None:
    expected = ExpectedNotifications(services.storage, channel.project)
    await expected.expect([(made_check(channel, 1), 0)], NOW)
    await expected.settled(NOW + 4 * MINUTE)
    assert expected.oldest(NOW + MINUTE) == NOW
    await expected.settled(NOW + 5 * MINUTE)
    assert expected.oldest(NOW + MINUTE) == NOW + MINUTE


async def test_those_of_the_members_of_a_group_are_waited_for(services: Services, channel: Channel) -> None:
    project = await services.projects.get(channel.project)
    spec = parse_channel({"kind": "group", "target": str(channel.id), "name": "all"})
    group = await services.channels.create(project, spec)
    check = replace(made_check(channel, 1), channels=(group.id,))
    await services.storage.notifications.add([made(check, channel, 1)])
    expected = ExpectedNotifications(services.storage, channel.project)
    await expected.expect([(check, 0)], NOW)
    assert [one.channel for one in await expected.settled(NOW)] == [channel.id]


async def test_a_check_without_channels_has_none(services: Services, channel: Channel) -> None:
    expected = ExpectedNotifications(services.storage, channel.project)
    await expected.expect([(replace(made_check(channel, 1), channels=()), 0)], NOW)
    assert expected.oldest(NOW + MINUTE) == NOW + MINUTE


async def test_those_are_resumed_that_may_be_settled_since(services: Services, channel: Channel) -> None:
    check = made_check(channel, 9)

    def tried(n: int, at: float, duration: float = 0.0) -> Notification:
        attempts = (Attempt(at=NOW + at * MINUTE, duration=duration),)
        return made(check, channel, n, at=NOW - 9 * MINUTE, attempts=attempts)

    await services.storage.notifications.add(
        [
            tried(1, at=-5),
            tried(2, at=-1, duration=90),
            tried(3, at=1),
            made(check, channel, 4, status="skipped"),
            made(check, channel, 5, status="skipped", at=NOW - 60 * MINUTE),
        ]
    )
    expected = ExpectedNotifications(services.storage, channel.project)
    await expected.resume(NOW, NOW - 10 * MINUTE, NOW)
    assert sorted(one.n for one in await expected.settled(NOW)) == [2, 3, 4]


async def test_no_more_than_so_many_are_waited_for(
    services: Services, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected_notifications, "_MAX", 2)
    check = made_check(channel, 3)
    await services.storage.notifications.add([made(check, channel, n) for n in (1, 2, 3)])
    expected = ExpectedNotifications(services.storage, channel.project)
    await expected.expect([(check, 0)], NOW)
    assert [one.n for one in await expected.settled(NOW)] == [2, 3]
