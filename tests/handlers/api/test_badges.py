"""GET badges/"""

from __future__ import annotations

from typing import Any

from tests.handlers.harness import BASE, Reply, Site

FORMATS = ["svg", "svg3", "json", "json3", "shields", "shields3"]


async def addresses(site: Site) -> dict[str, dict[str, str]]:
    """The paths of all badges, by tag and format."""
    badges = (await site.api("GET", "badges/", key=site.keys.api_key_readonly)).json["badges"]
    return {
        tag: {format: url.removeprefix(BASE) for format, url in urls.items()} for tag, urls in badges.items()
    }


async def read(site: Site, path: str) -> Any:
    reply = await site.request("GET", path)
    assert reply.status == 200, reply.body
    return reply.json


async def states(site: Site, paths: dict[str, str]) -> tuple[str, str]:
    """What a badge says with two and with three states; all formats agree."""
    for suffix in ("", "3"):
        status = (await read(site, paths["json" + suffix]))["status"]
        assert (await read(site, paths["shields" + suffix]))["message"] == status
        picture = (await site.request("GET", paths["svg" + suffix])).text
        assert picture.count(f">{status}</text>") == 1
    return (await read(site, paths["json"]))["status"], status


# -- the badge of a single check


async def single(site: Site, check: dict[str, Any], states: int, format: str) -> Reply:
    path = (
        check["badge_url"].removeprefix(BASE).replace("/b/2/", f"/b/{states}/").replace(".svg", f".{format}")
    )
    return await site.request("GET", path)


# -- methods


async def test_there_is_a_badge_for_every_tag_and_one_for_all(site: Site) -> None:
    await site.create(tags="prod  www")
    await site.create(tags="prod db")
    for version in (1, 2, 3):
        for key in (site.keys.api_key, site.keys.api_key_readonly):
            reply = await site.api("GET", "badges/", key=key, version=version)
            assert reply.status == 200
            badges = reply.json["badges"]
            assert set(badges) == {"prod", "www", "db", "*"}
            assert all(list(urls) == FORMATS for urls in badges.values())


async def test_addresses_have_this_form(site: Site) -> None:
    await site.create(tags="prod")
    badges = await addresses(site)
    prefix = f"/badge/{site.keys.badge_key}"
    for tag, end in (("prod", "/prod"), ("*", "")):
        signature = badges[tag]["svg3"].split("/")[3].partition(".")[0]
        assert len(signature) == 8
        for format in ("svg", "json", "shields"):
            assert badges[tag][format] == f"{prefix}/{signature}-2{end}.{format}"
            assert badges[tag][f"{format}3"] == f"{prefix}/{signature}{end}.{format}"


async def test_the_star_is_no_tag(site: Site) -> None:
    await site.create(tags="* x")
    badges = await addresses(site)
    assert set(badges) == {"*", "x"}
    signature = badges["*"]["svg3"].split("/")[3].partition(".")[0]
    for tag in ("*", "%2A", "%252A"):
        path = f"/badge/{site.keys.badge_key}/{signature}/{tag}.json"
        assert (await site.request("GET", path)).status == 404
