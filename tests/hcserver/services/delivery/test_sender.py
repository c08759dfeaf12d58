from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from hcserver.domain.project import Project
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, create, pass_time, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_a_disabled_channel_is_skipped_and_the_log_says_why(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "one", error="the address does not exist")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    [one] = await log_of(services, check, 1)
    assert (one.status, one.why) == ("skipped", "the channel is disabled: the address does not exist")
    assert fake.sent == []


async def test_a_failure_after_the_end_of_a_snooze_is_sent_at_once(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one", events=("down", "up", "paused"))
    check = await create(services, project, channels="*")
    await services.check_editor.snooze(project, check.id, clock.now + timedelta(days=100))
    await ping(services, check.id, "fail")
    await settled(services, check)
    clock.advance(1)
    await ping(services, check.id)
    await settled(services, check)
    await services.check_editor.snooze(project, check.id, None)
    clock.advance(1)
    await ping(services, check.id, "fail")
    log = await log_of(services, check, 3)
    assert [(one.event, one.status) for one in log] == [
        ("down", "skipped"),
        ("up", "skipped"),
        ("down", "sent"),
    ]
    await services.check_editor.pause(project, check.id)
    await log_of(services, check, 4)
    assert fake.events("one") == ["down", "paused"]


async def test_reminders_behind_a_held_message_are_skipped(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*", repeat_after=60)
    await services.check_editor.snooze(project, check.id, clock.now + timedelta(seconds=210))
    await ping(services, check.id, "fail")
    await services.state_writer.flush()
    for _ in range(4):
        await pass_time(services, clock, 50)
        await settled(services, check)
    clock.advance(10)
    await services.notifier.tick()
    log = await settled(services, check)
    assert [one.event for one in log] == ["down", "reminder", "reminder"]
    assert {one.why for one in log[1:]} == {"held back: snoozed"}
    assert fake.events("one") == ["down"]


async def test_a_recovery_does_not_wait_for_held_reminders(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*", repeat_after=60)
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    await services.check_editor.snooze(project, check.id, clock.now + timedelta(days=1))
    await pass_time(services, clock, 100)
    await settled(services, check)
    await ping(services, check.id)
    await log_of(services, check, 3)
    assert fake.events("one") == ["down", "up"]


async def test_a_channel_for_recoveries_only_is_notified_of_all_of_them(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one", events=("up", "paused"))
    check = await create(services, project, channels="*")
    for _ in range(3):
        for signal in ("fail", "success"):
            clock.advance(1)
            await ping(services, check.id, signal)
        await services.check_editor.pause(project, check.id)
        await settled(services, check)
    assert fake.events("one") == ["up", "paused"] * 3


async def test_a_recovery_is_sent_after_many_reminders_that_were_skipped(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    channel = await add_channel(services, project, "one")
    check = await create(services, project, channels="*", repeat_after=60)
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    await services.storage.channels.replace(replace(channel, error="off"))
    services.notifier.forget(project.id)
    for _ in range(12):
        await pass_time(services, clock, 60)
        await settled(services, check)
    await services.storage.channels.replace(channel)
    services.notifier.forget(project.id)
    await ping(services, check.id)
    await settled(services, check)
    assert fake.events("one") == ["down", "up"]


async def test_after_a_long_absence_only_the_newest_pending_message_is_sent(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        raise DeliveryError("away", transient=True)

    fake.trouble["one"] = trouble
    for signal in ("fail", "success", "fail"):
        clock.advance(1)
        await ping(services, check.id, signal)
        await settled(services, check)
    fake.trouble.clear()
    left = clock.now
    clock.advance(3600)
    services.notifier.came_back(left, clock.now)
    for _ in range(4):
        await services.notifier.tick()
        await settled(services, check)
        clock.advance(5)
    assert [one.status for one in await log_of(services, check)] == ["skipped", "skipped", "sent"]
    assert fake.events("one") == ["down"]
