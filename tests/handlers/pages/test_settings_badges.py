from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from hcserver.domain.identifiers import unique_key
from tests.handlers.harness import BASE, NOWHERE, Site
from tests.handlers.pages.visitor import Visitor, make_check


def codes(page: Any) -> list[str]:
    return [code.get_text() for code in page.select("#badge code, body > .copy code")]


async def test_every_member_gets_the_addresses_of_a_badge(site: Site, viewer: Visitor) -> None:
    check = await make_check(site, name="night job", tags="db")
    page = await viewer.page(f"{viewer.path}settings/badges")
    url, markdown, html = codes(page)
    assert url == BASE + (await site.badges())["*"]["svg3"]
    assert markdown == f"![{site.project.name}]({url})"
    assert html == f'<img src="{url}" alt="{site.project.name}">'
    options = [option["value"] for option in page.select("#of option")]
    assert options == ["all", "tag:db", f"check:{unique_key(check.id)}"]


@pytest.mark.parametrize(
    ("query", "tag", "format"),
    [
        ("of=tag:db", "db", "svg3"),
        ("of=tag:db&states=2", "db", "svg"),
        ("of=tag:db&format=json&states=3", "db", "json3"),
        ("of=all&format=json&states=2", "*", "json"),
        ("of=tag:nothing", "*", "svg3"),
        (f"of=check:{NOWHERE}", "*", "svg3"),
        ("of=%00&format=%00&states=9", "*", "svg3"),
    ],
)
async def test_the_query_chooses_the_badge(
    site: Site, viewer: Visitor, query: str, tag: str, format: str
) -> None:
    await make_check(site, tags="db")
    page = await viewer.page(f"{viewer.path}settings/badges?{query}")
    badges = await site.badges()
    assert codes(page)[0] == BASE + badges[tag][format]
    picture = page.select_one("#badge img")["src"]
    assert picture == badges[tag]["svg3" if format.endswith("3") else "svg"]
    assert (await site.request("GET", picture)).headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("states", ["2", "3"])
async def test_a_single_check_has_a_badge(site: Site, viewer: Visitor, states: str) -> None:
    check = await make_check(site, name="<b>[x]")
    page = await viewer.page(f"{viewer.path}settings/badges?of=check:{unique_key(check.id)}&states={states}")
    url, markdown, html = codes(page)
    assert url == f"{BASE}/b/{states}/{check.badge}.svg"
    assert markdown == f"![\\<b\\>\\[x\\]]({url})"
    assert html == f'<img src="{url}" alt="&lt;b&gt;[x]">'
    assert page.select_one("#of [selected]")["value"] == f"check:{unique_key(check.id)}"


async def test_the_shields_format_is_shown_through_shields_io(site: Site, viewer: Visitor) -> None:
    page = await viewer.page(f"{viewer.path}settings/badges?format=shields")
    url, markdown, _ = codes(page)
    assert f"(https://img.shields.io/endpoint?url={quote(url, safe='')})" in markdown


async def test_json_is_no_picture(viewer: Visitor) -> None:
    page = await viewer.page(f"{viewer.path}settings/badges?format=json")
    assert len(codes(page)) == 1


async def test_a_script_gets_the_badge_alone(site: Site, viewer: Visitor) -> None:
    reply = await viewer.get(f"{viewer.path}settings/badges?states=2", X_Fragment="badge")
    assert "<html" not in reply.text
    assert (await site.badges())["*"]["svg"] in reply.text


async def test_another_projects_check_has_no_badge_here(site: Site, viewer: Visitor) -> None:
    foreign = await make_check(await site.beside())
    page = await viewer.page(f"{viewer.path}settings/badges?of=check:{foreign.id}")
    assert str(foreign.badge) not in page.prettify()
