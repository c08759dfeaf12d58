from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hcserver.domain.check import Check
from hcserver.domain.clock import utc_now
from hcserver.domain.flip import Flip
from hcserver.domain.invariants import LoggedPing
from hcserver.domain.ping import Ping
from hcserver.storage.inspection import Index, Inspection
from hcserver.storage.schema import SCHEMA_VERSION, prepare
from tests.hcserver.storage.stores import storage_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)


async def test_the_server_says_its_version_and_its_time(database: Any) -> None:
    server = await Inspection(database).server()
    assert server.version[0].isdigit()
    assert abs(server.at - utc_now()) < timedelta(minutes=1)


async def test_waiting_for_a_majority_changes_nothing(database: Any) -> None:
    await Inspection(database).wait_for_majority()
    assert await database["meta"].count_documents({}) == 0


async def test_the_schema_version_and_the_mark_of_a_load(database: Any) -> None:
    inspection = Inspection(database)
    assert (await inspection.schema_version(), await inspection.is_loading()) == (None, False)
    await prepare(database)
    await database["meta"].insert_one({"_id": "loading"})
    assert (await inspection.schema_version(), await inspection.is_loading()) == (SCHEMA_VERSION, True)


async def test_indexes_that_are_missing_or_of_another_kind(database: Any) -> None:
    inspection = Inspection(database)
    assert Index("checks", "due 1", False) in await inspection.missing_indexes()
    await prepare(database)
    assert await inspection.missing_indexes() == []
    await database["status_pages"].drop_index("slug_1")
    await database["status_pages"].create_index([("slug", 1)])
    await database["flips"].drop_index("at_-1")
    assert await inspection.missing_indexes() == [
        Index("flips", "at -1", False),
        Index("status_pages", "slug 1", True),
    ]


async def test_pings_and_flips_are_read_from_end_to_end(database: Any) -> None:
    storage, inspection = storage_of(database), Inspection(database)
    pings = [
        Ping(check=check, n=n, at=NOW, type="success", scheme="http", remote_addr="192.0.2.1", body=b"text")
        for check in (A, B)
        for n in range(1, 701)
    ]
    await storage.pings.append(pings)
    flip = Flip(check=A, n=1, at=NOW, old="new", new="up", reason="ping")
    await storage.flips.publish([flip])
    found = [one async for batch in inspection.pings() for one in batch]
    assert len(found) == 1400
    assert set(found) == {(ping.check, LoggedPing(ping.n, NOW, "success")) for ping in pings}
    assert [one async for batch in inspection.flips() for one in batch] == [flip]
    assert await inspection.count("pings") == 1400


async def test_members_are_read_and_records_removed(database: Any) -> None:
    inspection = Inspection(database)
    await database["windows"].insert_many(
        [{"_id": A, "project": B, "name": "Night"}, {"_id": B, "project": B, "check": A}]
    )
    found = [one async for batch in inspection.members("windows", "project", "check") for one in batch]
    assert found == [{"_id": A, "project": B}, {"_id": B, "project": B, "check": A}]
    assert await inspection.delete("windows", [A, UUID(int=9)]) == 1
    assert await database["windows"].count_documents({}) == 1


async def test_when_the_scheduler_finds_a_check(database: Any) -> None:
    due, idle = uuid4(), uuid4()
    for check, moment in ((due, NOW), (idle, None)):
        await storage_of(database).checks.insert(
            Check(id=check, project=A, created=NOW, badge=uuid4(), alert_after=moment)
        )
    assert await Inspection(database).due([due, idle, A]) == {due: NOW, idle: None}
