from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from hcserver.domain.notification import Notification
from hcserver.domain.project import Project
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from hcserver.services.delivery import dispatcher as dispatcher_module
from hcserver.services.delivery.dispatcher import Dispatcher
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.services.delivery.delivery_setup import PATIENCE, FakeKind, add_channel, log_of, settled


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


def all_are_taken(dispatcher: Dispatcher, number: int) -> bool:
    """Whether so many notifications have come, and senders have taken all of them."""
    return len(dispatcher._in_hand) == number and not dispatcher.waiting


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
    async with asyncio.timeout(60):
        while len(fake.sent) < 4:
            clock.advance(2)
            await services.notifier.tick()
            await asyncio.sleep(0.01)
    assert fake.events("one") == ["down", "up", "down", "up"]


async def test_a_crowd_for_a_dead_channel_hides_nothing_that_is_due(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "TAKEN_AT_ONCE", 5)
    monkeypatch.setattr(dispatcher_module, "REFILLED", 2)
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


async def test_what_a_full_queue_does_not_take_is_sent_from_the_database(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "QUEUED", 2)
    monkeypatch.setattr(dispatcher_module, "REFILLED", 2)
    dispatcher = services.notifier.dispatcher
    channel = await add_channel(services, project, "one")
    release = asyncio.Event()
    fake.trouble["one"] = release.wait
    checks = [await create(services, project, channels="*") for _ in range(dispatcher_module.SENDERS + 5)]
    for number, check in enumerate(checks, 1):
        await ping(services, check.id, "fail")
        await services.state_writer.settle(check.id)
        if number <= dispatcher_module.SENDERS:
            await until(partial(all_are_taken, dispatcher, number))
    await until(lambda: len(dispatcher.queued(channel.id)) == 2)
    release.set()
    fake.trouble.clear()
    await settled(services, checks[0])
    await services.notifier.tick()
    for check in checks:
        await log_of(services, check, 1)
    assert len(fake.sent) == len(checks)


async def test_a_notification_whose_predecessor_was_just_settled_is_sent_at_once(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    gate = asyncio.Event()
    fake.trouble["one"] = gate.wait
    await ping(services, check.id, "fail")
    await services.state_writer.settle(check.id)
    earlier = services.notifier.sender.earlier

    async def before_its_end(one: Notification) -> list[Notification]:
        found = await earlier(one)
        if one.event == "up" and not gate.is_set():
            gate.set()
            await log_of(services, check, 1)
            await asyncio.sleep(0.05)
        return found

    monkeypatch.setattr(services.notifier.sender, "earlier", before_its_end)
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
        for _ in range(dispatcher_module.SENDERS + 1)
    ]

    async def send(one: Notification) -> list[Notification]:
        await gate.wait()
        sent.append(one)
        return []

    async def renew(one: Notification) -> Notification:
        return one

    monkeypatch.setattr(services.notifier.sender, "send", send)
    monkeypatch.setattr(services.notifier.leases, "renew", renew)
    for one in made[:-1]:
        services.notifier.dispatcher.push(one)
    await asyncio.sleep(0.05)
    gate.set()
    asyncio.get_running_loop().call_soon(services.notifier.dispatcher.push, made[-1])
    async with asyncio.timeout(60):
        while len(sent) < len(made):
            await asyncio.sleep(0.01)


async def test_two_looks_at_once_claim_a_notification_once(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        raise DeliveryError("away", transient=True)

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail")
    await settled(services, check)
    fake.trouble.clear()
    claims: list[Notification] = []
    renew = services.notifier.leases.renew

    async def counted(notification: Notification) -> Notification | None:
        claims.append(notification)
        return await renew(notification)

    monkeypatch.setattr(services.notifier.leases, "renew", counted)
    clock.advance(60)
    await asyncio.gather(*(services.notifier.tick() for _ in range(3)))
    await log_of(services, check, 1)
    assert [one.due for one in claims].count(claims[0].due) == 1
    assert fake.events("one") == ["down"]
