"""GET checks/"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handlers.api import checks
from handlers.api.check_base import CheckApiHandler
from hcserver.domain.check import Check
from tests.handlers.harness import Site


async def names(site: Site, query: str = "") -> str:
    reply = await site.api("GET", f"checks/{query}")
    assert reply.status == 200, reply.body
    return " ".join(check["name"] for check in reply.json["checks"])


async def page(site: Site, query: str) -> tuple[str, Any]:
    document = (await site.api("GET", f"checks/{query}")).json
    return " ".join(check["name"] for check in document["checks"]), document["next"]


async def test_a_project_without_checks_has_an_empty_list(site: Site) -> None:
    reply = await site.api("GET", "checks/")
    assert (reply.status, reply.json) == (200, {"checks": []})


async def test_checks_are_listed_as_they_are_shown_singly_the_oldest_first(site: Site) -> None:
    created = [await site.create(name=name) for name in ("b", "a", "c")]
    for key in (site.keys.api_key, site.keys.api_key_readonly):
        listed = (await site.api("GET", "checks/", key=key)).json["checks"]
        assert listed == [await site.get(check["uuid"], key=key) for check in created]


async def test_a_long_list_does_not_hold_up_others(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(6):
        await site.create()
    turns, written = 0, []
    document = CheckApiHandler.check_document

    def noted(self: CheckApiHandler, check: Check) -> bytes:
        written.append(turns)
        return document(self, check)

    monkeypatch.setattr(checks, "_PER_TURN", 2)
    monkeypatch.setattr(CheckApiHandler, "check_document", noted)
    listing = asyncio.ensure_future(site.api("GET", "checks/"))
    while not listing.done():
        turns += 1
        await asyncio.sleep(0)
    assert len(set(written)) == 3
    assert len((await listing).json["checks"]) == 6


async def test_the_order_stays_when_checks_change(site: Site) -> None:
    created = [await site.create(name=name) for name in "abc"]
    await site.ping(created[0]["uuid"])
    await site.api("POST", f"checks/{created[1]['uuid']}", {"grace": 60})
    await site.settled()
    assert await names(site) == "a b c"


async def test_other_projects_checks_are_not_listed(site: Site) -> None:
    other = await site.beside()
    await other.create(name="theirs", slug="same", tags="same")
    await site.create(name="mine", slug="same", tags="same")
    for query in ("", "?slug=same", "?tag=same"):
        assert await names(site, query) == "mine"
    await other.close()


async def test_the_list_shows_what_pings_did_at_once(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check)
    (listed,) = (await site.api("GET", "checks/")).json["checks"]
    assert (listed["status"], listed["n_pings"]) == ("up", 1)


async def test_tags_are_whole_words_and_all_must_match(site: Site) -> None:
    await site.create(name="1", tags="prod  www")
    await site.create(name="2", tags="prod db")
    await site.create(name="3", tags="product")
    await site.create(name="4", tags="größe a/b a&b")
    await site.create(name="5")
    for query, found in (
        ("?tag=prod", "1 2"),
        ("?tag=prod&tag=db", "2"),
        ("?tag=db&tag=prod&tag=db", "2"),
        ("?tag=www&tag=db", ""),
        ("?tag=Prod", ""),
        ("?tag=pro", ""),
        ("?tag=prod%20www", ""),
        ("?tag=gr%C3%B6%C3%9Fe", "4"),
        ("?tag=a%2Fb&tag=a%26b", "4"),
        ("?tag=%ff", ""),
        ("?tag=", ""),
        ("?tag=&tag=prod", ""),
        ("?tag", ""),
        ("?Tag=prod", "1 2 3 4 5"),
    ):
        assert await names(site, query) == found, query


async def test_a_slug_filters(site: Site) -> None:
    await site.create(name="1", slug="x", tags="t")
    await site.create(name="2", slug="x")
    await site.create(name="3", slug="y", tags="t")
    for query, found in (
        ("?slug=x", "1 2"),
        ("?slug=x&tag=t", "1"),
        ("?slug=z", ""),
        ("?slug=X", ""),
        ("?slug=", "1 2 3"),
        ("?slug=&tag=t", "1 3"),
        ("?slug=z&slug=y", "3"),
    ):
        assert await names(site, query) == found, query


@pytest.mark.parametrize("name", ["tag", "slug"])
async def test_a_nul_in_a_filter_is_refused(site: Site, name: str) -> None:
    for value in ("%00", "a%00b", f"a&{name}=%00"):
        reply = await site.api("GET", f"checks/?{name}={value}")
        assert (reply.status, reply.error) == (400, f"{name} contains characters that can't be stored")


# -- pages


async def test_without_a_limit_the_list_is_whole_and_names_no_next(site: Site) -> None:
    for name in "abc":
        await site.create(name=name)
    assert set((await site.api("GET", "checks/")).json) == {"checks"}


async def test_a_list_is_read_page_by_page(site: Site) -> None:
    for name in "abcde":
        await site.create(name=name, tags="t" if name in "bde" else "")
    assert await page(site, "?limit=5") == ("a b c d e", None)
    first, cursor = await page(site, "?limit=2")
    second, cursor = await page(site, f"?limit=2&after={cursor}")
    third, end = await page(site, f"?limit=2&after={cursor}")
    assert (first, second, third, end) == ("a b", "c d", "e", None)
    first, cursor = await page(site, "?tag=t&limit=2")
    assert first == "b d"
    assert await page(site, f"?tag=t&limit=1000&after={cursor}") == ("e", None)
    assert await names(site, f"?tag=t&after={cursor}") == "e"
    assert await names(site, "?after=") == "a b c d e"


async def test_pages_go_on_although_their_last_check_is_deleted(site: Site) -> None:
    checks = [await site.create(name=name) for name in "abcd"]
    _, cursor = await page(site, "?limit=2")
    await site.api("DELETE", f"checks/{checks[1]['uuid']}")
    await site.create(name="e")
    assert await page(site, f"?limit=2&after={cursor}") == ("c d", "".join((await page(site, "?limit=3"))[1]))


async def test_where_a_page_ends_tells_a_reader_no_ping_address(site: Site) -> None:
    checks = [await site.create(name=name) for name in "ab"]
    reply = await site.api("GET", "checks/?limit=1", key=site.keys.api_key_readonly)
    assert not any(check["uuid"] in reply.text for check in checks)


@pytest.mark.parametrize("limit", ["", "0", "1001", "-1", "x", "1.0", "٣", "9" * 5000, "1&limit=0"])
async def test_a_limit_is_between_1_and_1000(site: Site, limit: str) -> None:
    reply = await site.api("GET", f"checks/?limit={limit.encode().decode('latin-1')}")
    assert (reply.status, reply.error) == (400, "limit is not a number from 1 to 1000")


@pytest.mark.parametrize("after", ["x", "1", "1-2", "%00", f"{'9' * 15}-{'0' * 8}-0000-0000-0000-{'0' * 12}"])
async def test_after_is_the_next_of_an_earlier_page(site: Site, after: str) -> None:
    reply = await site.api("GET", f"checks/?after={after}")
    assert (reply.status, reply.error) == (400, "after is not the next of an earlier answer")


# -- ETags


async def test_an_unchanged_list_is_not_sent_again(site: Site) -> None:
    check = (await site.create())["uuid"]
    first = await site.api("GET", "checks/")
    etag = first.headers["etag"]
    for sent in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        reply = await site.api("GET", "checks/", headers={"If-None-Match": sent})
        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", etag)
        assert reply.headers["access-control-allow-origin"] == "*"
    for sent in ('"x"', etag.strip('"'), ""):
        reply = await site.api("GET", "checks/", headers={"If-None-Match": sent})
        assert (reply.status, reply.body) == (200, first.body)
    await site.ping(check)
    reply = await site.api("GET", "checks/", headers={"If-None-Match": etag})
    assert reply.status == 200
    assert reply.headers["etag"] != etag


async def test_each_kind_of_key_and_version_has_its_own_etag(site: Site) -> None:
    await site.create()
    replies = [
        await site.api("GET", "checks/", version=version, key=key)
        for version in (1, 2, 3)
        for key in (site.keys.api_key, site.keys.api_key_readonly)
    ]
    assert len({reply.headers["etag"] for reply in replies if "update_url" in reply.text}) == 3
    assert {reply.headers["etag"] for reply in replies}.isdisjoint({'""'})


async def test_time_passing_changes_the_etag_with_the_status(site: Site) -> None:
    check = (await site.create(timeout=60))["uuid"]
    await site.ping(check)
    etag = (await site.api("GET", "checks/")).headers["etag"]
    site.clock.advance(59)
    assert (await site.api("GET", "checks/")).headers["etag"] == etag
    site.clock.advance(1)
    assert (await site.api("GET", "checks/")).headers["etag"] != etag


async def test_a_query_may_have_its_utf_8_as_it_is(site: Site) -> None:
    await site.create(name="1", tags="größe")
    raw = "?tag=größe".encode().decode("latin-1")
    assert await names(site, raw) == await names(site, "?tag=gr%C3%B6%C3%9Fe") == "1"
