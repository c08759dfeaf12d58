"""windows/ and windows/<uuid>"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.services.management.windows import MAX_WINDOWS
from tests.handlers.harness import NOWHERE, Site

ONCE = {"start": "2024-03-10T22:00:00+00:00", "end": "2024-03-11T02:00:00+00:00"}
NIGHTLY = {"schedule": "0 3 * * *", "tz": "Europe/Riga", "minutes": 90}


async def create(site: Site, **members: Any) -> dict[str, Any]:
    reply = await site.api("POST", "windows/", members)
    assert reply.status == 201, reply.body
    document: dict[str, Any] = reply.json
    return document


async def listed(site: Site) -> list[dict[str, Any]]:
    reply = await site.api("GET", "windows/")
    assert reply.status == 200
    windows: list[dict[str, Any]] = reply.json["windows"]
    return windows


async def test_a_window_has_the_members_of_its_form(site: Site) -> None:
    plain = {"name": "", "check": None, "tag": ""}
    once = await create(site, **ONCE)
    assert once == {"id": once["id"], **plain, **ONCE}
    site.clock.advance(1)
    nightly = await create(site, **NIGHTLY)
    assert nightly == {"id": nightly["id"], **plain, **NIGHTLY}
    assert await listed(site) == [once, nightly]
    assert (await site.api("GET", f"windows/{once['id']}")).json == once


async def test_it_is_for_a_check_for_a_tag_or_for_all(site: Site) -> None:
    check = (await site.create())["uuid"]
    of_check = await create(site, check=check, name="Move", **ONCE)
    assert (of_check["check"], of_check["tag"], of_check["name"]) == (check, "", "Move")
    of_tag = await create(site, tag="db", **NIGHTLY)
    assert (of_tag["check"], of_tag["tag"]) == (None, "db")


async def test_it_is_for_no_check_of_others(site: Site) -> None:
    other = await site.beside()
    window = (await create(site, **ONCE))["id"]
    for check in (str(NOWHERE), (await other.create())["uuid"]):
        for path, members in (("windows/", ONCE), (f"windows/{window}", {})):
            reply = await site.api("POST", path, {**members, "check": check})
            expected = "json validation error: check is no check of the project"
            assert (reply.status, reply.error) == (400, expected)
    await other.close()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "start and end are missing, or schedule and minutes"),
        ({**ONCE, "end": 5}, "end is not after start"),
        ({"start": 1, "end": "2024-03-10T12:00:00Z"}, "end is in the past"),
        ({**NIGHTLY, "minutes": 10_081}, "minutes is too large"),
        ({**NIGHTLY, "tz": None, "name": 1}, "name is not a string"),
    ],
    ids=str,
)
async def test_an_invalid_window_is_refused_with_the_reason(
    site: Site, members: dict[str, Any], expected: str
) -> None:
    reply = await site.api("POST", "windows/", members)
    assert (reply.status, reply.error) == (400, f"json validation error: {expected}")
    assert await listed(site) == []


async def test_a_window_is_changed(site: Site) -> None:
    before = await create(site, **ONCE)
    for members, after in (
        ({"name": "Night"}, {"name": "Night"}),
        ({"tag": "db"}, {"tag": "db"}),
        ({"end": "2024-03-11T05:00:00Z"}, {"end": "2024-03-11T05:00:00+00:00"}),
        ({}, {}),
    ):
        before |= after
        reply = await site.api("POST", f"windows/{before['id']}", members)
        assert (reply.status, reply.json) == (200, before)
    reply = await site.api("POST", f"windows/{before['id']}", NIGHTLY)
    assert reply.json == {"id": before["id"], "name": "Night", "check": None, "tag": "db", **NIGHTLY}
    assert (await site.api("POST", f"windows/{before['id']}", {"minutes": 0})).status == 400
    assert await listed(site) == [reply.json]


async def test_deleting_a_window_answers_with_it_as_it_was(site: Site) -> None:
    window = await create(site, **ONCE)
    reply = await site.api("DELETE", f"windows/{window['id']}")
    assert (reply.status, reply.json) == (200, window)
    for method in ("GET", "POST", "DELETE"):
        reply = await site.api(method, f"windows/{window['id']}")
        assert (reply.status, reply.error) == (404, "not found")
    assert await listed(site) == []


async def test_a_window_goes_with_its_check(site: Site) -> None:
    check = (await site.create(tags="db"))["uuid"]
    await create(site, check=check, **ONCE)
    kept = await create(site, tag="db", **ONCE)
    await site.api("DELETE", f"checks/{check}")
    assert await listed(site) == [kept]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_unknown_windows_are_not_found_and_foreign_ones_forbidden(site: Site, method: str) -> None:
    other = await site.beside()
    foreign = (await create(other, **ONCE))["id"]
    fault = {"minutes": 0} if method == "POST" else None
    assert (await site.api(method, f"windows/{NOWHERE}", fault)).status == 404
    reply = await site.api(method, f"windows/{foreign}", fault)
    assert (reply.status, reply.body) == (403, b"")
    reply = await site.api(method, f"windows/{foreign}", key=other.keys.api_key_readonly)
    assert (reply.status, reply.error) == (401, "wrong api key")
    assert len(await listed(other)) == 1
    assert await listed(site) == []
    await other.close()


async def test_a_project_has_100_windows_at_most_however_many_ask_at_a_time(site: Site) -> None:
    now = site.clock()
    for n in range(MAX_WINDOWS - 2):
        window = MaintenanceWindow(
            id=uuid4(), project=site.project.id, created=now, start=now, end=now, name=str(n)
        )
        await site.services.storage.windows.put(window)
    connections = [await site.connect() for _ in range(5)]
    body = b'{"schedule": "daily", "minutes": 5}'
    key = {"X-Api-Key": site.keys.api_key}
    replies = await asyncio.gather(
        *(one.request("POST", "/api/v3/windows/", key, body) for one in connections)
    )
    assert sorted(reply.status for reply in replies) == [201, 201, 403, 403, 403]
    errors = {reply.error for reply in replies if reply.status == 403}
    assert errors == {"maintenance window limit reached: a project can have 100"}
    assert len(await listed(site)) == MAX_WINDOWS
