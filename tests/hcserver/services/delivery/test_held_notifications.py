from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from msgspec.structs import replace

from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.project import Project
from hcserver.domain.state_machine import change_settings
from hcserver.services.container import Services
from hcserver.validation.channel import parse_channel
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_a_channel_with_a_delay_is_notified_only_of_failures_that_last(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one", delay=300)
    brief = await create(services, project, channels="*", name="brief")
    lasting = await create(services, project, channels="*", name="lasting")
    await ping(services, brief.id, "fail")
    await ping(services, lasting.id, "fail")
    await services.state_writer.flush()
    clock.advance(60)
    await ping(services, brief.id)
    await settled(services, brief)
    assert fake.sent == []
    for _ in range(2):
        clock.advance(300)
        await services.notifier.tick()
        await settled(services, brief)
    assert [(alert_message.check.name, alert_message.event) for _, alert_message in fake.sent] == [
        ("lasting", "down")
    ]
    down, up = await settled(services, brief)
    assert (down.status, down.why) == ("skipped", "over before it was told (held back: the channel's delay)")
    assert (up.status, up.why) == ("skipped", "nobody was told that it was down")


async def test_a_snoozed_check_that_is_still_down_afterwards_is_reported_then(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    until = clock.now + timedelta(minutes=30)
    await services.state_writer.change(
        check.id, lambda check: change_settings(replace(check, snoozed_until=until), services.clock())
    )
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert (one.status, one.why, one.held) == ("pending", "held back: snoozed", True)
    clock.now = until - timedelta(seconds=1)
    await services.notifier.tick()
    [one] = await settled(services, check)
    assert (one.status, one.due) == ("pending", until)
    clock.now = until
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_maintenance_holds_messages_back(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*", tags="db")
    end = clock.now + timedelta(hours=1)
    window = MaintenanceWindow(
        id=uuid4(), project=project.id, created=clock.now, name="move", tag="db", start=clock.now, end=end
    )
    await services.storage.windows.put(window)
    services.notifier.forget(project.id)
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert one.why == "held back: maintenance move"
    assert (await services.checks.get(project, check.id)).status == "down"
    clock.now = end
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_a_maintenance_window_counts_from_its_creation_to_its_deletion(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    first, second = [await create(services, project, channels="*") for _ in range(2)]
    await ping(services, first.id, "fail")
    await log_of(services, first, 1)
    hour = {"start": clock.now.isoformat(), "end": (clock.now + timedelta(hours=1)).isoformat()}
    window = await services.windows.create(project, hour)
    await ping(services, second.id, "fail")
    [held] = await settled(services, second)
    assert held.why == "held back: maintenance"
    await services.storage.windows.delete(
        window.id
    )  # by another process, which this one has not heard of yet
    await services.check_editor.snooze(project, second.id, None)
    await services.notifier.tick()
    await log_of(services, second, 1)
    assert fake.events("one") == ["down", "down"]


async def test_a_delay_begins_anew_with_every_failure(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    for events in (("down", "up"), ("down",)):
        await add_channel(services, project, " ".join(events), delay=10, events=events)
    check = await create(services, project, channels="*")
    for signal in ("fail", "success", "fail"):
        await ping(services, check.id, signal)
        await settled(services, check)
        clock.advance(3)
    clock.advance(2)  # 11 s after the first failure, 5 s after the second one
    await services.notifier.tick()
    await settled(services, check)
    assert fake.sent == []
    clock.advance(5)
    await services.notifier.tick()
    await settled(services, check)
    assert (fake.events("down up"), fake.events("down")) == (["down"], ["down"])


async def test_a_shorter_delay_counts_at_once(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    channel = await add_channel(services, project, "one", delay=3600)
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await settled(services, check)
    await services.channels.update(project, channel.id, parse_channel({"delay": 0}))
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_a_held_message_is_sent_when_a_snooze_is_ended_early(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await services.check_editor.snooze(project, check.id, clock.now + timedelta(days=1))
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert one.why == "held back: snoozed"
    await services.check_editor.snooze(project, check.id, None)
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_messages_are_sent_when_maintenance_is_ended_early_unless_held_otherwise(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    told = await create(services, project, channels="*")
    snoozed = await create(services, project, channels="*")
    window = await services.windows.create(
        project,
        {"start": clock.now.isoformat(), "end": (clock.now + timedelta(hours=1)).isoformat()},
    )
    await services.check_editor.snooze(project, snoozed.id, clock.now + timedelta(minutes=30))
    for check in (told, snoozed):
        await ping(services, check.id, "fail")
        await settled(services, check)
    services.notifier.forget(project.id)
    await services.windows.delete(project, window.id)
    await services.notifier.tick()
    await log_of(services, told, 1)
    [one] = await settled(services, snoozed)
    assert (one.status, one.why) == ("pending", "held back: snoozed")
    assert len(fake.sent) == 1


async def test_a_held_message_is_sent_when_the_check_loses_the_tag_of_the_maintenance_window(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*", tags="db")
    hour = {"start": clock.now.isoformat(), "end": (clock.now + timedelta(hours=1)).isoformat()}
    await services.windows.create(project, {"tag": "db", **hour})
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert one.why == "held back: maintenance"
    await services.check_editor.update(project, check.id, parse_spec({"tags": "web"}, 3))
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]
