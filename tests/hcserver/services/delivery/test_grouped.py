from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hcserver.errors import Unavailable
from hcserver.services.delivery.grouped import Grouped


class Database:
    """Doubles numbers, a group at a time, each time that `ready` is set. A 13 can't be carried out."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.ready = asyncio.Event()
        self.away = False

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        await self.ready.wait()
        if self.away:
            raise Unavailable("away")
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


async def test_calls_that_arrive_during_a_command_share_the_next_ones() -> None:
    database = Database()
    double = Grouped(database.double, at_once=3)
    first = asyncio.create_task(double(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(double(number)) for number in range(1, 6)]
    await asyncio.sleep(0)
    database.ready.set()
    assert await asyncio.gather(first, *others) == [0, 2, 4, 6, 8, 10]
    assert database.groups == [[0], [1, 2, 3], [4, 5]]
    assert await double(7) == 14


async def test_an_item_that_can_not_be_carried_out_fails_alone() -> None:
    database = Database()
    database.ready.set()
    double = Grouped(database.double, at_once=10)
    calls = [double(number) for number in (1, 13, 2)]
    one, thirteen, two = await asyncio.gather(*calls, return_exceptions=True)
    assert (one, two) == (2, 4)
    assert isinstance(thirteen, ValueError)


async def test_nobody_waits_for_more_than_one_command_while_the_database_is_away() -> None:
    database = Database()
    database.away = True
    double = Grouped(database.double, at_once=1)
    calls = [asyncio.create_task(double(number)) for number in range(3)]
    await asyncio.sleep(0)
    database.ready.set()
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, Unavailable)
    assert database.groups == [[0]]
    database.away = False
    assert await double(4) == 8


async def test_a_caller_that_is_cancelled_disturbs_no_other() -> None:
    database = Database()
    double = Grouped(database.double, at_once=10)
    impatient, patient = asyncio.create_task(double(1)), asyncio.create_task(double(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    impatient.cancel()
    database.ready.set()
    assert await patient == 4
    with pytest.raises(asyncio.CancelledError):
        await impatient
