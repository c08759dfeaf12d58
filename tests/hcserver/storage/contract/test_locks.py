from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from hcserver.errors import Unavailable
from hcserver.storage import Storage
from hcserver.storage.locks import LOCK_SECONDS
from tests.hcserver.storage.contract.records import NOW, later


async def test_a_lock_is_held_by_one_process_at_a_time(storage: Storage, other: Storage) -> None:
    async with storage.locks.hold("x", lambda: NOW):
        with pytest.raises(Unavailable):
            async with other.locks.hold("x", lambda: NOW, patience=0.05):
                raise AssertionError
        async with other.locks.hold("y", lambda: NOW):
            pass
    async with other.locks.hold("x", lambda: NOW):
        pass


async def test_a_lock_whose_holder_died_becomes_free(storage: Storage, other: Storage) -> None:
    async with (
        storage.locks.hold("x", lambda: NOW),
        other.locks.hold("x", lambda: later(LOCK_SECONDS + 1), patience=0),
    ):
        pass


async def test_a_process_holds_a_lock_in_the_order_of_arrival(storage: Storage) -> None:
    order: list[int] = []

    async def work(number: int) -> None:
        async with storage.locks.hold("x", lambda: NOW):
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*(work(number) for number in range(3)))
    assert order == [0, 0, 1, 1, 2, 2]


async def test_a_lock_is_released_after_an_error(storage: Storage, other: Storage) -> None:
    with pytest.raises(ZeroDivisionError):
        async with storage.locks.hold("x", lambda: NOW):
            raise ZeroDivisionError
    async with other.locks.hold("x", lambda: NOW, patience=0.05):
        pass


async def test_a_lock_that_could_not_be_released_is_taken_again_by_its_process(storage: Storage) -> None:
    locks: Any = storage.locks._locks

    async def away(query: Any) -> None:
        raise AutoReconnect("away")

    async with storage.locks.hold("x", lambda: NOW):
        storage.locks._locks = SimpleNamespace(delete_one=away)
    storage.locks._locks = locks
    async with storage.locks.hold("x", lambda: NOW, patience=0.05):
        pass
