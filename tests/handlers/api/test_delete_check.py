"""DELETE checks/<uuid>"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from hcserver.services.management.check_deletion import TOMBSTONE_TIME
from tests.handlers.harness import Site


async def left_behind(site: Site, check: str) -> dict[str, int]:
    """How much of a check the database still has, by collection."""
    database: Any = site.services.database
    id = UUID(check)
    counts = {
        name: await database[name].count_documents({"check": id}) for name in ("pings", "flips", "aliases")
    }
    counts["checks"] = await database["checks"].count_documents({"_id": id})
    return {name: count for name, count in counts.items() if count}


async def test_a_deleted_check_is_returned_as_it_was(site: Site) -> None:
    await site.channel("one")
    check = (await site.create(name="x", channels="*"))["uuid"]
    await site.ping(check)
    before = await site.get(check)
    assert before["channels"]
    reply = await site.api("DELETE", f"checks/{check}")
    assert (reply.status, reply.json) == (200, before)


async def test_nothing_of_a_deleted_check_is_left(site: Site) -> None:
    check = (await site.create(slug="gone"))["uuid"]
    unique = (await site.get(check, key=site.keys.api_key_readonly))["unique_key"]
    for signal in ("", "/fail", "/start", "", "/log"):
        await site.ping(check, signal, b"a body")
    await site.settled()
    assert (await left_behind(site, check))["pings"] == 5
    await site.api("DELETE", f"checks/{check}")
    for method, path in (
        ("GET", f"checks/{check}"),
        ("POST", f"checks/{check}"),
        ("DELETE", f"checks/{check}"),
        ("GET", f"checks/{unique}"),
        ("GET", f"checks/{check}/pings/"),
        ("GET", f"checks/{check}/pings/1/body"),
        ("GET", f"checks/{check}/flips/"),
        ("GET", f"checks/{unique}/flips/"),
        ("POST", f"checks/{check}/pause"),
        ("POST", f"checks/{check}/resume"),
    ):
        assert (await site.api(method, path)).status == 404
    assert (await site.api("GET", "checks/")).json == {"checks": []}
    assert await left_behind(site, check) == {}


async def test_another_check_keeps_everything(site: Site) -> None:
    gone, stays = [(await site.create())["uuid"] for _ in range(2)]
    await site.ping(stays, "", b"body")
    before = await site.get(stays)
    await site.api("DELETE", f"checks/{gone}")
    assert await site.get(stays) == before
    assert await site.body(stays) == b"body"


async def test_of_two_simultaneous_deletions_none_fails(site: Site) -> None:
    check = (await site.create())["uuid"]
    connections = [await site.connect() for _ in range(3)]
    key = {"X-Api-Key": site.keys.api_key}
    replies = await asyncio.gather(
        *(connection.request("DELETE", f"/api/v3/checks/{check}", key) for connection in connections)
    )
    assert {reply.status for reply in replies} <= {200, 404}
    assert any(reply.status == 200 for reply in replies)
    assert await left_behind(site, check) == {}


async def ping_until(site: Site, check: str, enough: asyncio.Event, deleted: asyncio.Event) -> set[int]:
    """Ping without a pause until after the deletion, tell when it is enough to begin; the statuses seen."""
    connection = await site.connect()
    statuses = set()
    for n in range(1_000_000):
        last = deleted.is_set()
        reply = await connection.request("POST", f"/ping/{check}{('', '/fail')[n % 2]}", body=b"x")
        statuses.add(reply.status)
        if n == 5:
            enough.set()
        if last:
            break
    return statuses


async def test_a_deletion_among_pings_leaves_nothing_behind(site: Site) -> None:
    for _ in range(2):
        check = (await site.create())["uuid"]
        enough, deleted = asyncio.Event(), asyncio.Event()
        pinging = [asyncio.create_task(ping_until(site, check, enough, deleted)) for _ in range(4)]
        await enough.wait()
        reply = await site.api("DELETE", f"checks/{check}")
        deleted.set()
        assert reply.status == 200
        for task in pinging:
            assert await task == {200, 404}
        # What was on its way meanwhile is swept away once no process can know the check any more.
        site.clock.advance((TOMBSTONE_TIME + timedelta(seconds=1)).total_seconds())
        await site.settled()
        await site.services.check_deletion.sweep()
        assert await left_behind(site, check) == {}
        assert (await site.api("GET", f"checks/{check}")).status == 404
