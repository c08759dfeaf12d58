from __future__ import annotations

import pytest

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from hcserver.services.delivery import notified_channels
from hcserver.services.delivery.notified_channels import PLANNED, NotifiedChannels
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, settled


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notified_channels, "KEPT", -1.0)


async def include(services: Services, channel: Channel, check: Check) -> bool:
    settings = await services.notifier.project_settings.read(check.project)
    now = await services.checks.by_id(check.id)
    return await NotifiedChannels(services.storage, services.clock).include(channel, now, settings)


async def test_a_channel_of_the_check_with_its_events_and_tags(services: Services, project: Project) -> None:
    one = await add_channel(services, project, "one")
    tagged = await add_channel(services, project, "tagged", tags="db")
    deaf = await add_channel(services, project, "deaf", events=("up",))
    check = await create(services, project, channels="*")
    other = await add_channel(services, project, "other")
    expected = ((one, True), (tagged, False), (deaf, False), (other, False))
    assert [await include(services, channel, check) for channel, _ in expected] == [
        hears for _, hears in expected
    ]


async def test_a_channel_to_which_the_last_message_has_failed_is_not_notified(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    one = await add_channel(services, project, "one")
    check = await create(services, project, channels="*", repeat_after=3600)

    async def refuse() -> None:
        raise DeliveryError("410 Gone", transient=False)

    fake.trouble["one"] = refuse
    await ping(services, check.id, "fail")
    [failed] = await settled(services, check)
    assert (failed.status, await include(services, one, check)) == ("failed", False)
    fake.trouble.clear()
    clock.advance(3600)
    await services.runtime.due_checks.tick()
    assert [note.status for note in await settled(services, check)] == ["failed", "sent"]
    assert await include(services, one, check)


async def test_a_channel_that_was_added_afterwards_is_not_notified(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await settled(services, check)
    late = await add_channel(services, project, "late")
    await services.check_editor.update(project, check.id, parse_spec({"channels": "*"}, 3))
    assert await include(services, late, check)  # it may be on its way
    clock.advance(PLANNED.total_seconds())
    assert not await include(services, late, check)


async def test_a_crowd_reads_a_notification_once(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notified_channels, "KEPT", 3600.0)
    one = await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await settled(services, check)
    settings = await services.notifier.project_settings.read(check.project)
    now, notified = await services.checks.by_id(check.id), NotifiedChannels(services.storage, services.clock)
    assert await notified.include(one, now, settings)
    monkeypatch.setattr(services.storage.notifications, "read", None)
    assert all([await notified.include(one, now, settings) for _ in range(10)])
