from __future__ import annotations

import asyncio

import pytest

from hcserver.errors import Unavailable
from hcserver.services.background import Errands, PeriodicTask


async def test_a_step_is_repeated_after_the_pause_that_it_asks_for() -> None:
    calls, third = [0], asyncio.Event()

    async def step() -> float:
        calls[0] += 1
        if calls[0] == 3:
            third.set()
        return 0.0 if calls[0] < 3 else 1000.0

    task = PeriodicTask("test", step, 1000.0)
    task.start()
    async with asyncio.timeout(60):
        await third.wait()
    await asyncio.sleep(0.01)
    await task.stop()
    assert calls == [3]


async def test_an_error_is_logged_and_does_not_end_it_but_an_absent_database_is_not_worth_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcomes: list[Exception | None] = [Unavailable("away"), ValueError("broken"), None]
    done = asyncio.Event()

    async def step() -> float:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        done.set()
        return 1000.0

    task = PeriodicTask("test", step, 0.0)
    task.start()
    async with asyncio.timeout(60):
        await done.wait()
    await task.stop()
    assert [record.message for record in caplog.records] == ["test: unexpected error"]


async def test_stopping_interrupts_a_step_and_may_come_before_the_start() -> None:
    begun = asyncio.Event()

    async def step() -> float:
        begun.set()
        await asyncio.Event().wait()
        return 0.0

    task = PeriodicTask("test", step, 0.0)
    await task.stop()
    task.start()
    await begun.wait()
    async with asyncio.timeout(60):
        await task.stop()


async def test_the_error_of_an_errand_is_logged_and_stopping_cancels_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errands = Errands("test")
    ended: list[str] = []

    async def fail() -> None:
        raise ValueError

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("wait")

    errands.begin(fail())
    errands.begin(wait())
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await errands.stop()
    errands.begin(wait())
    assert ended == ["wait"]
    assert [record.message for record in caplog.records] == ["test: unexpected error"]
