"""What is at the addresses of badges."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID
from xml.etree import ElementTree

import pytest

from hcserver.domain.badge import UNNAMED, sign
from tests.handlers.harness import BASE, NOWHERE, Reply, Site

NOT_CACHED = "max-age=0, no-cache, no-store, must-revalidate, private"


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


def assert_cors(reply: Reply) -> None:
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-headers"] == "X-Api-Key"
    assert reply.headers["access-control-allow-methods"] == "GET, OPTIONS"
    assert reply.headers["access-control-max-age"] == "600"
    assert reply.headers["cache-control"] == NOT_CACHED


async def single(site: Site, check: dict[str, Any], states: int, format: str) -> Reply:
    path = (
        check["badge_url"].removeprefix(BASE).replace("/b/2/", f"/b/{states}/").replace(".svg", f".{format}")
    )
    return await site.request("GET", path)


async def test_a_project_without_checks_is_up(site: Site) -> None:
    badges = await site.badges()
    assert list(badges) == ["*"]
    document = {"status": "up", "total": 0, "grace": 0, "down": 0}
    assert await read(site, badges["*"]["json"]) == document


async def test_two_states_count_late_as_up(site: Site) -> None:
    check = (await site.create(tags="t", timeout=60, grace=60))["uuid"]
    paths = (await site.badges())["t"]
    assert await states(site, paths) == ("up", "up")
    await site.ping(check)
    assert await states(site, paths) == ("up", "up")
    site.clock.advance(60)
    assert await states(site, paths) == ("up", "late")
    site.clock.advance(60)
    assert await states(site, paths) == ("down", "down")
    await site.api("POST", f"checks/{check}/pause")
    assert await states(site, paths) == ("up", "up")


async def test_the_json_format_counts(site: Site) -> None:
    checks = [(await site.create(tags="t", timeout=60, grace=60))["uuid"] for _ in range(4)]
    await site.ping(checks[0])
    site.clock.advance(60)
    await site.ping(checks[1], "/fail")
    await site.ping(checks[2])
    badges = await site.badges()
    for tag in ("t", "*"):
        for format in ("json", "json3"):
            document = await read(site, badges[tag][format])
            assert document == {"status": "down", "total": 4, "grace": 1, "down": 1}


@pytest.mark.parametrize(
    ("signals", "seconds", "message", "color"),
    [([], 0, "up", "success"), ([""], 60, "late", "important"), (["/fail"], 0, "down", "critical")],
)
async def test_the_shields_format_has_a_colour(
    site: Site, signals: list[str], seconds: int, message: str, color: str
) -> None:
    check = (await site.create(tags="t", timeout=60))["uuid"]
    for signal in signals:
        await site.ping(check, signal)
    site.clock.advance(seconds)
    document = await read(site, (await site.badges())["t"]["shields3"])
    assert document == {"schemaVersion": 1, "label": "t", "message": message, "color": color}


async def test_the_picture_is_svg(site: Site) -> None:
    await site.create(tags="<&>\"'")
    reply = await site.request("GET", (await site.badges())["<&>\"'"]["svg"])
    assert reply.headers["content-type"] == "image/svg+xml"
    assert "<&>\"': up" in (ElementTree.fromstring(reply.text)[0].text or "")


async def test_a_tag_badge_counts_whole_words(site: Site) -> None:
    down = (await site.create(tags="product"))["uuid"]
    await site.create(tags="prod a")
    await site.ping(down, "/fail")
    assert (await read(site, (await site.badges())["prod"]["json"]))["total"] == 1


async def test_a_tags_badge_outlives_its_checks(site: Site) -> None:
    check = (await site.create(tags="t"))["uuid"]
    paths = (await site.badges())["t"]
    await site.api("DELETE", f"checks/{check}")
    assert "t" not in await site.badges()
    assert await read(site, paths["json"]) == {"status": "up", "total": 0, "grace": 0, "down": 0}
    assert (await read(site, paths["shields"]))["label"] == "t"


@pytest.mark.parametrize(
    "tag",
    [
        "größe",
        "日本",
        "a/b",
        "a/b.svg",
        "v1.2.svg",
        "50%",
        "%2F",
        "%25",
        "a?b#c",
        "a+b",
        "&",
        "..",
        ".",
        "*x",
        "\u2028x",
    ],
)
async def test_any_tag_has_a_badge(site: Site, tag: str) -> None:
    await site.create(tags=tag)
    tag = tag.strip("\u2028")
    paths = (await site.badges())[tag]
    for path in paths.values():
        assert path.isascii()
        assert path.count("/") == 4
    document = {"schemaVersion": 1, "label": tag, "message": "up", "color": "success"}
    path = paths["shields"]
    start, _, name = path.rpartition("/")
    assert unquote(name) == f"{tag}.shields"
    # As we write it, encoded once more, and not encoded at all by a proxy or a browser.
    assert await read(site, path) == document
    assert await read(site, f"{start}/{quote(name, safe='.')}") == document
    if not set(tag) & set("?#%"):
        assert await read(site, f"{start}/{tag}.shields".encode().decode("latin-1")) == document


async def test_every_character_of_the_signature_counts(site: Site) -> None:
    await site.create(tags="t u")
    badges = await site.badges()
    for tag in ("t", "*"):
        path = badges[tag]["json3"]
        at = path.index(site.keys.badge_key) + len(site.keys.badge_key) + 1
        for n in range(at, at + 8):
            other = "A" if path[n] != "A" else "B"
            reply = await site.request("GET", path[:n] + other + path[n + 1 :])
            assert reply.status == 404
    for wrong in (
        badges["t"]["json3"].replace("/t.json", "/u.json"),
        badges["t"]["json3"].replace("/t.json", ".json"),
        badges["t"]["json3"].replace("/t.json", "/.json"),
        badges["*"]["json3"].replace(".json", "/t.json"),
        badges["t"]["json"].replace("-2/", "-3/"),
        badges["t"]["json"].replace("-2/", "-/"),
    ):
        assert (await site.request("GET", wrong)).status == 404


async def test_signatures_are_of_one_project(site: Site) -> None:
    other = await site.beside()
    mine, theirs = (await site.badges())["*"]["json"], (await other.badges())["*"]["json"]
    mixed = mine.replace(site.keys.badge_key, other.keys.badge_key)
    assert mixed != theirs
    assert (await site.request("GET", mixed)).status == 404
    await other.close()


async def test_signatures_can_not_be_computed_from_what_is_known_of_a_project(site: Site) -> None:
    project = site.project
    badges = await site.badges()
    for secret in (f"{project.id}:{site.keys.badge_key}", str(project.id), site.keys.badge_key, ""):
        assert sign(secret, "*") not in badges["*"]["json3"]


async def test_a_project_of_a_former_version_gets_addresses_when_they_are_asked_for(site: Site) -> None:
    before = (await site.badges())["*"]["json"]
    project = site.project
    await site.services.storage.projects.update(project.id, {"badge_secret": None})
    site.services.lookup.forget(project.id)
    assert (await site.request("GET", before)).status == 404
    assert (await site.api("GET", "badges/", key=site.keys.api_key_readonly)).status == 200
    assert (await site.request("GET", (await site.badges())["*"]["json"])).status == 200


@pytest.mark.parametrize("end", [".png", ".SVG", ".svg3", ".svg/", ".svg%00", "", "."])
async def test_unknown_formats_are_not_found(site: Site, end: str) -> None:
    await site.create(tags="t")
    path = (await site.badges())["t"]["svg"]
    for target in (path.removesuffix(".svg") + end, f"/b/2/{NOWHERE}{end}"):
        reply = await site.request("GET", target)
        assert (reply.status, reply.text) == (404, "not found")
        assert_cors(reply)


async def test_a_check_has_a_badge_of_its_own(site: Site) -> None:
    check = await site.create(name="Backup <1>", timeout=60, grace=60)
    await site.ping(check["uuid"])
    site.clock.advance(60)
    counts = {"total": 1, "grace": 1, "down": 0}
    assert (await single(site, check, 2, "json")).json == {"status": "up"} | counts
    assert (await single(site, check, 3, "json")).json == {"status": "late"} | counts
    assert (await single(site, check, 2, "shields")).json["label"] == "Backup <1>"
    reply = await single(site, check, 3, "svg")
    assert ElementTree.fromstring(reply.text)[0].text == "Backup <1>: late"
    assert_cors(reply)


async def test_the_badge_of_a_check_without_a_name_has_a_neutral_label(site: Site) -> None:
    check = await site.create()
    assert (await single(site, check, 2, "shields")).json["label"] == UNNAMED
    for format in ("svg", "json", "shields"):
        reply = await single(site, check, 2, format)
        assert check["uuid"] not in reply.text
        assert UUID(check["uuid"]).hex not in reply.text


async def test_the_badge_goes_with_its_check(site: Site) -> None:
    check = await site.create()
    await site.api("DELETE", f"checks/{check['uuid']}")
    assert (await single(site, check, 2, "svg")).status == 404


@pytest.mark.parametrize("states", ["1", "4", "", "22"])
async def test_a_badge_has_two_or_three_states(site: Site, states: str) -> None:
    badge = (await site.create())["badge_url"].removeprefix(f"{BASE}/b/2/")
    assert (await site.request("GET", f"/b/{states}/{badge}")).status == 404


async def test_a_check_is_not_found_as_its_badge(site: Site) -> None:
    assert (await site.request("GET", f"/b/2/{(await site.create())['uuid']}.svg")).status == 404


async def test_badges_are_there_for_get_head_and_options(site: Site) -> None:
    check = await site.create(tags="t")
    for path in (check["badge_url"].removeprefix(BASE), *(await site.badges())["t"].values()):
        get, head = [await site.request(method, path) for method in ("GET", "HEAD")]
        assert (head.status, head.unchanging_headers) == (200, get.unchanging_headers)
        assert_cors(get)
        reply = await site.request("OPTIONS", path)
        assert (reply.status, reply.body) == (204, b"")
        assert_cors(reply)
        for method in ("POST", "PUT", "DELETE"):
            reply = await site.request(method, path, body=b"x" * 1000)
            assert (reply.status, reply.headers["allow"]) == (405, "GET, OPTIONS")
            assert_cors(reply)
