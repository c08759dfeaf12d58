"""What a pause, or another choice of channels, does to messages that were not sent yet or that were sent."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hcserver.domain.notification import Notification
from hcserver.domain.project import Project
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from hcserver.services.delivery import dispatcher
from hcserver.validation.channel import parse_channel
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled

PAUSED = "the check was paused before it was sent"
TAKEN_OFF = "the channel is not assigned to the check any more"


def out_of_order(fake: FakeKind, target: str) -> None:
    async def trouble() -> None:
        raise DeliveryError("away", transient=True)

    fake.trouble[target] = trouble


def outcomes(log: list[Notification]) -> list[tuple[str, str, str | None]]:
    return [(one.event, one.status, one.why) for one in log]


async def test_a_failure_that_waits_for_another_attempt_is_not_sent_after_a_pause(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    out_of_order(fake, "one")
    await ping(services, check.id, "fail")
    await settled(services, check)
    fake.trouble.clear()
    await services.check_editor.pause(project, check.id)
    clock.advance(5)
    await services.notifier.tick()
    assert outcomes(await log_of(services, check, 1)) == [("down", "skipped", PAUSED)]
    assert fake.sent == []


async def test_a_failure_that_waits_long_is_seen_to_be_skipped_soon_after_a_pause(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    out_of_order(fake, "one")
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    while one.due is not None and one.due < clock.now + timedelta(seconds=100):
        clock.now = one.due
        await services.notifier.tick()
        [one] = await settled(services, check)
    await services.check_editor.pause(project, check.id)
    await services.state_writer.flush()
    await services.notifier.tick()
    assert outcomes(await log_of(services, check, 1)) == [("down", "skipped", PAUSED)]


@pytest.mark.parametrize("reason", ["delay", "snooze", "maintenance"])
async def test_a_failure_that_is_held_back_is_not_sent_after_a_pause(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, reason: str
) -> None:
    await add_channel(services, project, "one", delay=300 if reason == "delay" else 0)
    check = await create(services, project, channels="*")
    end = clock.now + timedelta(hours=1)
    if reason == "snooze":
        await services.check_editor.snooze(project, check.id, end)
    if reason == "maintenance":
        await services.windows.create(project, {"start": clock.now.isoformat(), "end": end.isoformat()})
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert one.held
    await services.check_editor.pause(project, check.id)
    await services.state_writer.flush()
    await services.notifier.tick()
    assert outcomes(await log_of(services, check, 1)) == [("down", "skipped", PAUSED)]
    clock.advance(7200)
    await services.notifier.tick()
    await settled(services, check)
    assert fake.sent == []


async def test_a_failure_in_a_queue_is_not_sent_after_a_pause(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "slow")
    gate = asyncio.Event()
    fake.trouble["slow"] = gate.wait
    for _ in range(dispatcher.SENDERS):
        await ping(services, (await create(services, project, channels="*")).id, "fail")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await services.state_writer.settle(check.id)
    await services.check_editor.pause(project, check.id)
    gate.set()
    assert outcomes(await log_of(services, check, 1)) == [("down", "skipped", PAUSED)]


async def test_a_failure_before_a_pause_is_not_sent_after_the_check_is_up_again(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    out_of_order(fake, "one")
    await ping(services, check.id, "fail")
    await settled(services, check)
    await services.check_editor.pause(project, check.id)
    clock.advance(1)
    await ping(services, check.id)
    fake.trouble.clear()
    for _ in range(3):
        clock.advance(30)
        await services.notifier.tick()
        await settled(services, check)
    assert outcomes(await settled(services, check)) == [
        ("down", "skipped", PAUSED),
        ("up", "skipped", "nobody was told that it was down"),
    ]
    assert fake.sent == []


async def test_a_failure_before_a_pause_is_not_sent_after_a_restart(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, make_services: MakeServices
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    out_of_order(fake, "one")
    await ping(services, check.id, "fail")
    await settled(services, check)
    await services.check_editor.pause(project, check.id)
    await services.state_writer.flush()
    await services.stop()
    fake.trouble.clear()
    clock.advance(60)
    restarted = await make_services()
    await restarted.notifier.tick()
    assert outcomes(await log_of(restarted, check, 1)) == [("down", "skipped", PAUSED)]
    assert fake.sent == []


async def test_a_failure_after_a_pause_is_sent(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    for _ in range(2):
        await ping(services, check.id, "fail")
        await settled(services, check)
        await services.check_editor.pause(project, check.id)
        clock.advance(1)
    assert fake.events("one") == ["down", "down"]


async def test_a_channel_that_was_taken_off_the_check_is_not_notified_any_more(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    gone, kept = [await add_channel(services, project, target) for target in ("gone", "kept")]
    check = await create(services, project, channels="*")
    for target in ("gone", "kept"):
        out_of_order(fake, target)
    await ping(services, check.id, "fail")
    await settled(services, check)
    fake.trouble.clear()
    await services.check_editor.update(project, check.id, parse_spec({"channels": str(kept.id)}, 3))
    clock.advance(5)
    await services.notifier.tick()
    log = {one.channel: one for one in await log_of(services, check, 2)}
    assert (log[gone.id].status, log[gone.id].why) == ("skipped", TAKEN_OFF)
    assert log[kept.id].status == "sent"
    assert [target for target, _ in fake.sent] == ["kept"]


async def test_a_channel_that_was_taken_out_of_a_group_is_not_notified_any_more(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    gone, kept = [await add_channel(services, project, target) for target in ("gone", "kept")]
    group = await add_channel(services, project, f"{gone.id},{kept.id}", kind="group")
    check = await create(services, project, channels=str(group.id))
    out_of_order(fake, "gone")
    await ping(services, check.id, "fail")
    await settled(services, check)
    fake.trouble.clear()
    await services.channels.update(project, group.id, parse_channel({"target": str(kept.id)}))
    clock.advance(5)
    await services.notifier.tick()
    log = {one.channel: one for one in await log_of(services, check, 2)}
    assert (log[gone.id].status, log[gone.id].why) == ("skipped", TAKEN_OFF)
    assert log[kept.id].status == "sent"


async def test_a_channel_that_was_just_assigned_by_another_process_is_notified(
    make_services: MakeServices, fake: FakeKind, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    channel = await add_channel(first, project, "one")
    check = await create(first, project)
    assert (await second.cache.get(check.id)).channels == ()
    await first.check_editor.update(project, check.id, parse_spec({"channels": str(channel.id)}, 3))
    out_of_order(fake, "one")
    await ping(first, check.id, "fail")
    await settled(first, check)
    fake.trouble.clear()
    clock.advance(5)
    await second.notifier.tick()
    assert [one.status for one in await log_of(second, check, 1)] == ["sent"]


async def test_who_was_notified_of_a_failure_hears_of_its_end_after_a_pause(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    await add_channel(services, project, "recoveries only", events=("up",))
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    failed = clock.now
    await log_of(services, check, 1)
    clock.advance(60)
    await services.check_editor.pause(project, check.id)
    clock.advance(60)
    await ping(services, check.id)
    await settled(services, check)
    assert fake.events("one") == ["down", "up"]
    assert (fake.sent[-1][1].since, fake.sent[-1][1].happened) == (failed, clock.now)
    assert fake.events("recoveries only") == []


async def test_who_was_notified_of_a_failure_hears_of_its_end_after_a_pause_and_a_restart(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, make_services: MakeServices
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    await services.check_editor.pause(project, check.id)
    await services.stop()
    clock.advance(60)
    restarted = await make_services()
    await ping(restarted, check.id)
    await settled(restarted, check)
    assert fake.events("one") == ["down", "up"]


async def test_who_was_notified_of_the_pause_does_not_hear_of_the_end(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one", events=("down", "up", "paused"))
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    await services.check_editor.pause(project, check.id)
    clock.advance(60)
    await ping(services, check.id)
    log = await settled(services, check)
    assert outcomes(log)[-1] == ("up", "skipped", "the channel has heard of the pause since")
    assert fake.events("one") == ["down", "paused"]


async def test_reminders_before_a_pause_do_not_hide_that_the_failure_was_sent(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*", repeat_after=60)
    await ping(services, check.id, "fail")
    for _ in range(12):
        await settled(services, check)
        clock.advance(60)
        await services.runtime.due_checks.tick()
    await settled(services, check)
    await services.check_editor.pause(project, check.id)
    await ping(services, check.id)
    await settled(services, check)
    assert fake.events("one")[-1] == "up"


async def test_a_check_that_was_resumed_by_hand_starts_afresh(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    await services.check_editor.pause(project, check.id)
    await services.check_editor.resume(project, check.id)
    await ping(services, check.id)
    await settled(services, check)
    assert fake.events("one") == ["down"]
