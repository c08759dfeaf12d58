from __future__ import annotations

import asyncio
from dataclasses import dataclass

from handlers.server.traffic import Traffic


@dataclass
class Begun:
    endless: bool = False


async def test_draining_waits_for_handlers_and_for_requests_that_are_still_coming_in() -> None:
    traffic, release = Traffic(), asyncio.Event()

    async def handle() -> None:
        await release.wait()

    traffic.track(asyncio.create_task(handle()))
    traffic.begun["connection"] = Begun()
    drained = asyncio.create_task(traffic.drain(10))
    await asyncio.sleep(0.03)
    assert traffic.is_stopping()
    assert not drained.done()
    release.set()
    await asyncio.sleep(0.03)
    assert not drained.done()
    traffic.begun.clear()
    await asyncio.wait_for(drained, 5)
    assert traffic.tasks == set()


async def test_draining_does_not_wait_for_endless_answers() -> None:
    traffic = Traffic()
    traffic.begun["connection"] = Begun(endless=True)
    await asyncio.wait_for(traffic.drain(10), 5)


async def test_draining_ends_when_its_time_is_over() -> None:
    traffic = Traffic()
    traffic.begun["connection"] = Begun()
    await asyncio.wait_for(traffic.drain(0.02), 5)
