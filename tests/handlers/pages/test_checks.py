from __future__ import annotations

import pytest

from handlers.pages import checks
from handlers.pages.paths import check_path
from tests.handlers.harness import NOWHERE, Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of, visitor


async def test_an_empty_list_says_what_to_do_next(editor: Visitor) -> None:
    page = await editor.page(editor.path)
    assert page.h1.get_text() == "No checks yet"
    assert page.find("a", class_="button")["href"] == f"{editor.path}new"


async def test_the_heading_is_a_sentence_and_what_is_down_comes_first(site: Site, editor: Visitor) -> None:
    up, down = await make_check(site, name="alpha"), await make_check(site, name="beta")
    await site.ping(str(up.id))
    await site.ping(str(down.id), "/3")
    page = await editor.page(editor.path)
    assert page.h1.get_text() == "1 check is down"
    assert [row["data-state"] for row in page.select("#rows tr")] == ["down", "up"]
    [row, _] = page.select("#rows tr")
    assert "exit status 3" in row.select_one(".next").get_text()
    assert row.select_one(".name a")["href"] == check_path(down.id)


async def test_a_row_says_why_a_check_is_down(site: Site, editor: Visitor) -> None:
    silent, failed = await make_check(site, name="silent"), await make_check(site, name="failed")
    await site.ping(str(silent.id))
    await site.ping(str(failed.id), "/fail")
    site.clock.advance(3600 + 60 + 780)
    page = await editor.page(editor.path)
    next_of = {
        row.select_one(".name a").get_text(): row.select_one(".next").get_text(" ", strip=True)
        for row in page.select("#rows tr")
    }
    assert next_of["silent"] == "down for 13 min no report"
    assert next_of["failed"].endswith("failure reported")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tag%3Adb", ["one"]),
        ("is%3Adown", ["two"]),
        ("TWO", ["two"]),
        ("tag%3Adb+is%3Adown", []),
        ("is%3Anonsense", []),
        ("%00%3A", []),
    ],
)
async def test_the_filter_is_in_the_address(
    site: Site, editor: Visitor, query: str, names: list[str]
) -> None:
    await make_check(site, name="one", tags="db prod")
    await site.ping(str((await make_check(site, name="two", tags="web")).id), "/fail")
    page = await editor.page(f"{editor.path}?q={query}")
    assert [row.select_one(".name a").get_text() for row in page.select("#rows tr[id]")] == names


async def test_rows_beyond_the_first_two_hundred_come_later(site: Site, editor: Visitor) -> None:
    for number in range(205):
        await make_check(site, name=f"job {number:03}")
    page = await editor.page(editor.path)
    assert len(page.select("#rows tr[id]")) == 200
    more = await editor.get(editor.path + page.select_one("[data-more]")["href"], X_Fragment="rows")
    assert more.status == 200
    assert "job 204" in more.text and "job 199" not in more.text and "<html" not in more.text


async def test_a_viewer_can_neither_select_nor_create(site: Site, viewer: Visitor) -> None:
    await make_check(site)
    page = await viewer.page(viewer.path)
    assert not page.select("[name=check], .button")


async def test_only_members_see_a_project(site: Site, anonymous: Visitor) -> None:
    await make_check(site, name="secret job")
    reply = await anonymous.get(anonymous.path)
    assert (reply.status, reply.headers["location"].split("?")[0]) == (303, "/sign-in")
    for stranger, status in ((await visitor(site, None), 404), (await visitor(site, None, admin=True), 200)):
        assert (await stranger.get(stranger.path)).status == status
    assert (await anonymous.get(f"/p/{NOWHERE}/", X_Fragment="list")).status == 401


async def test_names_are_shown_as_text(site: Site, editor: Visitor) -> None:
    await make_check(site, name="<script>alert(1)</script>", tags="<b>")
    reply = await editor.get(editor.path)
    assert "<script>alert" not in reply.text
    assert "<script>alert(1)</script>" in text_of(reply)


async def test_a_project_without_channels_says_that_nobody_is_notified(site: Site, editor: Visitor) -> None:
    await make_check(site, name="one")
    assert (await editor.page(editor.path)).select_one(".hint")
    channel = await site.channel("ops")
    await make_check(site, name="two", channels=str(channel.id))
    site.services.notifier.forget(site.project.id)
    page = await editor.page(editor.path)
    assert not page.select_one(".hint")
    assert [bool(row.select_one(".silent")) for row in page.select("#rows tr")] == [True, False]


async def test_a_fragment_is_sent_again_only_when_it_has_changed(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    first = await editor.get(editor.path, X_Fragment="list")
    again = await editor.get(editor.path, X_Fragment="list", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    await site.ping(str(check.id))
    changed = await editor.get(editor.path, X_Fragment="list", If_None_Match=first.headers["etag"])
    assert changed.status == 200
    assert "etag" not in (await editor.get(editor.path)).headers


async def test_a_list_with_a_filter_begins_with_fewer_rows_which_the_others_follow(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "ROWS", 3)
    monkeypatch.setattr(checks, "FOUND_ROWS", 2)
    for n in range(6):
        await make_check(site, name=f"job {n}")
    assert len((await editor.page(editor.path)).select("#rows tr[id]")) == 3
    page = await editor.page(f"{editor.path}?q=job")
    assert [link.get_text() for link in page.select("#rows .name a")] == ["job 0", "job 1"]
    following = await editor.page(editor.path + page.select_one("[data-more]")["href"])
    assert [link.get_text() for link in following.select("#rows .name a")] == ["job 2", "job 3", "job 4"]


async def test_a_row_has_the_text_in_which_the_filter_looks_for_words(site: Site, editor: Visitor) -> None:
    await make_check(site, name="Nightly", slug="night", tags="db", desc="Calls Bob")
    [row] = (await editor.page(editor.path)).select("#rows tr")
    assert row["data-searched"] == "nightly\nnight\ndb\ncalls bob"
