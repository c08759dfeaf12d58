from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from hcserver.app import build_services
from hcserver.config.schema import NotificationSettings, Settings
from hcserver.domain.alert import Alert, AlertEvent, changed
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.project import Project
from hcserver.errors import DeliveryError, Unavailable
from hcserver.notify.mailer import Mailer
from hcserver.services.container import Services
from hcserver.services.delivery import notifier as notifier_module
from hcserver.validation.channel import parse_channel
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, pass_time, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_a_recovery_is_told_and_says_since_when_it_was_down(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    failed = clock.now
    clock.advance(30)
    await ping(services, check.id, body=b"fine again")
    await log_of(services, check, 2)
    down, up = (alert_message for _, alert_message in fake.told)
    assert (down.event, up.event, up.since, up.happened) == ("down", "up", failed, clock.now)
    assert up.last_ping is not None and up.last_ping.body == b"fine again"
    assert up.project == "main"


async def test_a_first_success_is_not_told(services: Services, project: Project, fake: FakeKind) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id)
    assert await settled(services, check) == []


async def test_a_delayed_channel_is_told_only_of_what_lasts(
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
    assert fake.told == []
    for _ in range(2):
        clock.advance(300)
        await services.notifier.tick()
        await settled(services, brief)
    assert [(alert_message.check.name, alert_message.event) for _, alert_message in fake.told] == [
        ("lasting", "down")
    ]
    down, up = await settled(services, brief)
    assert (down.status, down.why) == ("skipped", "over before it was told (held back: the channel's delay)")
    assert (up.status, up.why) == ("skipped", "nobody was told that it was down")


async def test_a_snoozed_check_is_told_of_afterwards_if_it_is_still_down(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    until = clock.now + timedelta(minutes=30)
    await services.state_writer.change(check.id, lambda check: changed(replace(check, snoozed_until=until)))
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
    services.notifier._projects.clear()
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert one.why == "held back: maintenance move"
    assert (await services.checks.get(project, check.id)).status == "down"
    clock.now = end
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_channels_hear_only_what_they_want_to(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "recoveries", events=("up",))
    await add_channel(services, project, "pauses", events=("paused",))
    await add_channel(services, project, "databases", tags="db sql")
    await add_channel(services, project, "webs", tags="web")
    check = await create(services, project, channels="*", tags="prod db")
    await ping(services, check.id, "fail")
    await ping(services, check.id)
    await services.check_editor.pause(project, check.id)
    await settled(services, check)
    assert fake.events("recoveries") == ["up"]
    assert fake.events("pauses") == ["paused"]
    assert fake.events("databases") == ["down", "up"]
    assert fake.events("webs") == []


async def test_a_disabled_channel_is_skipped_and_the_log_says_why(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "one", error="the address does not exist")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    [one] = await log_of(services, check, 1)
    assert (one.status, one.why) == ("skipped", "the channel is disabled: the address does not exist")
    assert fake.told == []


async def test_a_group_stands_for_its_members_each_once(
    services: Services, project: Project, fake: FakeKind
) -> None:
    one, two = [await add_channel(services, project, target) for target in ("one", "two")]
    await add_channel(services, project, f"{one.id},{two.id}", kind="group")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await log_of(services, check, 2)
    await settled(services, check)
    assert sorted(target for target, _ in fake.told) == ["one", "two"]


async def test_what_is_held_back_by_the_check_is_in_the_log(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await services.state_writer.change(
        check.id, lambda check: changed(replace(check, failures_before_alert=2))
    )
    await ping(services, check.id, "fail")
    [held] = await log_of(services, check, 1)
    assert (held.status, held.why) == ("skipped", "failure 1 of 2 in a row")
    clock.advance(1)
    await ping(services, check.id, "fail")
    await log_of(services, check, 2)
    assert fake.events("one") == ["down"]


async def test_a_window_counts_as_soon_as_it_is_made_and_no_longer_than_it_is(
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


async def test_a_failure_after_a_snooze_that_was_ended_is_told_at_once(
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
    assert fake.told == []
    clock.advance(5)
    await services.notifier.tick()
    await settled(services, check)
    assert (fake.events("down up"), fake.events("down")) == (["down"], ["down"])


async def test_reminders_behind_a_message_that_is_held_back_are_left_out(
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


async def test_a_recovery_does_not_wait_for_reminders_that_are_held_back(
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


async def test_who_hears_of_recoveries_only_hears_of_all_of_them(
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


async def test_a_recovery_is_told_after_many_reminders_that_were_not(
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


async def test_what_is_told_late_says_how_it_was(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        fake.trouble.clear()
        raise DeliveryError("busy", transient=True)

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail", body=b"disk full", exit_status=3)
    await settled(services, check)
    await ping(services, check.id, body=b"all fine now")
    await settled(services, check)
    for _ in range(2):
        clock.advance(5)
        await services.notifier.tick()
        await settled(services, check)
    [(_, down), (_, up)] = fake.told
    assert (down.event, down.check.status, down.check.n_pings) == ("down", "down", 1)
    assert down.last_ping is not None
    assert (down.last_ping.body, down.last_ping.exit_status) == (b"disk full", 3)
    assert (up.event, up.check.status, up.check.n_pings) == ("up", "up", 2)
    assert up.last_ping is not None and up.last_ping.body == b"all fine now"


async def test_after_a_long_absence_only_the_newest_of_what_was_left_is_told(
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


async def test_the_operator_is_told_once_by_several_servers(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    servers = [await make_services() for _ in range(2)]
    for services in servers:
        monkeypatch.setattr(services.notifier, "notify_operator", told.append)
        await services.runtime.due_checks.tick()
    clock.advance(3600)
    await asyncio.gather(*(services.runtime.due_checks.tick() for services in servers))
    assert len(told) == 1


async def test_an_outcome_that_the_database_does_not_take_at_once_is_noted_later(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    settle, blips = services.storage.notifications.settle, iter([True])

    async def settle_after_a_blip(*arguments: Any) -> None:
        if next(blips, False):
            raise Unavailable("away")
        await settle(*arguments)

    monkeypatch.setattr(services.storage.notifications, "settle", settle_after_a_blip)
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_what_is_told_late_is_collapsed_to_the_newest(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    events: tuple[AlertEvent, ...] = ("down", "up", "down")
    alerts = [
        Alert(check=check.id, n=n, at=clock.now + timedelta(seconds=n), event=event, reason="ping")
        for n, event in enumerate(events, 1)
    ]
    clock.advance(3600)
    await services.state_writer.change(check.id, lambda check: changed(replace(check, status="down")))
    await services.notifier.take([(check, alert) for alert in alerts])
    log = await log_of(services, check, 3)
    assert [one.status for one in log] == ["skipped", "skipped", "sent"]
    assert len(fake.told) == 1


async def test_a_reminder_is_told(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await services.state_writer.change(check.id, lambda check: changed(replace(check, repeat_after=120)))
    await ping(services, check.id, "fail")
    failed = clock.now
    await services.state_writer.flush()
    await pass_time(services, clock, 130)
    await log_of(services, check, 2)
    assert fake.events("one") == ["down", "reminder"]
    assert fake.told[1][1].happened == failed


async def test_the_operator_is_told_that_the_server_was_away(
    database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str, str]] = []

    async def send(self: Mailer, message: Any, sender: str, recipient: str) -> int:
        if len(told) == 0:
            told.append(("", "", ""))
            raise DeliveryError("busy", transient=True)
        told.append((sender, recipient, message.get_content()))
        return 250

    monkeypatch.setattr(Mailer, "send", send)
    monkeypatch.setattr(notifier_module, "_pause", lambda tries: 0.0)
    settings = Settings(notifications=NotificationSettings(operator="Ops <ops@example.org>"))
    services = build_services(database, settings, clock)
    await services.start()
    await services.runtime.due_checks.tick()
    clock.advance(3600)
    await services.runtime.due_checks.tick()
    async with asyncio.timeout(10):
        while len(told) < 2:
            await asyncio.sleep(0.01)
    sender, recipient, text = told[1]
    assert (sender, recipient) == ("hcserver@localhost", "ops@example.org")
    span = "from 2026-03-01T12:00:00+00:00 to 2026-03-01T13:00:00+00:00"
    assert f"hcserver or its database was away {span}" in text
    await services.stop()


async def test_ending_a_snooze_early_tells_at_once(
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


async def test_ending_maintenance_early_tells_at_once_what_nothing_else_holds_back(
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
    services.notifier._projects.clear()
    await services.windows.delete(project, window.id)
    await services.notifier.tick()
    await log_of(services, told, 1)
    [one] = await settled(services, snoozed)
    assert (one.status, one.why) == ("pending", "held back: snoozed")
    assert len(fake.told) == 1


async def test_a_disabled_group_tells_nobody_and_the_log_says_why(
    services: Services, project: Project, fake: FakeKind
) -> None:
    member = await add_channel(services, project, "one")
    group = await add_channel(services, project, str(member.id), kind="group", error="on holiday")
    check = await create(services, project, channels=str(group.id))
    await ping(services, check.id, "fail")
    [one] = await log_of(services, check, 1)
    assert (one.channel, one.status, one.why) == (group.id, "skipped", "the channel is disabled: on holiday")
    assert fake.told == []
