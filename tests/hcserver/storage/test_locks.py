from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.errors import Unavailable
from tests.hcserver.services.conftest import FakeClock
from tests.hcserver.storage.stores import storage_of


async def test_a_lock_counts_from_the_moment_at_which_it_is_acquired(database: Any) -> None:
    here, there, clock = storage_of(database), storage_of(database), FakeClock()
    begun = asyncio.Event()

    async def take_long() -> None:
        async with here.locks.hold("x", clock):
            begun.set()
            await asyncio.sleep(0.1)
            clock.advance(15)

    first = asyncio.ensure_future(take_long())
    await begun.wait()
    async with here.locks.hold("x", clock):
        with pytest.raises(Unavailable):
            async with there.locks.hold("x", clock, patience=0.1):
                pass
    await first
