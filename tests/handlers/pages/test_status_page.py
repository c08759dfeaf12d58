"""What visitors see of a project, and what they don't."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup

from handlers.pages import status_page
from hcserver.validation.status_page import parse_status_page
from tests.handlers.harness import Reply, Site
from tests.handlers.pages.visitor import make_check, text_of


async def publish(site: Site, **fields: str) -> str:
    """The path of a published page."""
    slug = f"s-{uuid4()}"
    spec = parse_status_page({"slug": slug, "title": "Our jobs", "names": "on", "published": "on", **fields})
    await site.services.public.status_pages.create(site.project, spec)
    return f"/s/{slug}"


async def read(site: Site, path: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = await site.request("GET", path, named)
    assert reply.status == 200, reply.text
    return reply


def rows(reply: Reply) -> dict[str, tuple[str, str]]:
    """State and uptime by name."""
    page: Any = BeautifulSoup(reply.text, "lxml")
    return {
        row.select_one(".name").get_text(): (
            row.select_one(".state").get_text(),
            row.select_one(".uptime").get_text(),
        )
        for row in page.select(".services li")
    }


async def test_anybody_sees_how_the_checks_are(site: Site) -> None:
    alpha, beta = await make_check(site, name="alpha"), await make_check(site, name="beta")
    await make_check(site, name="gamma")
    path = await publish(site)
    site.clock.advance(1)
    await site.ping(str(alpha.id))
    await site.ping(str(beta.id))
    site.clock.advance(2700)
    await site.ping(str(alpha.id))
    await site.ping(str(beta.id), "/fail")
    site.clock.advance(900)
    reply = await read(site, path)
    page: Any = BeautifulSoup(reply.text, "lxml")
    assert page.h1.get_text() == "Our jobs"
    assert page.select_one(".verdict").get_text(strip=True) == "1 check is down"
    assert rows(reply) == {"alpha": ("Up", "100 %"), "beta": ("Down", "75.00 %"), "gamma": ("New", "")}
    assert "down for 15 min" in reply.text


async def test_nothing_leaks_that_was_not_chosen(site: Site) -> None:
    chosen = await make_check(site, name="chosen", tags="web internal", desc="a note", slug="its-slug")
    hidden = await make_check(site, name="unlisted job", tags="internal")
    for check in (chosen, hidden):
        await site.ping(str(check.id), body=b"the output")
    reply = await read(site, await publish(site, tags="web"))
    assert "chosen" in reply.text and "web" in reply.text
    project = site.project
    secrets = [project.name, str(project.id), project.ping_key, project.badge_key]
    for check in (chosen, hidden):
        secrets += [str(check.id), check.id.hex, str(check.badge), check.badge.hex]
    for secret in [
        *secrets,
        "unlisted job",
        "internal",
        "a note",
        "its-slug",
        "the output",
        "127.0.0.1",
        "/p/",
    ]:
        assert secret not in reply.text
    assert "set-cookie" not in reply.headers


async def test_without_names_it_shows_tags_as_a_whole(site: Site) -> None:
    for name, tags, signal in (("alpha", "web", ""), ("beta", "web db", "/fail"), ("gamma", "db", "")):
        await site.ping(str((await make_check(site, name=name, tags=tags)).id), signal)
    reply = await read(site, await publish(site, tags="db web none", names=""))
    site.clock.advance(60)
    assert {name: state for name, (state, _) in rows(reply).items()} == {"db": "Down", "web": "Up"}
    assert "Something is down" in text_of(reply)
    for name in ("alpha", "beta", "gamma", "1 check", "3 checks"):
        assert name not in reply.text


async def test_without_names_and_tags_there_is_one_line(site: Site) -> None:
    await site.ping(str((await make_check(site, name="one")).id))
    reply = await read(site, await publish(site, names=""))
    assert {name: state for name, (state, _) in rows(reply).items()} == {"Our jobs": "Up"}
    assert "Everything is fine" in text_of(reply)


async def test_groups_are_in_the_order_of_the_tags(site: Site) -> None:
    for name, tags in (("one", "web"), ("two", "db web"), ("three", "db")):
        await make_check(site, name=name, tags=tags)
    page: Any = BeautifulSoup((await read(site, await publish(site, tags="web db"))).text, "lxml")
    groups = {
        section.h2.get_text(): [name.get_text() for name in section.select(".name")]
        for section in page.select("section")
    }
    assert groups == {"web": ["one", "two"], "db": ["three"]}
    assert list(groups) == ["web", "db"]


async def test_an_empty_page_says_so(site: Site) -> None:
    assert "No checks yet" in text_of(await read(site, await publish(site)))


@pytest.mark.parametrize("path", ["/s/nothing", "/s/UPPER", "/s/", "/s/" + "x" * 65, "/s/a/b"])
async def test_what_is_not_there_is_not_found(site: Site, path: str) -> None:
    assert (await site.request("GET", path)).status == 404


async def test_a_page_that_is_off_is_not_found(site: Site) -> None:
    assert (await site.request("GET", await publish(site, published=""))).status == 404


async def test_it_can_be_kept_by_caches_and_asked_for_again(site: Site) -> None:
    path = await publish(site)
    reply = await read(site, path)
    assert reply.headers["cache-control"] == "public, max-age=30"
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    again = await site.request("GET", path, {"If-None-Match": reply.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    packed = await read(site, path, Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == reply.body
    head = await site.request("HEAD", path)
    assert (head.status, head.headers["etag"]) == (200, reply.headers["etag"])


@pytest.fixture
def renderings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """One entry for each time that a status page was made."""
    made: list[Any] = []
    render = status_page.StatusPageView._render

    async def counted(self: status_page.StatusPageView, page: Any) -> bytes:
        made.append(page)
        return await render(self, page)

    monkeypatch.setattr(status_page.StatusPageView, "_render", counted)
    yield made


async def test_a_crowd_costs_one_rendering_in_thirty_seconds(site: Site, renderings: list[Any]) -> None:
    check = await make_check(site, name="alpha")
    path = await publish(site)
    crowd = [await site.connect() for _ in range(10)]
    replies = await asyncio.gather(*(one.request("GET", path) for one in crowd))
    assert {reply.status for reply in replies} == {200}
    await site.ping(str(check.id), "/fail")
    site.clock.advance(29)
    assert "No checks" not in (await read(site, path)).text
    assert len(renderings) == 1
    site.clock.advance(1)
    assert "1 check is down" in text_of(await read(site, path))
    assert len(renderings) == 2


async def test_a_changed_page_is_shown_at_once(site: Site) -> None:
    await make_check(site, name="secret name", tags="web")
    path = await publish(site)
    assert "secret name" in (await read(site, path)).text
    [page] = await site.services.public.status_pages.of_project(site.project)
    spec = parse_status_page({"slug": page.slug, "title": "t", "published": "on"})
    await site.services.public.status_pages.update(site.project, page.id, spec)
    assert "secret name" not in (await read(site, path)).text


async def test_more_checks_than_fit_are_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_page, "MAX_ROWS", 3)
    for number in range(5):
        await make_check(site, name=f"job {number}", tags="a" if number < 2 else "b")
    reply = await read(site, await publish(site, tags="a b"))
    assert list(rows(reply)) == ["job 0", "job 1", "job 2"]
    assert "2 more checks are not listed." in text_of(reply)


async def test_hostile_names_stay_text(site: Site) -> None:
    name = "<script>alert(1)</script>"
    await make_check(site, name=name, tags="<b>")
    reply = await read(site, await publish(site, title="<i>t</i>", tags="<b>"))
    assert list(rows(reply)) == [name]
    assert "<script>alert" not in reply.text and "<i>" not in reply.text


async def test_a_check_without_a_name_does_not_show_its_id(site: Site) -> None:
    check = await make_check(site, name="")
    reply = await read(site, await publish(site))
    assert list(rows(reply)) == ["check"]
    assert str(check.id) not in reply.text


async def test_states_that_only_the_owner_sees_are_simplified(site: Site) -> None:
    running, paused = await make_check(site, name="running"), await make_check(site, name="paused")
    late = await make_check(site, name="late")
    for check in (running, late):
        await site.ping(str(check.id))
    site.clock.advance(3610)
    await site.ping(str(running.id))
    await site.ping(str(running.id), "/start")
    await site.api("POST", f"checks/{paused.id}/pause")
    reply = await read(site, await publish(site))
    states = {name: state for name, (state, _) in rows(reply).items()}
    assert states == {"running": "Up", "paused": "Paused", "late": "Late"}
    assert "1 check is late" in text_of(reply)
