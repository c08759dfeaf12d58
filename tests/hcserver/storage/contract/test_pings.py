from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from pymongo.errors import BulkWriteError

from hcserver.domain.keywords import Reason
from hcserver.domain.ping import LoggedToken
from hcserver.errors import Unavailable
from hcserver.storage import Storage
from hcserver.storage.checks import Stored
from hcserver.storage.client import DUPLICATE_KEY
from hcserver.storage.pings import Claimed
from tests.hcserver.storage.contract.records import NOW, a_check, a_ping


async def test_a_ping_comes_back_as_it_was_appended(storage: Storage) -> None:
    ping = a_ping(
        uuid4(), 1, ua="curl", method="POST", rid=uuid4(), exit_status=3, body=b"\0\xff", body_size=2,
        cut_before=5, cut_after=6,
        subject="s", sender="a@b", token=b"t" * 12,
        reason=Reason(signal="fail", keyword="bad", where="body"),
    )  # fmt: skip
    await storage.pings.append([ping])
    assert await storage.pings.get(ping.check, 1) == ping
    assert await storage.pings.tail(ping.check, 0) == [replace(ping, body=None)]
    assert await storage.pings.get(ping.check, 2) is None


async def test_the_first_to_append_a_number_has_it(storage: Storage, other: Storage) -> None:
    check = uuid4()
    await other.pings.append([a_ping(check, 2, ua="first")])
    with pytest.raises(Claimed) as claimed:
        await storage.pings.append([a_ping(check, n, ua="second") for n in (1, 2, 3)])
    assert claimed.value.index == 1
    found = [(ping.n, ping.ua) for ping in await storage.pings.tail(check, 0)]
    assert found == [(1, "second"), (2, "first")]


async def test_a_claim_that_no_majority_has_is_none(storage: Storage) -> None:
    async def insert_many(documents: Any, ordered: bool) -> None:
        raise BulkWriteError(
            {
                "writeErrors": [{"index": 1, "code": DUPLICATE_KEY}],
                "writeConcernErrors": [{"code": 91, "errmsg": "the primary steps down"}],
            }
        )

    storage.pings._pings = SimpleNamespace(insert_many=insert_many)
    with pytest.raises(Unavailable):
        await storage.pings.append([a_ping(uuid4(), 1), a_ping(uuid4(), 1)])


async def test_tokens_are_those_of_the_places_that_are_taken(storage: Storage) -> None:
    check = uuid4()
    await storage.pings.append([a_ping(check, 1, token=b"a" * 12), a_ping(check, 2, token=b"b" * 12)])
    places = [(check, n) for n in range(1, 150)]
    assert await storage.pings.tokens(places) == {(check, 1): b"a" * 12, (check, 2): b"b" * 12}


async def test_checks_that_count_fewer_pings_than_their_logs_have_are_behind(storage: Storage) -> None:
    behind, even = a_check(n_pings=1), a_check(n_pings=2)
    for check in (behind, even):
        await storage.pings.append([a_ping(check.id, n) for n in (1, 2)])
    assert await storage.pings.behind([Stored(behind, 1), Stored(even, 1)]) == {behind.id}


async def test_the_tail_ends_at_the_first_number_that_is_missing(storage: Storage) -> None:
    check = uuid4()
    await storage.pings.append([a_ping(check, n) for n in range(1, 251)])
    assert [ping.n for ping in await storage.pings.tail(check, 30)] == list(range(31, 251))
    assert await storage.pings.tail(check, 250) == []


async def test_a_range_of_pings_is_read_and_deleted(storage: Storage) -> None:
    check, another = uuid4(), uuid4()
    await storage.pings.append([a_ping(check, n) for n in range(1, 251)])
    await storage.pings.append([a_ping(another, 1)])
    assert [ping.n for ping in await storage.pings.read(check, range(120, 241))] == list(range(120, 241))
    assert await storage.pings.delete(check, 1, 240) == 240
    assert [ping.n for ping in await storage.pings.read(check, range(1, 301))] == list(range(241, 251))
    assert [ping.n for ping in await storage.pings.read(check, [2, 242, 250])] == [242, 250]
    assert await storage.pings.get(another, 1) is not None


async def test_the_bodies_of_those_pings_that_have_one_are_read(storage: Storage) -> None:
    check = uuid4()
    await storage.pings.append([a_ping(check, n, body=b"%d" % n if n % 2 else None) for n in range(1, 6)])
    assert await storage.pings.bodies(check, [1, 2, 5, 9]) == {1: b"1", 5: b"5"}


async def test_emptied_pings_keep_their_places_and_tokens(storage: Storage) -> None:
    check = uuid4()
    said = {"body": b"x", "body_size": 1, "subject": "s", "sender": "a@b", "ua": "curl", "method": "POST"}
    await storage.pings.append([a_ping(check, n, token=bytes([n]) * 12, **said) for n in (1, 2)])
    await storage.pings.empty(check, 1, 1)
    bare = a_ping(check, 1, token=b"\x01" * 12)
    assert await storage.pings.get(check, 1) == replace(bare, remote_addr="")
    assert (await storage.pings.get(check, 2)) == a_ping(check, 2, token=b"\x02" * 12, **said)


async def test_the_tokens_of_a_log_come_with_number_moment_and_origin_the_oldest_first(
    storage: Storage,
) -> None:
    check = uuid4()
    await storage.pings.append([a_ping(check, n, token=bytes([n]) * 12) for n in (1, 2)])
    found = await storage.pings.logged((check, n) for n in (2, 1, 3))
    expected = [LoggedToken(n, NOW, bytes([n]) * 12, False) for n in (1, 2)]
    assert found == {check: expected}


async def test_failures_are_found_by_their_numbers(storage: Storage) -> None:
    check = uuid4()
    pings = [a_ping(check, n) for n in range(1, 251)]
    failing = [replace(ping, type="fail") if ping.n in (1, 7, 120, 250) else ping for ping in pings]
    await storage.pings.append([*failing, replace(a_ping(uuid4(), 8), type="fail")])
    assert await storage.pings.failures(check, 1, 250) == [1, 7, 120, 250]
    assert await storage.pings.failures(check, 2, 249) == [7, 120]
    assert await storage.pings.failures(check, 8, 7) == []


async def test_single_pings_are_removed(storage: Storage) -> None:
    check = uuid4()
    await storage.pings.append([a_ping(check, n) for n in range(1, 6)])
    assert await storage.pings.delete_each(check, [2, 4, 9]) == 2
    assert [ping.n for ping in await storage.pings.read(check, range(1, 6))] == [1, 3, 5]
