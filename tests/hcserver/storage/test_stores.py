from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from pymongo.errors import BulkWriteError

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.storage import Storage
from hcserver.storage.checks import Outbox, Write, unique_key
from hcserver.storage.client import DUPLICATE_KEY, entry_id, entry_of
from hcserver.storage.locks import LOCK_SECONDS
from hcserver.storage.pings import Claimed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_check(**fields: Any) -> Check:
    return Check(id=uuid4(), project=uuid4(), created=NOW, badge=uuid4(), **fields)


def a_ping(check: Any, n: int, **fields: Any) -> Ping:
    return Ping(check=check, n=n, at=NOW, type="success", scheme="http", remote_addr="192.0.2.1", **fields)


@pytest.fixture
def storage(database: Any) -> Storage:
    return Storage(database)


def test_entry_ids_sort_by_check_then_number() -> None:
    check = uuid4()
    assert entry_of(entry_id(check, 70_000)) == (check, 70_000)
    assert sorted(entry_id(check, n) for n in (256, 1, 255)) == [entry_id(check, n) for n in (1, 255, 256)]


async def test_a_check_comes_back_as_it_was_stored(storage: Storage) -> None:
    check = a_check(
        name="ünïcode", tags="a b", kind="cron", channels=(uuid4(), uuid4()), last_ping=NOW,
        last_duration=1.5,
        last_start=NOW, last_start_rid=uuid4(), alert_after=NOW, filter_body=True,
    )  # fmt: skip
    await storage.checks.insert(check)
    stored = (await storage.checks.load([check.id, uuid4()]))[check.id]
    assert (stored.check, stored.rev, stored.outbox) == (check, 1, Outbox())


async def test_a_ping_comes_back_as_it_was_stored(storage: Storage) -> None:
    ping = a_ping(
        uuid4(), 1, ua="curl", method="POST", rid=uuid4(), exit_status=3, body=b"\0\xff", body_size=2,
        subject="s", sender="a@b", token=b"t" * 12,
        reason=Reason(signal="fail", keyword="bad", where="body"),
    )  # fmt: skip
    await storage.pings.append([ping])
    assert await storage.pings.get(ping.check, 1) == ping
    assert await storage.pings.tail(ping.check, 0) == [replace(ping, body=None)]


async def test_the_first_to_append_a_number_has_it(storage: Storage) -> None:
    check = uuid4()
    await storage.pings.append([a_ping(check, 2, ua="first")])
    with pytest.raises(Claimed) as claimed:
        await storage.pings.append([a_ping(check, n, ua="second") for n in (1, 2, 3)])
    assert claimed.value.index == 1
    assert [(ping.n, ping.ua) for ping in await storage.pings.tail(check, 0)] == [
        (1, "second"),
        (2, "first"),
    ]


async def test_a_range_of_pings_is_read_and_deleted(storage: Storage) -> None:
    check = uuid4()
    await storage.pings.append([a_ping(check, n) for n in range(1, 251)])
    assert [ping.n for ping in await storage.pings.read(check, 120, 240)] == list(range(120, 241))
    assert len(await storage.pings.tail(check, 30)) == 220
    assert await storage.pings.delete(check, 1, 240) == 240
    assert [ping.n for ping in await storage.pings.read(check, -5, 300)] == list(range(241, 251))


async def test_a_write_needs_the_revision_that_it_was_made_for(storage: Storage, database: Any) -> None:
    checks = [a_check() for _ in range(3)]
    for check in checks:
        await storage.checks.insert(check)
    other = Storage(database)
    assert not await other.checks.write([Write(checks[1], replace(checks[1], name="other"), 1)])
    writes = [Write(check, replace(check, name="mine"), 1) for check in checks]
    assert await storage.checks.write(writes) == {checks[1].id}
    stored = await storage.checks.load([check.id for check in checks])
    assert [stored[check.id].check.name for check in checks] == ["mine", "other", "mine"]


async def test_what_becomes_none_is_removed(storage: Storage, database: Any) -> None:
    check = a_check(alert_after=NOW, status="up")
    await storage.checks.insert(check)
    changed = replace(check, alert_after=None, status="paused")
    assert not await storage.checks.write([Write(check, changed, 1)])
    assert "due" not in await database["checks"].find_one({"_id": check.id})
    assert (await storage.checks.load([check.id]))[check.id].check == changed


async def test_due_checks_come_in_the_order_of_their_moments(storage: Storage) -> None:
    moments = [NOW + timedelta(seconds=seconds) for seconds in (30, 10, 20, 99)]
    for moment in moments:
        await storage.checks.insert(a_check(alert_after=moment))
    await storage.checks.insert(a_check())
    due = await storage.checks.due(NOW + timedelta(seconds=30), 10)
    assert [moment for _, moment in due] == sorted(moments)[:3]


async def test_checks_of_a_project_come_in_the_order_of_their_creation(storage: Storage) -> None:
    project = uuid4()
    checks = [
        replace(a_check(slug=slug), project=project, created=NOW + timedelta(milliseconds=ms))
        for ms, slug in ((3, "a"), (1, "c"), (2, "b"))
    ]
    for check in checks:
        await storage.checks.insert(check)
    await storage.checks.insert(a_check())
    assert [stored.check.slug for stored in await storage.checks.of_project(project)] == ["c", "b", "a"]
    assert [s.check.slug for s in await storage.checks.of_project(project, "b")] == ["b"]
    assert await storage.checks.count(project) == 3


async def test_aliases_lead_to_a_check_until_it_is_deleted(storage: Storage) -> None:
    check = a_check()
    await storage.checks.insert(check)
    assert await storage.checks.aliased(unique_key(check.id)) == check.id
    assert await storage.checks.aliased(check.badge.hex) == check.id
    assert await storage.checks.delete(check)
    assert not await storage.checks.delete(check)
    assert await storage.checks.aliased(unique_key(check.id)) is None


async def test_flips_are_published_once_and_read_newest_first(storage: Storage) -> None:
    check = uuid4()
    flips = [
        Flip(check=check, n=n, at=NOW + timedelta(seconds=n // 2), old="up", new="down", reason="fail")
        for n in range(1, 6)
    ]
    await storage.flips.publish(flips[:3])
    await storage.flips.publish(flips)
    assert await storage.flips.read(check) == flips[::-1]
    start, end = NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)
    assert [flip.n for flip in await storage.flips.read(check, start, end)] == [3, 2]


async def test_flips_are_ordered_by_number_whatever_their_moments(storage: Storage) -> None:
    check = uuid4()
    seconds = {1: 0, 2: 60, 3: 30, 4: 30, 5: 90}
    flips = [
        Flip(check=check, n=n, at=NOW + timedelta(seconds=at), old="up", new="down", reason="fail")
        for n, at in seconds.items()
    ]
    await storage.flips.publish([flips[3], flips[0], flips[4], flips[2], flips[1]])
    assert [flip.n for flip in await storage.flips.read(check)] == [5, 4, 3, 2, 1]
    assert [flip.n for flip in await storage.flips.read(check, NOW + timedelta(seconds=31))] == [5, 2]


async def test_a_lock_is_held_by_one_and_freed_by_death(storage: Storage, database: Any) -> None:
    other = Storage(database)
    async with storage.locks.hold("x", lambda: NOW):
        with pytest.raises(Unavailable):
            async with other.locks.hold("x", lambda: NOW, patience=0.05):
                raise AssertionError
        async with other.locks.hold("x", lambda: NOW + timedelta(seconds=LOCK_SECONDS + 1)):
            pass
    async with other.locks.hold("x", lambda: NOW):
        pass


async def test_a_lock_that_could_not_be_given_back_is_no_obstacle_to_its_own_process(
    storage: Storage, database: Any
) -> None:
    await database["locks"].insert_one(
        {"_id": "x", "owner": storage.locks._owner, "until": NOW + timedelta(seconds=5)}
    )
    async with storage.locks.hold("x", lambda: NOW):
        pass


async def test_projects_are_found_by_each_key(storage: Storage) -> None:
    project = Project(
        id=uuid4(), name="p", created=NOW, ping_key="p", badge_key="b", api_key_hash="w",
        api_key_readonly_hash="r",
    )  # fmt: skip
    await storage.projects.insert(project)
    assert await storage.projects.by_key("api_key_hash", "w") == project
    assert await storage.projects.by_key("api_key_readonly_hash", "r") == project
    assert await storage.projects.by_key("ping_key", "p") == project
    assert await storage.projects.by_key("badge_key", "w") is None
    await storage.projects.update(project.id, {"checks_limit": 5, "api_key_hash": None})
    assert await storage.projects.get(project.id) == replace(project, checks_limit=5, api_key_hash=None)


async def test_channels_belong_to_a_project(storage: Storage) -> None:
    channel = Channel(id=uuid4(), project=uuid4(), created=NOW, kind="email", target="a@example.org")
    await storage.channels.insert(channel)
    assert await storage.channels.of_project(channel.project) == [channel]
    await storage.channels.delete_of_project(channel.project)
    assert await storage.channels.of_project(channel.project) == []


async def test_a_database_that_is_away_is_an_error_of_its_own() -> None:
    from hcserver.config.schema import MongoSettings
    from hcserver.storage.client import connect, database_of

    client = connect("mongodb://127.0.0.1:1/?directConnection=true", MongoSettings(timeout=0.2))
    with pytest.raises(Unavailable):
        await Storage(database_of(client, "x")).probe()
    client.close()


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
