"""The events of notifications that have come to their end."""

from __future__ import annotations

from hcserver.domain.project import Project
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from hcserver.services.events import NotificationSettled
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, settled


async def test_each_notification_that_is_sent_or_fails_for_good_is_an_event_as_it_is_stored(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    seen: list[NotificationSettled] = []
    services.events.subscribe(NotificationSettled, seen.append)
    for target in ("good", "bad", "busy"):
        await add_channel(services, project, target)
    transient = [True]

    async def bad() -> None:
        raise DeliveryError("unknown", transient=False)

    async def busy_once() -> None:
        if transient.pop():
            raise DeliveryError("busy", transient=True)

    fake.trouble |= {"bad": bad, "busy": busy_once}
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    stored = await settled(services, check)
    ended = {one.channel: one for one in stored if one.status != "pending"}
    assert sorted(one.status for one in ended.values()) == ["failed", "sent"]
    assert {event.notification.channel: event.notification for event in seen} == ended

    transient.append(False)
    clock.advance(5)
    await services.notifier.tick()
    await settled(services, check)
    assert [len(event.notification.attempts) for event in seen] == [1, 1, 2]
