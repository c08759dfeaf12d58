"""GET badges/"""

from __future__ import annotations

from tests.handlers.harness import Site

FORMATS = ["svg", "svg3", "json", "json3", "shields", "shields3"]


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
    badges = await site.badges()
    prefix = f"/badge/{site.keys.badge_key}"
    for tag, end in (("prod", "/prod"), ("*", "")):
        signature = badges[tag]["svg3"].split("/")[3].partition(".")[0]
        assert len(signature) == 8
        for format in ("svg", "json", "shields"):
            assert badges[tag][format] == f"{prefix}/{signature}-2{end}.{format}"
            assert badges[tag][f"{format}3"] == f"{prefix}/{signature}{end}.{format}"


async def test_the_star_is_no_tag(site: Site) -> None:
    await site.create(tags="* x")
    badges = await site.badges()
    assert set(badges) == {"*", "x"}
    signature = badges["*"]["svg3"].split("/")[3].partition(".")[0]
    for tag in ("*", "%2A", "%252A"):
        path = f"/badge/{site.keys.badge_key}/{signature}/{tag}.json"
        assert (await site.request("GET", path)).status == 404
