from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.project import Project
from hcserver.errors import DeliveryError, Unavailable
from hcserver.services.container import Services
from hcserver.services.delivery.attempts import AT_A_TIME_OF_CHANNEL, LONGEST_WAIT_ASKED_FOR, retry_pause
from hcserver.services.delivery.dispatcher import SENDERS
from hcserver.services.delivery.grouped import Grouped
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_an_outcome_that_the_database_does_not_take_at_once_is_noted_later(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    settle, blips = services.storage.notifications.settle, iter([True])

    async def settle_after_a_blip(*arguments: Any) -> Any:
        if next(blips, False):
            raise Unavailable("away")
        return await settle(*arguments)

    monkeypatch.setattr(services.notifier.attempts._outcomes, "_write", Grouped(settle_after_a_blip, 100))
    await ping(services, check.id, "fail")
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


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
    assert len(fake.sent) == 1


async def test_attempts_end_after_the_number_of_the_settings(
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


async def test_a_permanent_failure_is_not_repeated(
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


async def test_an_internal_error_is_logged_and_the_attempt_repeated(
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


def rate_limited(fake: FakeKind, target: str, retry_after: float | None = 90.0, status: int = 429) -> None:
    async def trouble() -> None:
        raise DeliveryError("busy", transient=True, status=status, retry_after=retry_after)

    fake.trouble[target] = trouble


async def test_a_receiver_that_asks_to_wait_is_not_asked_before(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    rate_limited(fake, "one")
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert one.due == clock.now + timedelta(seconds=90)
    fake.trouble.clear()
    clock.advance(89)
    await services.notifier.tick()
    await settled(services, check)
    assert fake.sent == []
    clock.advance(1)
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_a_channel_whose_receiver_asks_to_wait_uses_up_no_attempts_of_other_checks(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    limited, other = [await add_channel(services, project, target) for target in ("limited", "other")]
    checks = [await create(services, project, channels=f"{limited.id},{other.id}") for _ in range(12)]
    rate_limited(fake, "limited")
    await ping(services, checks[0].id, "fail")
    await settled(services, checks[0])
    for check in checks[1:]:
        await ping(services, check.id, "fail")
        await settled(services, check)
    for check in checks[1:]:
        waiting = next(one for one in await log_of(services, check) if one.channel == limited.id)
        assert (waiting.status, waiting.attempts) == ("pending", ())
        assert waiting.why == "the receiver has asked to wait"
    assert len(fake.events("other")) == 12
    fake.trouble.clear()
    clock.advance(91)
    await services.notifier.tick()
    for check in checks:
        await log_of(services, check, 2)
    assert len(fake.events("limited")) == 12


async def test_a_receiver_can_ask_to_wait_for_an_hour_at_most(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    rate_limited(fake, "one", retry_after=1e9, status=503)
    await ping(services, check.id, "fail")
    [one] = await settled(services, check)
    assert one.due == clock.now + timedelta(hours=1)


async def test_a_receiver_that_is_not_found_is_tried_a_few_times(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        raise DeliveryError("not found", transient=True, status=404, max_attempts=3)

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail")
    for _ in range(5):
        await settled(services, check)
        clock.advance(60)
        await services.notifier.tick()
    [one] = await settled(services, check)
    assert (one.status, len(one.attempts)) == ("failed", 3)


def test_pauses_between_attempts_double_up_to_half_an_hour() -> None:
    for attempts, seconds in ((1, 1), (2, 2), (5, 16), (11, 1024), (12, 1800), (100, 1800), (1000, 1800)):
        assert 0.75 * seconds <= retry_pause(attempts) <= 1.25 * seconds


def test_a_receiver_that_asks_for_less_than_the_usual_pause_gets_the_usual_one() -> None:
    assert retry_pause(5, 0.0) >= 12
    assert retry_pause(1, 30.0) == 30
    assert retry_pause(1, 1e12) == LONGEST_WAIT_ASKED_FOR


async def test_few_messages_of_a_channel_are_sent_at_a_time(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "one")
    under_way, most = [0], [0]

    async def send() -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        await asyncio.sleep(0.005)
        under_way[0] -= 1

    fake.trouble["one"] = send
    checks = [await create(services, project, channels="*") for _ in range(SENDERS + 4)]
    await asyncio.gather(*(ping(services, check.id, "fail") for check in checks))
    for check in checks:
        await log_of(services, check, 1)
    assert (len(fake.sent), most[0]) == (len(checks), AT_A_TIME_OF_CHANNEL)


async def test_the_next_message_does_not_wait_until_an_outcome_is_noted(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(services, project, "one")
    checks = [await create(services, project, channels="*") for _ in range(AT_A_TIME_OF_CHANNEL + 2)]
    database_is_busy = asyncio.Event()
    settle = services.storage.notifications.settle

    async def settle_later(*arguments: Any) -> Any:
        await database_is_busy.wait()
        return await settle(*arguments)

    monkeypatch.setattr(services.notifier.attempts._outcomes, "_write", Grouped(settle_later, 100))
    for check in checks:
        await ping(services, check.id, "fail")
    async with asyncio.timeout(60):
        while len(fake.sent) < len(checks):
            await asyncio.sleep(0.01)
    database_is_busy.set()
    for check in checks:
        await log_of(services, check, 1)
    assert len(fake.sent) == len(checks)
