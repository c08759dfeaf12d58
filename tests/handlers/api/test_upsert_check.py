"""POST checks/ with `unique`: a matching check is changed, else one is created."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.handlers.harness import Site

FIELDS: dict[str, tuple[Any, Any]] = {
    "name": ("Backups", "backups"),
    "slug": ("backups", "backup"),
    "tags": ("a b", "b a"),
    "timeout": (3600, 3601),
    "grace": (600, 601),
}


async def upsert(site: Site, **members: Any) -> tuple[int, str]:
    reply = await site.api("POST", "checks/", members)
    return reply.status, reply.json["uuid"]


@pytest.mark.parametrize("field", FIELDS)
async def test_each_field_finds_the_check_that_equals_it(site: Site, field: str) -> None:
    value, other = FIELDS[field]
    check = (await site.create(**{field: value}))["uuid"]
    assert await upsert(site, **{field: value}, desc="new", unique=[field]) == (200, check)
    assert (await site.get(check))["desc"] == "new"
    status, another = await upsert(site, **{field: other}, unique=[field])
    assert status == 201
    assert another != check


async def test_all_named_fields_have_to_match(site: Site) -> None:
    check = (await site.create(name="x", tags="a"))["uuid"]
    assert await upsert(site, name="x", tags="a", unique=["name", "tags"]) == (200, check)
    assert (await upsert(site, name="x", tags="b", unique=["name", "tags"]))[0] == 201


async def test_a_named_field_that_is_not_given_matches_nothing(site: Site) -> None:
    await site.create()
    for unique in (["name"], ["slug"], ["tags"], ["timeout"], ["grace"]):
        assert (await upsert(site, unique=unique))[0] == 201
    await site.create(name="x")
    assert (await upsert(site, name="x", unique=["name", "tags"]))[0] == 201


async def test_the_oldest_of_several_is_changed(site: Site) -> None:
    checks = [(await site.create(name="same"))["uuid"] for _ in range(3)]
    assert await upsert(site, name="same", unique=["name"]) == (200, checks[0])
    await site.api("DELETE", f"checks/{checks[0]}")
    assert await upsert(site, name="same", unique=["name"]) == (200, checks[1])


async def test_an_empty_list_creates(site: Site) -> None:
    await site.create(name="x")
    assert (await upsert(site, name="x", unique=[]))[0] == 201


async def test_an_empty_value_matches_an_empty_value(site: Site) -> None:
    check = (await site.create())["uuid"]
    assert await upsert(site, name="", unique=["name"]) == (200, check)


@pytest.mark.parametrize("item", ["desc", "Name", "", "uuid", 1, None, True, [], {}, ["name"]])
async def test_other_items_are_refused(site: Site, item: Any) -> None:
    for unique in ([item], ["name", item]):
        reply = await site.api("POST", "checks/", {"name": "x", "unique": unique})
        assert reply.status == 400
        assert reply.error == "json validation error: an item in 'unique' has unexpected value"


async def test_a_match_is_changed_only_where_the_request_says_so(site: Site) -> None:
    channel = str((await site.channel("one")).id)
    before = await site.create(name="x", tags="a", channels="*", methods="POST")
    reply = await site.api("POST", "checks/", {"name": "x", "grace": 60, "unique": ["name"]})
    assert (reply.status, reply.json) == (200, {**before, "grace": 60})
    assert reply.json["channels"] == channel
    reply = await site.api("POST", "checks/", {"name": "x", "channels": "", "unique": ["name"]})
    assert reply.json["channels"] == ""


async def test_a_faulty_upsert_changes_nothing(site: Site) -> None:
    before = await site.create(name="x")
    for fault in ({"grace": 1}, {"channels": "nobody"}):
        reply = await site.api("POST", "checks/", {"name": "x", "desc": "y", "unique": ["name"], **fault})
        assert reply.status == 400
    assert await site.get(before["uuid"]) == before


async def test_an_upsert_keeps_to_its_project(site: Site) -> None:
    other = await site.beside()
    await other.create(name="x")
    assert (await upsert(site, name="x", unique=["name"]))[0] == 201
    await other.close()


async def test_simultaneous_upserts_create_one_check(site: Site) -> None:
    connections = [await site.connect() for _ in range(8)]
    body = json.dumps({"name": "x", "unique": ["name"], "api_key": site.keys.api_key}).encode()
    replies = await asyncio.gather(
        *(connection.request("POST", "/api/v3/checks/", body=body) for connection in connections)
    )
    assert sorted(reply.status for reply in replies) == [200] * 7 + [201]
    assert len({reply.json["uuid"] for reply in replies}) == 1
    assert len((await site.api("GET", "checks/")).json["checks"]) == 1


@pytest.mark.parametrize("version", [1, 2])
async def test_a_slug_that_was_derived_finds_nothing(site: Site, version: int) -> None:
    data = {"name": "DB Backup", "unique": ["slug"]}
    for _ in range(2):
        reply = await site.api("POST", "checks/", data, version=version)
        assert (reply.status, reply.json["slug"]) == (201, "db-backup")
