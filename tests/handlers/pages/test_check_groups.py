from __future__ import annotations

from handlers.pages.check_groups import ROWS_OF_GROUP
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check


async def test_checks_are_grouped_by_their_first_tag_and_those_that_need_attention_are_seen(
    site: Site, editor: Visitor
) -> None:
    for name, tags in (("one", "db prod"), ("two", "Backup db"), ("three", ""), ("four", "db")):
        check = await make_check(site, name=name, tags=tags)
        await site.ping(str(check.id), "/fail" if name == "four" else "")
    page = await editor.page(f"{editor.path}?group=tag")
    groups = page.select("details.group")
    assert [group["data-tag"] for group in groups] == ["Backup", "db", ""]
    assert [group.has_attr("open") for group in groups] == [False, True, False]
    assert [row.a.get_text() for row in groups[1].select(".name")] == ["four", "one"]
    assert groups[1].summary.get_text(" ", strip=True) == "db 2 checks, 1 down"
    assert groups[2].summary.get_text(" ", strip=True) == "without a tag 1 check"
    assert page.find("a", string="One list")["href"] == "?"


async def test_groups_in_which_the_filter_finds_something_are_open(site: Site, editor: Visitor) -> None:
    await make_check(site, name="one", tags="db")
    await make_check(site, name="two", tags="web")
    page = await editor.page(f"{editor.path}?group=tag&q=two")
    [group] = page.select("details.group")
    assert (group["data-tag"], group.has_attr("open")) == ("web", True)


async def test_a_large_group_leads_to_its_filter(site: Site, editor: Visitor) -> None:
    for number in range(ROWS_OF_GROUP + 1):
        await make_check(site, name=f"job {number:03}", tags="bulk")
    page = await editor.page(f"{editor.path}?group=tag")
    assert len(page.select("tr[id]")) == ROWS_OF_GROUP
    link = page.select_one("details.group > p a")
    assert (link.get_text(), link["href"]) == (f"All {ROWS_OF_GROUP + 1}", "?q=tag%3Abulk")
