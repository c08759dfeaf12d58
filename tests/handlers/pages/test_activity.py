from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup

from hcserver.services.reading import activity
from tests.handlers.harness import Site
from tests.handlers.pages.settled import failed_delivery
from tests.handlers.pages.visitor import Visitor, make_check, visitor


def lines(page: Any) -> list[str]:
    return [row.get_text(" ", strip=True) for row in page.select(".entries > li")]


async def test_before_anything_happens_the_page_says_so(editor: Visitor) -> None:
    page = await editor.page(f"{editor.path}activity")
    assert "Nothing has happened yet" in page.select_one(".empty").get_text()
    page = await editor.page(f"{editor.path}activity?kind=failed")
    assert "Nothing that fits" in page.select_one(".empty").get_text()


async def test_flips_and_notifications_stand_under_their_days_the_newest_first(
    site: Site, editor: Visitor
) -> None:
    channel = await site.channel("Mail")
    await failed_delivery(site, channel, "Backup")
    await site.settled()
    site.clock.advance(86_400)
    await site.ping(str((await make_check(site, name="Other")).id))
    await site.settled()
    page = await editor.page(f"{editor.path}activity")
    assert [day.get_text() for day in page.select("h2.day")] == [
        "Monday, 11 March 2024",
        "Sunday, 10 March 2024",
    ]
    found = lines(page)
    assert "Other is up a ping came" in found[0]
    assert "Backup is up a ping came" in found[-1]
    between = " ".join(found[1:-1])
    assert "Backup is down a failure was reported" in between
    assert "Mail notified: Backup is down failed: there is no mail server" in between


async def test_filters_leave_what_was_asked_for(site: Site, editor: Visitor) -> None:
    channel = await site.channel("Mail")
    await failed_delivery(site, channel, "Backup")
    other = await make_check(site, name="Other", tags="db")
    await site.ping(str(other.id))
    await site.settled()
    path = f"{editor.path}activity"
    counts = {
        query: len(lines(await editor.page(f"{path}?{query}")))
        for query in (
            "kind=flips",
            "kind=notifications",
            "kind=failed",
            "q=tag%3Adb",
            "q=other&kind=failed",
            "kind=x",
        )
    }
    assert counts == {
        "kind=flips": 3, "kind=notifications": 1, "kind=failed": 1, "q=tag%3Adb": 1, "q=other&kind=failed": 0,
        "kind=x": 4,
    }  # fmt: skip


async def test_older_entries_are_on_further_pages_each_once(site: Site, editor: Visitor) -> None:
    check = await make_check(site, name="Backup")
    for number in range(60):
        await site.ping(str(check.id), "/fail" if number % 2 else "")
        site.clock.advance(600)
    await site.settled()
    page = await editor.page(f"{editor.path}activity")
    seen = [row["datetime"] for row in page.select(".entries time")]
    assert len(seen) == 50
    older = page.select_one(".actions a")["href"]
    page = await editor.page(f"{editor.path}activity{older}")
    seen += [row["datetime"] for row in page.select(".entries time")]
    assert (len(seen), len(set(seen))) == (60, 60)
    assert seen == sorted(seen, reverse=True)
    assert not page.select(".actions a")


async def test_days_and_times_are_the_reader_s(site: Site, editor: Visitor) -> None:
    check = await make_check(site, name="Backup")
    await site.ping(str(check.id))
    await site.settled()
    path = f"{editor.path}activity"
    shown = {}
    for zone, choice in (("Pacific%2FKiritimati", "browser"), ("Pacific%2FKiritimati", "utc"), ("x%00", "")):
        cookies = f"{editor.headers['Cookie']}; tz={zone}; zone={choice}"
        reply = await site.request("GET", path, {"Cookie": cookies})
        page = BeautifulSoup(reply.text, "lxml")
        day, at = page.select_one("h2.day"), page.select_one(".entries time")
        assert day is not None and at is not None
        shown[zone, choice] = (day.get_text(), at.get_text())
        assert datetime.fromisoformat(str(at["datetime"])) == site.clock().replace(microsecond=0)
    assert shown == {
        ("Pacific%2FKiritimati", "browser"): ("Monday, 11 March 2024", "02:00:00"),
        ("Pacific%2FKiritimati", "utc"): ("Sunday, 10 March 2024", "12:00:00"),
        ("x%00", ""): ("Sunday, 10 March 2024", "12:00:00"),
    }


async def test_a_page_on_which_nothing_was_found_yet_leads_on(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "MAX_READ", 1)
    await make_check(site, name="Quiet")
    await failed_delivery(site, await site.channel("Mail"), "Backup")
    await site.settled()
    path = f"{editor.path}activity"
    page = await editor.page(f"{path}?kind=notifications&q=quiet")
    assert "Nothing that fits was found back to 2024-03-10" in page.select_one(".empty").get_text()
    older = page.select_one(".actions a")["href"]
    page = await editor.page(f"{path}{older}")
    assert "Nothing that fits has happened" in page.select_one(".empty").get_text()


async def test_odd_addresses_do_no_harm(editor: Visitor) -> None:
    for query in ("before=x", "before=99999999999999", "before=-1", "q=%00", "kind=%00"):
        assert (await editor.get(f"{editor.path}activity?{query}")).status == 200


async def test_only_members_see_it(site: Site, viewer: Visitor, anonymous: Visitor) -> None:
    path = f"{viewer.path}activity"
    assert (await viewer.get(path)).status == 200
    assert (await anonymous.get(path)).status == 303
    assert (await (await visitor(site, None)).get(path)).status == 404
