"""Pings by ping key and slug."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.config.schema import LimitSettings
from tests.handlers.harness import Site, serve


def path(site: Site, slug: str, rest: str = "") -> str:
    return f"/ping/{site.keys.ping_key}/{slug}{rest}"


async def checks(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await site.api("GET", "checks/")).json["checks"]
    return found


@pytest.mark.parametrize(
    ("rest", "type"),
    [
        ("", "success"),
        ("/", "success"),
        ("/start", "start"),
        ("/fail", "fail"),
        ("/log", "log"),
        ("/0", "success"),
        ("/3", "fail"),
    ],
)
async def test_a_slug_takes_the_same_signals(site: Site, rest: str, type: str) -> None:
    check = (await site.create(slug="nightly_back-up"))["uuid"]
    reply = await site.request("GET", path(site, "nightly_back-up", rest))
    assert (reply.status, reply.text) == (200, "OK")
    assert reply.headers["ping-body-limit"] == "10000"
    assert [ping["type"] for ping in await site.pings(check)] == [type]


@pytest.mark.parametrize("slug", ["start", "fail", "log", "0", "256"])
async def test_a_slug_may_look_like_a_signal(site: Site, slug: str) -> None:
    check = (await site.create(slug=slug))["uuid"]
    assert (await site.request("GET", path(site, slug))).status == 200
    assert (await site.request("GET", path(site, slug, "/log"))).status == 200
    assert [ping["type"] for ping in await site.pings(check)] == ["log", "success"]


async def test_a_check_is_created_by_a_ping_with_its_signal_behind_the_query(site: Site) -> None:
    reply = await site.request("GET", path(site, "late-slash", "?create=1/start"))
    assert (reply.status, reply.text) == (201, "Created")
    (check,) = await checks(site)
    assert check["started"] is True


@pytest.mark.parametrize("slug", ["Backup", "backuP", "B"])
@pytest.mark.parametrize("query", ["", "?create=1"])
async def test_a_slug_that_is_not_lower_case_is_refused(site: Site, slug: str, query: str) -> None:
    reply = await site.request("GET", path(site, slug, query))
    assert (reply.status, reply.text) == (400, "invalid url format")
    assert await checks(site) == []


async def test_two_checks_with_the_slug_are_ambiguous(site: Site) -> None:
    one, two = await site.create(slug="twin"), await site.create(slug="twin")
    for query in ("", "?create=1"):
        reply = await site.request("GET", path(site, "twin", query))
        assert (reply.status, reply.text) == (409, "ambiguous slug")
    await site.api("POST", f"checks/{one['uuid']}", {"slug": "single"})
    assert (await site.request("GET", path(site, "twin"))).status == 200
    assert len(await site.pings(two["uuid"])) == 1


@pytest.mark.parametrize("rest", ["", "/", "/start", "/0"])
async def test_an_unknown_slug_or_key_is_not_found(site: Site, rest: str) -> None:
    await site.create(slug="known")
    for target in (
        path(site, "unknown", rest),
        f"/ping/nokey/known{rest}",
        f"/ping/nokey/known{rest}?create=1",
    ):
        reply = await site.request("GET", target)
        assert (reply.status, reply.text) == (404, "not found")


async def test_a_slug_follows_its_check(site: Site) -> None:
    check = (await site.create(slug="old"))["uuid"]
    assert (await site.request("GET", path(site, "old"))).status == 200
    await site.api("POST", f"checks/{check}", {"slug": "new"})
    assert (await site.request("GET", path(site, "old"))).status == 404
    assert (await site.request("GET", path(site, "new"))).status == 200
    await site.api("DELETE", f"checks/{check}")
    assert (await site.request("GET", path(site, "new"))).status == 404


async def test_a_ping_can_create_its_check(site: Site) -> None:
    channels = sorted([str((await site.channel(name)).id) for name in ("one", "two")])
    reply = await site.request("GET", path(site, "new-job", "/start?create=1"))
    assert (reply.status, reply.text) == (201, "Created")
    assert reply.headers["ping-body-limit"] == "10000"
    (check,) = await checks(site)
    assert (check["name"], check["slug"]) == ("new-job", "new-job")
    assert (check["timeout"], check["grace"]) == (86400, 3600)
    assert check["channels"] == ",".join(channels)
    assert (check["n_pings"], check["started"]) == (1, True)
    again = await site.request("GET", path(site, "new-job", "?create=1"))
    assert (again.status, again.text) == (200, "OK")
    assert len(await checks(site)) == 1


@pytest.mark.parametrize("value", ["", "0", "2", "true", "01", "1%20", "1&create=0"])
async def test_create_has_to_be_exactly_1(site: Site, value: str) -> None:
    assert (await site.request("GET", path(site, "new-job", f"?create={value}"))).status == 404
    assert await checks(site) == []


@pytest.mark.parametrize("rest", ["/256?create=1", "?create=1&rid=odd", "/stop?create=1", "/start/?create=1"])
async def test_a_refused_ping_creates_nothing(site: Site, rest: str) -> None:
    assert (await site.request("GET", path(site, "new-job", rest))).status in (400, 404)
    assert await checks(site) == []


async def test_simultaneous_first_pings_create_one_check(site: Site) -> None:
    connections = [await site.connect() for _ in range(8)]
    target = path(site, "new-job", "?create=1")
    replies = await asyncio.gather(*(connection.request("GET", target) for connection in connections))
    assert sorted(reply.status for reply in replies) == [200] * 7 + [201]
    (check,) = await checks(site)
    assert check["n_pings"] == 8


async def test_pings_create_checks_up_to_twice_the_limit(mongo_uri: str) -> None:
    async with serve(mongo_uri, limits=LimitSettings(checks_per_project=2)) as site:
        for n in range(4):
            assert (await site.request("GET", path(site, f"job-{n}", "?create=1"))).status == 201
        reply = await site.request("GET", path(site, "job-4", "?create=1"))
        assert (reply.status, reply.text) == (404, "not found")
        assert (await site.request("GET", path(site, "job-3", "?create=1"))).status == 200
        assert len(await checks(site)) == 4
        assert (await site.api("POST", "checks/", {})).status == 403


async def test_a_projects_own_limit_comes_before_the_configured_one(site: Site) -> None:
    await site.services.projects.limit(site.project, checks=1, pings=None)
    site.services.lookup.forget(site.project.id)
    replies = [await site.request("GET", path(site, f"job-{n}", "?create=1")) for n in range(3)]
    assert [reply.status for reply in replies] == [201, 201, 404]


async def test_projects_have_slugs_of_their_own(site: Site) -> None:
    _, other = await site.services.projects.create("other")
    mine = (await site.create(slug="same"))["uuid"]
    reply = await site.request("GET", f"/ping/{other.ping_key}/same?create=1")
    assert reply.status == 201
    assert await site.pings(mine) == []
