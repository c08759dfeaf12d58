from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.services import events as events_module
from hcserver.services.events import CheckDeleted, CheckWritten, EventBus

ID = UUID("a7c4ba0b-9ee5-4ce1-bd15-1d4d1a2c5c3a")


def written(name: str = "") -> CheckWritten:
    return CheckWritten(
        Check(id=ID, project=ID, created=datetime(2026, 3, 1, tzinfo=UTC), badge=ID, name=name), 2
    )


async def test_an_event_goes_to_the_subscribers_of_its_type_only() -> None:
    events, seen = EventBus(), list[object]()
    events.subscribe(CheckWritten, seen.append)
    events.subscribe(CheckWritten, seen.append)
    event = written()
    events.publish(CheckDeleted(event.check))
    events.publish(event)
    assert seen == [event, event]


async def test_a_subscriber_that_fails_is_logged_and_disturbs_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events, seen = EventBus(), list[object]()

    def fail(event: CheckWritten) -> None:
        raise ValueError("broken")

    async def fail_later(event: CheckWritten) -> None:
        raise ValueError("broken later")

    events.subscribe(CheckWritten, fail)
    events.subscribe_async(CheckWritten, fail_later)
    events.subscribe(CheckWritten, seen.append)
    events.publish(written())
    events.publish(written())
    await events.stop()
    assert len(seen) == 2
    assert [record.message for record in caplog.records] == ["a subscriber failed on CheckWritten"] * 4


async def test_an_asynchronous_subscriber_gets_the_events_in_order_and_holds_up_nobody() -> None:
    events, seen, gate = EventBus(), list[str](), asyncio.Event()

    async def slow(event: CheckWritten) -> None:
        await gate.wait()
        seen.append(event.check.name)

    events.subscribe_async(CheckWritten, slow)
    for name in ("one", "two", "three"):
        events.publish(written(name))
    assert seen == []
    gate.set()
    await events.stop()
    assert seen == ["one", "two", "three"]
    events.publish(written("four"))  # its task had ended
    await events.stop()
    assert seen[-1] == "four"


async def test_a_subscriber_that_can_not_keep_up_loses_events_which_are_counted_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events, seen, gate = EventBus(), list[str](), asyncio.Event()

    async def slow(event: CheckWritten) -> None:
        await gate.wait()
        seen.append(event.check.name)

    events.subscribe_async(CheckWritten, slow, queue_length=2)
    for number in range(5):
        events.publish(written(str(number)))
    assert events.dropped == 3
    gate.set()
    await events.stop()
    assert seen == ["0", "1"]
    assert [record.message for record in caplog.records] == [
        "a subscriber can't keep up, CheckWritten is dropped",
        "a subscriber has caught up, it lost 3 events",
    ]


async def test_a_subscriber_that_hangs_does_not_keep_the_server_from_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events_module, "STOP_TIME", 0.05)
    events = EventBus()

    async def hang(event: CheckWritten) -> None:
        await asyncio.Event().wait()

    events.subscribe_async(CheckWritten, hang)
    events.publish(written())
    async with asyncio.timeout(60):
        await events.stop()
