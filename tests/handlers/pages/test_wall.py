from __future__ import annotations

from typing import Any

from bs4 import BeautifulSoup

from handlers.pages.wall import MAX_TILES
from tests.handlers.harness import Reply, Site
from tests.handlers.pages.visitor import make_check, text_of


async def hang(site: Site) -> str:
    """The path of a new wall."""
    return f"/wall/{await site.services.public.walls.create(site.project, 'the office')}"


def tiles(reply: Reply) -> list[str]:
    page: Any = BeautifulSoup(reply.text, "lxml")
    return [tile.get_text(" ", strip=True) for tile in page.select(".tiles li")]


async def test_it_shows_names_and_states_and_nothing_else(site: Site) -> None:
    up = await make_check(site, name="alpha", tags="secret-tag", desc="secret note")
    down = await make_check(site, name="beta")
    path = await hang(site)
    await site.ping(str(up.id))
    await site.ping(str(down.id), "/fail", body=b"secret output")
    site.clock.advance(780)
    reply = await site.request("GET", path)
    assert tiles(reply) == ["beta Down 13 min", "alpha Up"]
    page: Any = BeautifulSoup(reply.text, "lxml")
    assert page.h1.get_text() == "1 check is down"
    project = site.project
    secrets = [project.name, str(project.id), project.ping_key, "secret", "the office", "/p/", "127.0.0.1"]
    for check in (up, down):
        secrets += [str(check.id), check.id.hex, str(check.badge), check.badge.hex]
    for secret in secrets:
        assert secret not in reply.text


async def test_a_late_check_says_for_how_long(site: Site) -> None:
    check = await make_check(site, name="alpha", grace=600)
    await site.ping(str(check.id))
    site.clock.advance(3600 + 120)
    assert tiles(await site.request("GET", await hang(site))) == ["alpha Late 2 min"]


async def test_sixty_checks_have_a_tile_each(site: Site) -> None:
    for number in range(MAX_TILES):
        await make_check(site, name=f"job {number:02}")
    shown = tiles(await site.request("GET", await hang(site)))
    assert len(shown) == 60
    assert shown[-1] == "job 59 New"


async def test_of_more_checks_those_in_trouble_come_first_and_the_rest_is_counted(site: Site) -> None:
    for number in range(MAX_TILES + 5):
        check = await make_check(site, name=f"job {number:02}")
        if number == 64:
            await site.ping(str(check.id), "/fail")
    shown = tiles(await site.request("GET", await hang(site)))
    assert len(shown) == 60
    assert shown[0].startswith("job 64 Down")
    assert shown[-1] == "and 6 more fine"


async def test_the_rest_says_how_many_of_it_are_down(site: Site) -> None:
    for number in range(MAX_TILES + 5):
        await site.ping(str((await make_check(site, name=f"job {number:02}")).id), "/fail")
    shown = tiles(await site.request("GET", await hang(site)))
    assert shown[-1] == "and 6 more checks: 6 down"


async def test_it_updates_itself_with_and_without_script(site: Site) -> None:
    check = await make_check(site, name="alpha")
    path = await hang(site)
    reply = await site.request("GET", path)
    page: Any = BeautifulSoup(reply.text, "lxml")
    assert page.select_one("main")["data-refresh"] == "5"
    assert page.select_one("noscript meta")["http-equiv"] == "refresh"
    assert reply.headers["cache-control"] == "no-cache, private"
    etag = {"If-None-Match": reply.headers["etag"]}
    site.clock.advance(5)
    assert (await site.request("GET", path, etag)).status == 304
    await site.ping(str(check.id), "/fail")
    site.clock.advance(5)
    changed = await site.request("GET", path, etag)
    assert changed.status == 200
    assert "1 check is down" in text_of(changed)


async def test_a_link_that_was_never_made_is_not_found(site: Site) -> None:
    for token in ("x" * 43, "x", "x" * 100, "-_" * 20):
        assert (await site.request("GET", f"/wall/{token}")).status == 404
    assert (await site.request("GET", f"/wall/{'x' * 101}")).status == 404


async def test_the_link_goes_nowhere_else(site: Site) -> None:
    reply = await site.request("GET", await hang(site))
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["x-robots-tag"] == "noindex"
    assert "set-cookie" not in reply.headers


async def test_hostile_names_stay_text(site: Site) -> None:
    await make_check(site, name="<script>alert(1)</script>" + "x" * 70)
    reply = await site.request("GET", await hang(site))
    assert "<script>alert" not in reply.text
