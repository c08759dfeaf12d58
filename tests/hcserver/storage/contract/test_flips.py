from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from pymongo.errors import BulkWriteError

from hcserver.domain.flip import Flip
from hcserver.errors import Unavailable
from hcserver.storage import Storage
from hcserver.storage.client import DUPLICATE_KEY
from tests.hcserver.storage.contract.records import later


def flips_of(check: UUID) -> list[Flip]:
    return [
        Flip(check=check, n=n, at=later(n // 2), old="up", new="down", reason="fail") for n in range(1, 6)
    ]


async def test_flips_are_published_once_and_read_newest_first(storage: Storage) -> None:
    check = uuid4()
    flips = flips_of(check)
    await storage.flips.publish(flips[:3])
    await storage.flips.publish(flips)
    assert await storage.flips.read(check) == flips[::-1]


async def test_flips_are_read_by_time_and_number(storage: Storage) -> None:
    check = uuid4()
    await storage.flips.publish([*flips_of(check), *flips_of(uuid4())])
    assert [flip.n for flip in await storage.flips.read(check, later(1), later(2))] == [3, 2]
    assert [flip.n for flip in await storage.flips.read(check, start=later(2))] == [5, 4]
    assert [flip.n for flip in await storage.flips.read(check, end=later(1))] == [1]


async def test_flips_are_ordered_by_number_whatever_their_moments(storage: Storage) -> None:
    check = uuid4()
    moments = {1: 0, 2: 2, 3: 1, 4: 1, 5: 3}
    flips = [
        Flip(check=check, n=n, at=later(at), old="up", new="down", reason="fail") for n, at in moments.items()
    ]
    await storage.flips.publish([flips[3], flips[0], flips[4], flips[2], flips[1]])
    assert [flip.n for flip in await storage.flips.read(check)] == [5, 4, 3, 2, 1]
    assert [flip.n for flip in await storage.flips.read(check, later(1), later(2))] == [4, 3]


async def test_the_latest_flips_are_read_by_time(storage: Storage) -> None:
    check = uuid4()
    await storage.flips.publish([*flips_of(check), *flips_of(uuid4())])
    found = await storage.flips.latest(check, later(0), later(2), 2)
    assert [flip.n for flip in found] in ([3, 2], [2, 3])
    assert len(await storage.flips.latest(check, later(0), later(2), 9)) == 3


async def test_the_latest_flips_of_all_checks_are_read_by_time(storage: Storage) -> None:
    one, other = uuid4(), uuid4()
    await storage.flips.publish([*flips_of(one), *flips_of(other)])
    found = await storage.flips.within(later(0), later(2), 4)
    assert sorted((flip.n, flip.check) for flip in found) == sorted(
        (n, id) for n in (2, 3) for id in (one, other)
    )
    assert [flip.n for flip in await storage.flips.within(later(0), later(1), 9)] == [1, 1]
    assert await storage.flips.within(later(3), later(4), 9) == []


async def test_flips_are_read_by_their_numbers(storage: Storage) -> None:
    check = uuid4()
    await storage.flips.publish([*flips_of(check), *flips_of(uuid4())])
    assert [flip.n for flip in await storage.flips.numbered(check, 2, 4)] == [4, 3, 2]
    assert [flip.n for flip in await storage.flips.numbered(check, -3, 1)] == [1]
    assert await storage.flips.numbered(check, 6, 9) == []


async def test_the_oldest_flips_of_a_check_are_pruned_few_at_a_time(storage: Storage) -> None:
    check, another = uuid4(), uuid4()
    many = [Flip(check=check, n=n, at=later(n), old="up", new="down", reason="fail") for n in range(1, 61)]
    await storage.flips.publish([*many, *flips_of(another)])
    assert [some async for some in storage.flips.prune(check, later(51), 60)] == [20, 20, 10]
    assert [flip.n for flip in await storage.flips.read(check)] == list(range(60, 50, -1))
    assert [some async for some in storage.flips.prune(check, later(51), 60)] == []
    assert [some async for some in storage.flips.prune(check, later(99), 60)] == [9]
    assert [some async for some in storage.flips.prune(check, later(99), 60)] == []
    assert [flip.n for flip in await storage.flips.read(check)] == [60]
    assert len(await storage.flips.read(another)) == 5


async def test_flips_of_one_check_are_deleted(storage: Storage) -> None:
    check, another = uuid4(), uuid4()
    await storage.flips.publish([*flips_of(check), *flips_of(another)])
    await storage.flips.delete(check)
    assert await storage.flips.read(check) == []
    assert len(await storage.flips.read(another)) == 5


@pytest.mark.parametrize(
    "details",
    [
        {"writeErrors": [{"index": 0, "code": DUPLICATE_KEY}, {"index": 1, "code": 91}]},
        {"writeErrors": [{"index": 0, "code": DUPLICATE_KEY}], "writeConcernErrors": [{"code": 91}]},
        {},
    ],
)
async def test_any_fault_but_flips_that_exist_already_is_an_error(
    storage: Storage, details: dict[str, Any]
) -> None:
    async def insert_many(documents: Any, ordered: bool) -> None:
        raise BulkWriteError(details)

    storage.flips._flips = SimpleNamespace(insert_many=insert_many)
    with pytest.raises(Unavailable):
        await storage.flips.publish(flips_of(uuid4()))
