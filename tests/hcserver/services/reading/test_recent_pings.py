from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import asdict, replace

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.events import CheckDeleted, LogCleared, PingRecorded
from hcserver.services.reading import recent_pings as recent_pings_module
from hcserver.services.reading.recent_pings import RecentPings
from tests.hcserver.services.conftest import START, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of

PLENTY = 1_000_000


def a_check(**state: Any) -> Check:
    return Check(id=uuid4(), project=uuid4(), created=START, badge=uuid4(), **state)


CHECK = a_check()


def a_ping(n: int, check: UUID = CHECK.id, **more: Any) -> Ping:
    at = START + timedelta(seconds=n)
    return Ping(check=check, n=n, at=at, type="fail", scheme="http", remote_addr="192.0.2.1", **more)


def with_body(n: int, size: int) -> Ping:
    return a_ping(n, body=bytes(size), body_size=size)


def kept(*pings: Ping, max_bytes: int = PLENTY) -> RecentPings:
    recent_pings = RecentPings(max_bytes)
    for one in pings:
        recent_pings.keep(PingRecorded(replace(CHECK, id=one.check), one))
    return recent_pings


def numbers(recent_pings: RecentPings, first: int = 1, last: int = 10_000, check: Check = CHECK) -> list[int]:
    return list(recent_pings.read(check, first, last))


def test_a_ping_comes_back_as_it_was_kept_but_for_its_body() -> None:
    plain = a_ping(1)
    full = a_ping(
        2, rid=uuid4(), exit_status=3, body=b"\0\xff", body_size=2, subject="s", sender="a@b", ua="curl/8",
        token=b"t" * 12, method="POST", reason=Reason(signal="fail", keyword="bad", where="body"),
    )  # fmt: skip
    found = kept(plain, full).read(CHECK, 1, 2)
    assert [asdict(one) for one in found.values()] == [asdict(plain), asdict(replace(full, body=None))]


def test_pings_are_found_by_their_numbers() -> None:
    recent_pings = kept(*map(a_ping, range(5, 10)))
    assert numbers(recent_pings) == [5, 6, 7, 8, 9]
    assert numbers(recent_pings, 6, 7) == [6, 7]
    assert numbers(recent_pings, 1, 5) == [5]
    assert numbers(recent_pings, 9, 12) == [9]
    assert numbers(recent_pings, 1, 4) == numbers(recent_pings, 10, 12) == numbers(recent_pings, 7, 6) == []
    assert numbers(recent_pings, check=a_check()) == []


def test_pings_of_other_processes_leave_gaps_that_are_filled_when_they_were_read() -> None:
    recent_pings = kept(a_ping(5), a_ping(8))
    assert numbers(recent_pings) == [5, 8]
    recent_pings.add(CHECK.id, map(a_ping, (7, 6)))
    recent_pings.add(CHECK.id, map(a_ping, (3, 9, 8)))
    recent_pings.add(CHECK.id, ())
    assert numbers(recent_pings) == [3, 5, 6, 7, 8, 9]
    recent_pings.keep(PingRecorded(CHECK, a_ping(4)))
    assert numbers(recent_pings) == [3, 4, 5, 6, 7, 8, 9]


def test_pings_of_a_check_that_had_none_here_are_kept_when_they_were_read() -> None:
    recent_pings = RecentPings(PLENTY)
    recent_pings.add(CHECK.id, map(a_ping, (2, 1)))
    assert numbers(recent_pings) == [1, 2]


def test_pings_far_older_than_the_newest_leave_no_room_for_what_is_between() -> None:
    recent_pings = kept(a_ping(1), a_ping(2000))
    assert numbers(recent_pings) == [2000]
    before = recent_pings.bytes
    recent_pings.add(CHECK.id, [a_ping(3)])
    assert numbers(recent_pings) == [2000]
    assert recent_pings.bytes == before


def test_pings_that_were_pruned_or_cleared_are_not_shown_any_more() -> None:
    recent_pings = kept(*map(a_ping, range(1, 6)))
    before = recent_pings.bytes
    assert numbers(recent_pings, check=replace(CHECK, log_from=4)) == [4, 5]
    assert recent_pings.bytes < before
    recent_pings.keep(PingRecorded(replace(CHECK, log_from=6), a_ping(6)))
    assert numbers(recent_pings) == [6]
    assert numbers(recent_pings, check=replace(CHECK, log_from=7)) == []
    recent_pings.keep(PingRecorded(replace(CHECK, log_from=7), a_ping(7)))
    assert numbers(recent_pings) == [7]


def test_a_deleted_check_leaves_nothing() -> None:
    recent_pings = kept(a_ping(1))
    for _ in range(2):
        recent_pings.forget(CheckDeleted(CHECK))
    assert numbers(recent_pings) == []
    assert recent_pings.bytes == 0


def test_a_log_that_was_cleared_leaves_nothing() -> None:
    recent_pings = kept(with_body(1, 10))
    recent_pings.forget(LogCleared(CHECK))
    assert recent_pings.find(CHECK.id, 1) is None
    assert recent_pings.bytes == 0
    recent_pings.keep(PingRecorded(replace(CHECK, cleared=2), a_ping(3)))
    assert numbers(recent_pings) == [3]
    assert numbers(recent_pings, check=replace(CHECK, cleared=3)) == []


def test_the_memory_is_bounded_and_checks_not_used_for_longest_leave() -> None:
    checks = [a_check() for _ in range(4)]
    one = kept(a_ping(1, checks[0].id)).bytes
    recent_pings = kept(*(a_ping(1, check.id) for check in checks[:3]), max_bytes=3 * one)
    assert numbers(recent_pings, check=checks[0]) == [1]
    recent_pings.keep(PingRecorded(checks[3], a_ping(1, checks[3].id)))
    assert [numbers(recent_pings, check=check) for check in checks] == [[1], [], [1], [1]]
    assert recent_pings.bytes == 3 * one


@pytest.mark.parametrize("max_bytes", [0, 2000, 20_000])
def test_whatever_comes_the_memory_stays_within_its_bound(max_bytes: int) -> None:
    recent_pings = RecentPings(max_bytes)
    checks = [a_check() for _ in range(7)]
    for n in range(1, 300):
        check = checks[n % len(checks)]
        if n % 3:
            recent_pings.keep(PingRecorded(check, a_ping(n, check.id, ua="x" * (n % 200))))
        else:
            recent_pings.add(check.id, [a_ping(n + more, check.id) for more in (3, 90)])
        assert recent_pings.bytes <= max_bytes
    assert any(numbers(recent_pings, check=check) for check in checks) == bool(max_bytes)


def test_a_ping_is_found_with_its_body_unless_newer_ones_took_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent_pings_module, "BODY_BYTES", 100)
    recent_pings = kept(*(with_body(n, 40) for n in (1, 2, 3, 3)), a_ping(4))
    found = {n: recent_pings.find(CHECK.id, n) for n in range(1, 6)}
    assert {n: one.body for n, one in found.items() if one is not None} == {
        2: bytes(40),
        3: bytes(40),
        4: None,
    }
    recent_pings.keep(PingRecorded(CHECK, with_body(5, 101)))
    assert recent_pings.find(CHECK.id, 5) is None
    assert recent_pings.find(uuid4(), 1) is None


async def test_a_message_shows_a_recent_ping_without_asking_the_database(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    get = services.storage.pings.get

    async def no_query(*arguments: Any) -> None:
        raise AssertionError("the ping was read from the database")

    monkeypatch.setattr(services.storage.pings, "get", no_query)
    await ping(services, check.id, "fail", body=b"disk full", exit_status=3)
    await log_of(services, check, 1)
    [(_, message)] = fake.sent
    stored = await get(check.id, 1)
    assert message.last_ping is not None and stored is not None
    assert asdict(message.last_ping) == asdict(stored)
    assert message.body_preview == "disk full"
