"""GET checks/<uuid>/pings/ and the bodies of pings"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from hcserver.config.schema import LimitSettings
from tests.handlers.harness import BASE, Site, serve

ONE, TWO = str(uuid4()), str(uuid4())


async def durations(site: Site, check: str) -> list[Any]:
    """The durations of the pings, oldest first, None where there is none."""
    return [ping.get("duration") for ping in reversed(await site.pings(check))]


async def page(site: Site, check: str, query: str) -> tuple[list[int], Any]:
    reply = await site.api("GET", f"checks/{check}/pings/{query}")
    assert reply.status == 200, reply.body
    return [ping["n"] for ping in reply.json["pings"]], reply.json["next"]


async def test_a_check_without_pings_has_an_empty_list(site: Site) -> None:
    check = (await site.create())["uuid"]
    reply = await site.api("GET", f"checks/{check}/pings/")
    assert (reply.status, reply.json) == (200, {"pings": []})


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_ping_has_these_members(site: Site, version: int) -> None:
    check = (await site.create())["uuid"]
    headers = {"User-Agent": "curl/8", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    await site.request("GET", f"/ping/{check}/start", headers)
    site.clock.advance(2.5)
    await site.request("PUT", f"/ping/{check}", headers, b"hi")
    await site.request("GET", f"/ping/{check}?rid={ONE}", headers)
    shared = {"scheme": "https", "remote_addr": "203.0.113.7", "ua": "curl/8"}
    url = f"{BASE}/api/v{version}/checks/{check}/pings/2/body"
    end = "2024-03-10T12:00:03.250000+00:00"
    reply = await site.api("GET", f"checks/{check}/pings/", version=version)
    assert reply.json == {
        "pings": [
            {"type": "success", "date": end, "n": 3, "method": "GET", "rid": ONE, "body_url": None} | shared,
            {"type": "success", "date": end, "n": 2, "method": "PUT", "rid": None, "body_url": url}
            | {"duration": 2.5}
            | shared,
            {"type": "start", "n": 1, "method": "GET", "rid": None, "body_url": None}
            | {"date": "2024-03-10T12:00:00.750000+00:00"}
            | shared,
        ]
    }


async def test_a_ping_shows_its_exit_status_where_it_had_one(site: Site) -> None:
    check = (await site.create())["uuid"]
    for signal in ("", "/fail", "/start", "/0", "/007", "/255"):
        await site.ping(check, signal)
    pings = await site.pings(check)
    assert [ping.get("exit_status", "none") for ping in pings] == [255, 7, 0, "none", "none", "none"]


async def test_an_exit_status_counts_as_the_check_said_when_it_came(site: Site) -> None:
    check = (await site.create(success_exit_statuses=[24, 3]))["uuid"]
    for signal in ("/3", "/24", "/1"):
        await site.ping(check, signal)
    flips = (await site.api("GET", f"checks/{check}/flips/")).json["flips"]
    assert [flip["up"] for flip in flips] == [0, 1]
    changed = await site.api("POST", f"checks/{check}", {"success_exit_statuses": []})
    assert "success_exit_statuses" not in changed.json
    await site.ping(check, "/3")
    shown = [(ping["type"], ping["exit_status"]) for ping in await site.pings(check)]
    assert shown == [("fail", 3), ("fail", 1), ("success", 24), ("success", 3)]


async def test_an_ignored_exit_status_ends_its_run_and_counts_for_nothing(site: Site) -> None:
    check = (await site.create(timeout=3600, grace=60, ignored_exit_statuses=[75]))["uuid"]
    await site.ping(check)
    await site.ping(check, "/start")
    site.clock.advance(30)
    await site.ping(check, "/75", b"another one is at work")
    site.clock.advance(300)
    await site.tick()
    document = await site.get(check)
    assert (document["status"], document["started"], document["n_pings"]) == ("up", False, 3)
    newest = (await site.pings(check))[0]
    assert (newest["type"], newest["exit_status"], newest["duration"]) == ("ign", 75, 30)
    assert newest["reason"] == {"signal": "ign", "keyword": None, "where": "exit status"}
    refused = await site.api("POST", f"checks/{check}", {"success_exit_statuses": [75]})
    assert refused.status == 400
    assert refused.json["error"] == "json validation error: ignored_exit_statuses has 75, which is a success"


async def test_every_type_is_listed_the_newest_first(site: Site) -> None:
    check = (await site.create(methods="POST"))["uuid"]
    for signal in ("", "/start", "/fail", "/log"):
        await site.ping(check, signal, b"")
    await site.ping(check)
    pings = await site.pings(check)
    assert [(ping["n"], ping["type"]) for ping in pings] == [
        *((5, "ign"), (4, "log"), (3, "fail"), (2, "start"), (1, "success"))
    ]


async def test_a_duration_is_in_seconds_with_two_decimals(site: Site) -> None:
    check = (await site.create())["uuid"]
    for seconds in (0, 0.004, 0.126, 3600):
        await site.ping(check, "/start")
        site.clock.advance(seconds)
        await site.ping(check)
    assert (await durations(site, check))[1::2] == [0, 0, 0.13, 3600]


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        (["/start", "/fail"], [None, 1]),
        (["/start", "/start", ""], [None, None, 1]),
        (["/start", "/log", ""], [None, None, 2]),
        (["/start", "", ""], [None, 1, None]),
        ([""], [None]),
        ([f"/start?rid={ONE}", f"/start?rid={TWO}", f"?rid={ONE}", f"?rid={TWO}"], [None, None, 2, 2]),
        ([f"/start?rid={ONE}", ""], [None, None]),
        (["/start", f"?rid={ONE}", ""], [None, None, 2]),
        ([f"/start?rid={ONE}", f"/fail?rid={ONE.upper()}"], [None, 1]),
    ],
)
async def test_a_run_is_matched_by_its_id(site: Site, signals: list[str], expected: list[Any]) -> None:
    check = (await site.create())["uuid"]
    for signal in signals:
        await site.ping(check, signal)
        site.clock.advance(1)
    assert await durations(site, check) == expected


@pytest.mark.parametrize(("hours", "expected"), [(72, 259_200), (72.001, None)])
async def test_a_run_lasts_72_hours_at_most(site: Site, hours: float, expected: float | None) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "/start")
    site.clock.advance(hours * 3600)
    await site.ping(check)
    assert await durations(site, check) == [None, expected]


async def test_a_start_outside_of_the_page_counts(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "/start")
    site.clock.advance(7)
    for _ in range(3):
        await site.ping(check, "/log")
    await site.ping(check)
    (ping,) = (await site.api("GET", f"checks/{check}/pings/?limit=1")).json["pings"]
    assert ping["duration"] == 7


async def test_only_as_many_as_are_kept_are_listed(mongo_uri: str) -> None:
    async with serve(mongo_uri, limits=LimitSettings(pings_per_check=3)) as site:
        check = (await site.create())["uuid"]
        for n in range(5):
            await site.ping(check, "", b"%d" % n)
        assert [ping["n"] for ping in await site.pings(check)] == [5, 4, 3]
        assert await page(site, check, "?limit=1000") == ([5, 4, 3], None)
        assert await page(site, check, "?limit=2") == ([5, 4], "4")
        assert await page(site, check, "?limit=2&after=4") == ([3], None)
        assert await page(site, check, "?limit=2&after=3") == ([], None)
        assert [await site.body(check, n) for n in range(1, 6)] == [None, None, b"2", b"3", b"4"]
        await site.services.projects.limit(site.project, checks=None, pings=1)
        site.services.lookup.forget(site.project.id)
        assert [ping["n"] for ping in await site.pings(check)] == [5]


async def test_pings_are_read_page_by_page(site: Site) -> None:
    check = (await site.create())["uuid"]
    for _ in range(5):
        await site.ping(check)
    assert await page(site, check, "?limit=2") == ([5, 4], "4")
    assert await page(site, check, "?limit=2&after=4") == ([3, 2], "2")
    assert await page(site, check, "?limit=2&after=2") == ([1], None)
    assert await page(site, check, "?limit=5") == ([5, 4, 3, 2, 1], None)
    assert await page(site, check, "?limit=1000&after=99999999999") == ([5, 4, 3, 2, 1], None)
    reply = await site.api("GET", f"checks/{check}/pings/?after=3")
    assert set(reply.json) == {"pings"}
    assert [ping["n"] for ping in reply.json["pings"]] == [2, 1]
    assert await page(site, check, "?limit=2&after=0") == ([], None)


@pytest.mark.parametrize("is_pruned", [False, True])
async def test_failures_that_are_kept_longer_come_behind_the_newest_pings(
    mongo_uri: str, is_pruned: bool
) -> None:
    limits = LimitSettings(pings_per_check=3, failures_per_check=2)
    async with serve(mongo_uri, limits=limits) as site:
        check = (await site.create())["uuid"]
        for signal in ("/fail", "/fail", "", "/fail", "", ""):
            await site.ping(check, signal, b"said")
        for _ in range(120 if is_pruned else 0):
            await site.ping(check)
        await site.settled()
        if is_pruned:
            await site.pruned(UUID(check), 102)
            assert (await site.services.cache.get(UUID(check))).kept_failures == (2, 4)
        new, old = ([126, 125, 124], [4, 2]) if is_pruned else ([6, 5, 4], [2, 1])
        assert [ping["n"] for ping in await site.pings(check)] == new + old
        assert await page(site, check, "?limit=1000") == (new + old, None)
        assert await page(site, check, "?limit=2") == (new[:2], str(new[1]))
        assert await page(site, check, f"?limit=1&after={new[1]}") == (new[2:], str(new[2]))
        assert await page(site, check, f"?limit=2&after={new[1]}") == ([new[2], old[0]], str(old[0]))
        assert await page(site, check, f"?limit=1&after={new[2]}") == (old[:1], str(old[0]))
        assert await page(site, check, f"?limit=2&after={old[0]}") == (old[1:], None)
        assert await page(site, check, f"?limit=2&after={old[1]}") == ([], None)
        assert [await site.body(check, n) for n in old] == [b"said", b"said"]
        assert await site.body(check, 3) is None


async def test_the_pages_end_where_the_log_was_cleared(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check)
    await site.services.log_clearing.clear(site.project, UUID(check))
    for _ in range(2):
        await site.ping(check)
    assert await page(site, check, "?limit=2") == ([3, 2], None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=", "after=x", "after=-1", "after=1e5", "after=%00"]
)
async def test_odd_pages_are_refused(site: Site, query: str) -> None:
    check = (await site.create())["uuid"]
    for what in ("pings", "flips"):
        assert (await site.api("GET", f"checks/{check}/{what}/?{query}")).status == 400


# -- bodies


async def test_a_body_is_sent_as_plain_text(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "", b"<script>\xff\0\r\n")
    for version in (1, 2, 3):
        reply = await site.api("GET", f"checks/{check}/pings/1/body", version=version)
        assert (reply.status, reply.body) == (200, b"<script>\xff\0\r\n")
        assert reply.headers["content-type"] == "text/plain"
        assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("n", ["0", "2", "3", "00", "2147483648", "9" * 19, "9" * 5000])
async def test_without_a_body_there_is_nothing(site: Site, n: str) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "", b"body")
    await site.ping(check, "", b"")
    reply = await site.api("GET", f"checks/{check}/pings/{n}/body")
    assert (reply.status, reply.error) == (404, "not found")


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_cleared_log_is_empty_and_the_state_and_the_numbers_stay(site: Site, version: int) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "", b"secret")
    await site.ping(check, "/fail", b"secret")
    before = await site.get(check, version=version)
    reply = await site.api("DELETE", f"checks/{check}/pings/", version=version)
    assert (reply.status, reply.json) == (200, before)
    assert await site.pings(check) == []
    assert await site.body(check, 1) is None
    assert [flip["up"] for flip in await site.flips(check)] == [0, 1]
    await site.ping(check)
    assert [ping["n"] for ping in await site.pings(check)] == [3]


async def test_only_a_read_write_key_of_the_project_clears_a_log(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check)
    path = f"checks/{check}/pings/"
    assert (await site.api("DELETE", path, key=site.keys.api_key_readonly)).status == 401
    other = await site.beside()
    assert (await site.api("DELETE", path, key=other.keys.api_key)).status == 403
    assert (await site.api("DELETE", f"checks/{uuid4()}/pings/")).status == 404
    assert len(await site.pings(check)) == 1
