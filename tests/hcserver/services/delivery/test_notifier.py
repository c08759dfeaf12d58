from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.alert import Alert
from hcserver.domain.channel import Channel
from hcserver.domain.notification import Notification
from hcserver.domain.project import Project
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from hcserver.services.delivery import notifier as notifier_module
from hcserver.storage.checks import Outbox, Write
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_a_failure_is_told_to_every_channel_of_the_check(
    services: Services, project: Project, fake: FakeKind
) -> None:
    one, two = [await add_channel(services, project, target) for target in ("one", "two")]
    await add_channel(services, project, "not assigned")
    check = await create(services, project, channels=f"{one.id},{two.id}")
    await ping(services, check.id)
    await ping(services, check.id, "fail")
    log = await log_of(services, check, 2)
    assert {(notification.channel, notification.status) for notification in log} == {
        (one.id, "sent"),
        (two.id, "sent"),
    }
    assert all(notification.attempts[0].status == 200 for notification in log)
    assert sorted(target for target, _ in fake.told) == ["one", "two"]


async def test_a_failed_attempt_is_repeated_under_the_same_id(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    ids: list[UUID] = []

    async def trouble() -> None:
        ids.append(check.id)
        if len(ids) < 3:
            raise DeliveryError("busy", transient=True, status=503)

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail")
    for _ in range(2):
        [one] = await settled(services, check)
        assert (one.status, one.why) == ("pending", "will be tried again")
        clock.advance(5)
        await services.notifier.tick()
    [one] = await log_of(services, check, 1)
    assert [(attempt.status, attempt.error) for attempt in one.attempts] == [
        (503, "busy"),
        (503, "busy"),
        (200, None),
    ]
    assert len(fake.told) == 1


async def test_attempts_end_some_time(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        raise DeliveryError("never", transient=True)

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail")
    for _ in range(services.settings.notifications.attempts):
        await settled(services, check)
        clock.advance(3600)
        await services.notifier.tick()
    [one] = await settled(services, check)
    assert (one.status, len(one.attempts)) == ("failed", services.settings.notifications.attempts)


async def test_what_is_wrong_for_good_is_not_repeated(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        raise DeliveryError("gone", transient=False, status=410)

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail")
    [one] = await log_of(services, check, 1)
    assert (one.status, one.due, one.attempts[0].error) == ("failed", None, "gone")


async def test_a_slow_channel_delays_no_other(services: Services, project: Project, fake: FakeKind) -> None:
    slow, fast = [await add_channel(services, project, target) for target in ("slow", "fast")]
    release = asyncio.Event()
    fake.trouble["slow"] = release.wait
    checks = [await create(services, project, channels=f"{slow.id},{fast.id}") for _ in range(12)]
    for check in checks:
        await ping(services, check.id, "fail")
    for check in checks:
        await log_of(services, check, 1)
    assert len(fake.events("fast")) == 12
    assert fake.events("slow") == []
    release.set()
    for check in checks:
        await log_of(services, check, 2)


async def test_a_later_notification_never_overtakes_an_earlier_one(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    away = True

    async def trouble() -> None:
        if away:
            raise DeliveryError("away", transient=True)

    fake.trouble["one"] = trouble
    for signal in ("fail", "success", "fail", "success"):
        clock.advance(1)
        await ping(services, check.id, signal)
    assert [one.status for one in await settled(services, check)] == ["pending"] * 4
    away = False
    async with asyncio.timeout(10):
        while len(fake.told) < 4:
            clock.advance(2)
            await services.notifier.tick()
            await asyncio.sleep(0.01)
    assert fake.events("one") == ["down", "up", "down", "up"]


async def test_an_alert_that_a_crash_left_in_a_check_is_told_after_the_start(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, make_services: MakeServices
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    alert = Alert(check=check.id, n=1, at=clock.now, event="down", reason="fail")
    stored = (await services.storage.checks.load([check.id]))[check.id]
    write = Write(stored.check, replace(stored.check, status="down"), stored.rev, Outbox((), (alert,)))
    assert not await services.storage.checks.write([write])
    restarted = await make_services()
    await log_of(restarted, check, 1)
    assert fake.events("one") == ["down"]


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
    assert fake.told == []
    clock.advance(40)
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_one_left_for_a_channel_that_is_new_to_this_process_is_sent(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await services.notifier._project(project.id)
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


async def test_two_processes_tell_each_flip_once(
    make_services: MakeServices, fake: FakeKind, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    await add_channel(first, project, "one")
    checks = [await create(first, project, channels="*", timeout=60, grace=60) for _ in range(20)]
    for check in checks:
        await ping(first, check.id)
    await first.state_writer.flush()
    for _ in range(3):
        clock.advance(50)
        await asyncio.gather(first.runtime.due_checks.tick(), second.runtime.due_checks.tick())
    for check in checks:
        await log_of(first, check, 1)
    assert sorted(alert_message.check.id for _, alert_message in fake.told) == sorted(
        check.id for check in checks
    )


async def test_what_waits_for_its_turn_longer_than_a_lease_is_told_once(
    make_services: MakeServices, fake: FakeKind, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    channel = await add_channel(first, project, "slow")
    release = asyncio.Event()
    fake.trouble["slow"] = release.wait
    checks = [await create(first, project, channels="*") for _ in range(notifier_module.SENDERS + 3)]
    for check in checks:
        await ping(first, check.id, "fail")
        await first.state_writer.settle(check.id)
    waiting = {one.check for one in first.notifier._queues[channel.id]}
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
        alert_message.check.id for _, alert_message in fake.told if alert_message.check.id in waiting
    ) == dict.fromkeys(waiting, 1)


async def test_a_crowd_for_a_dead_channel_hides_nothing_that_is_due(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "AT_ONCE", 5)
    monkeypatch.setattr(notifier_module, "REFILLED", 2)
    dead, alive = [await add_channel(services, project, target) for target in ("dead", "alive")]
    check = await create(services, project, channels="*")
    release = asyncio.Event()
    fake.trouble["dead"] = release.wait
    crowd = [
        Notification(
            check=check.id,
            n=n,
            channel=(alive if n == 20 else dead).id,
            project=project.id,
            event="reminder",
            reason="timeout",
            at=clock.now,
            due=clock.now + timedelta(seconds=n),
        )
        for n in range(1, 21)
    ]
    await services.storage.notifications.add(crowd)
    clock.advance(60)
    for _ in range(5):
        await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("alive") == ["reminder"]
    release.set()


async def test_a_fault_of_ours_is_in_the_log_and_tried_again(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        fake.trouble.clear()
        raise ZeroDivisionError

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert (one.status, one.attempts[0].error) == ("pending", "internal error, see the server's log")
    assert "ZeroDivisionError" in caplog.text
    clock.advance(5)
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_what_a_full_queue_leaves_is_taken_up_from_the_database(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "QUEUED", 2)
    await add_channel(services, project, "one")
    release = asyncio.Event()
    fake.trouble["one"] = release.wait
    checks = [await create(services, project, channels="*") for _ in range(notifier_module.SENDERS + 5)]
    for check in checks:
        await ping(services, check.id, "fail")
        await services.state_writer.settle(check.id)
    assert [len(queue) for queue in services.notifier._queues.values()] == [2]
    release.set()
    fake.trouble.clear()
    await settled(services, checks[0])
    await services.notifier.tick()
    for check in checks:
        await log_of(services, check, 1)
    assert len(fake.told) == len(checks)


async def test_a_channel_is_told_however_new_it_is(
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


async def test_what_waits_for_one_that_just_ended_is_sent_at_once(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    gate = asyncio.Event()
    fake.trouble["one"] = gate.wait
    await ping(services, check.id, "fail")
    await services.state_writer.settle(check.id)
    before = services.storage.notifications.before

    async def before_its_end(one: Notification) -> list[Notification]:
        found = await before(one)
        if one.event == "up" and not gate.is_set():
            gate.set()
            await log_of(services, check, 1)
            await asyncio.sleep(0.05)
        return found

    monkeypatch.setattr(services.storage.notifications, "before", before_its_end)
    await ping(services, check.id)
    await log_of(services, check, 2)
    assert fake.events("one") == ["down", "up"]


async def test_nothing_is_left_in_a_queue_when_its_senders_end(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, sent, gate = uuid4(), [], asyncio.Event()
    made = [
        Notification(
            check=uuid4(), n=1, channel=channel, project=project.id, event="up", reason="ping", at=clock.now
        )
        for _ in range(notifier_module.SENDERS + 1)
    ]

    async def send(one: Notification) -> bool:
        await gate.wait()
        sent.append(one)
        return True

    monkeypatch.setattr(services.notifier, "_send", send)
    for one in made[:-1]:
        services.notifier._push(one)
    await asyncio.sleep(0.05)
    gate.set()
    asyncio.get_running_loop().call_soon(services.notifier._push, made[-1])
    async with asyncio.timeout(5):
        while len(sent) < len(made):
            await asyncio.sleep(0.01)


async def test_a_test_says_what_came_of_it(services: Services, project: Project, fake: FakeKind) -> None:
    channel = await add_channel(services, project, "one")
    attempt = await services.notifier.test(channel, None)
    assert (attempt.status, attempt.error) == (200, None)

    async def trouble() -> None:
        raise DeliveryError("no such address", transient=False, status=550)

    fake.trouble["one"] = trouble
    attempt = await services.notifier.test(channel, None)
    assert (attempt.status, attempt.error) == (550, "no such address")


async def test_an_answer_that_does_not_come_is_a_failure(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.notifier, "_limit", 0.05)
    channel = await add_channel(services, project, "one")
    fake.trouble["one"] = asyncio.Event().wait
    assert (await services.notifier.test(channel, None)).error == "no answer within 0.05 s"


async def test_the_notifications_of_a_deleted_check_go_too(
    services: Services, project: Project, fake: FakeKind, database: Any
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    await services.check_deletion.delete(project, check.id)
    assert await database["notifications"].count_documents({}) == 0


async def test_a_kind_that_is_not_there_any_more_is_a_failure(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "one", kind="pigeon")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    [one] = await log_of(services, check, 1)
    assert one.status == "failed"
    assert "pigeon" in str(one.attempts[0].error)
