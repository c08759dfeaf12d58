from __future__ import annotations

from typing import Any

import pytest

from handlers.pages.paths import check_path
from hcserver.config.schema import LimitSettings
from hcserver.domain.check import Check
from hcserver.domain.ping import Report
from hcserver.services.reading import log_reader
from tests.handlers.harness import Site, serve
from tests.handlers.pages.visitor import Visitor, make_check, text_of, visitor

HOSTILE = "<script>document.title='x'</script>\u202e<img src=http://192.0.2.1/x onerror=alert(1)>\0"


def path(check: Check, query: str = "") -> str:
    return f"/checks/{check.id}/log{query}"


def rows(page: Any) -> list[str]:
    return [" ".join(one.get_text(" ").split()) for one in page.select(".entry > summary, .entry > .summary")]


async def test_a_run_is_one_line_with_its_output(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "/start")
    site.clock.advance(270)
    await site.ping(str(check.id), "/3", b"\ndisk full\nmore")
    page = await editor.page(path(check, "?type=success&type=fail&type=start&zone=utc"))
    assert rows(page) == ["12:00:00 – 12:04:30 4 min 30 s Failed exit status 3 disk full"]
    assert page.select_one("h2[data-day='2024-03-10']").get_text() == "Sunday, 10 March 2024"
    [entry] = page.select("details.entry")
    assert entry.pre.get_text() == "\ndisk full\nmore"
    assert "POST over HTTP from 127.0.0.1" in entry.get_text()


async def test_pings_flips_and_notifications_are_one_stream_with_the_newest_first(
    site: Site, editor: Visitor
) -> None:
    check = await make_check(site)
    await site.ping(str(check.id))
    site.clock.advance(86_400)
    await site.ping(str(check.id), "/fail")
    page = await editor.page(path(check, "?zone=utc"))
    assert [one.get_text() for one in page.select("h2[data-day]")] == [
        "Monday, 11 March 2024",
        "Sunday, 10 March 2024",
    ]
    words = [one.split(" ", 1)[1] for one in rows(page)]
    assert words == ["Failed", "Went down a failure was reported", "Success", "Came up by a success"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?type=fail", ["Failed"]),
        ("?type=flips", ["Went", "Came"]),
        ("?type=log&type=notifications", []),
        ("?from=2024-03-11&type=success&type=fail", ["Failed"]),
        ("?to=2024-03-10&type=success&type=fail", ["Success"]),
        ("?from=2024-03-12", []),
    ],
)
async def test_the_log_is_filtered_by_the_address(
    site: Site, editor: Visitor, query: str, words: list[str]
) -> None:
    check = await make_check(site)
    await site.ping(str(check.id))
    site.clock.advance(86_400)
    await site.ping(str(check.id), "/fail")
    page = await editor.page(path(check, query))
    assert [one.split()[1] for one in rows(page)] == words
    if not words:
        assert "Nothing in the log is like this" in page.get_text()


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("type=nonsense", "type must be one of"),
        ("from=soon", "from must be a day such as"),
        ("to=0001-01-01", "to must be a day such as"),
        ("before=1-2", "before must be"),
    ],
)
async def test_what_makes_no_sense_is_answered_with_the_field(
    site: Site, editor: Visitor, query: str, fault: str
) -> None:
    check = await make_check(site)
    reply = await editor.get(path(check, f"?{query}"))
    assert reply.status == 400
    assert fault in text_of(reply)


@pytest.mark.parametrize("before", ["0-0-0", "1-1-1", f"{'9' * 16}-{'9' * 16}-{'9' * 16}"])
async def test_any_position_is_answered(site: Site, editor: Visitor, before: str) -> None:
    check = await make_check(site)
    await site.ping(str(check.id))
    page = await editor.page(path(check, f"?before={before}"))
    assert len(rows(page)) == (2 if before.startswith("9") else 0)


async def test_older_entries_are_behind_a_link(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "ROWS", 3)
    check = await make_check(site)
    for _ in range(4):
        await site.ping(str(check.id))
        site.clock.advance(60)
    first = await editor.page(path(check, "?zone=utc"))
    [link] = first.select("[data-older]")
    more = await editor.get(f"{path(check)}{link['href']}", X_Fragment="rows")
    assert more.status == 200
    assert "<html" not in more.text
    second = await editor.page(f"{path(check)}{link['href']}&zone=utc")
    assert [one.split()[0] for one in rows(first)] == ["12:03:00", "12:02:00", "12:01:00"]
    assert [one.split()[0] for one in rows(second)] == ["12:00:00", "12:00:00"]
    assert not second.select("[data-older]")


async def test_outputs_are_searched(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "", b"all is well")
    await site.ping(str(check.id), "/fail", b"Disk  FULL on /dev/sda")
    page = await editor.page(path(check, "?q=disk+full"))
    assert [one.split()[1] for one in rows(page)] == ["Failed"]


async def test_each_entry_has_a_name_and_the_newest_page_is_followed(site: Site, editor: Visitor) -> None:
    channel = await site.channel("ops")
    check = await make_check(site, channels=str(channel.id))
    await site.ping(str(check.id))
    await site.ping(str(check.id), "/fail")
    await site.settled()
    page = await editor.page(path(check))
    names = [one["id"] for one in page.select(".entry")]
    assert {"n1", "n2", "f1", "f2"} < set(names)
    assert len(set(names)) == len(names) == 5
    assert page.select_one("#log")["data-live"].endswith("/live")
    older = await editor.page(path(check, "?before=2-2-1"))
    assert "data-live" not in older.select_one("#log").attrs


async def test_a_search_goes_further_back_when_it_is_told_to(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "SEARCHED", 2)
    monkeypatch.setattr(log_reader, "_AT_ONCE", 2)
    check = await make_check(site)
    await site.ping(str(check.id), "", b"the needle")
    for _ in range(3):
        await site.ping(str(check.id), "", b"hay")
    page = await editor.page(path(check, "?q=needle"))
    assert rows(page) == []
    [older] = page.select(".older")
    assert "Looked back to" in older.get_text()
    assert not page.select("[data-older]")  # the script does not follow it by itself
    page = await editor.page(f"{path(check)}{older.a['href']}")
    assert len(rows(page)) == 1


async def test_large_outputs_are_not_in_the_page(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "", b"first line\n" + b"x" * 9000)
    page = await editor.page(path(check))
    [link] = page.select("[data-output]")
    assert link.get_text() == "Show the output, 9 kB"
    assert "first line" in rows(page)[0]
    assert "xxxx" not in page.get_text()


async def test_hostile_content_is_text(site: Site, editor: Visitor) -> None:
    check = await make_check(site, name=HOSTILE.replace("\0", "")[:100])
    hostile = Report(
        check=check.id, at=site.clock(), signal="fail", scheme="http", remote_addr="192.0.2.1", method="POST",
        ua=HOSTILE, body=HOSTILE.encode() + b"\n" * 3000,
    )  # fmt: skip
    await site.services.intake.record([hostile])
    page = await editor.page(path(check))
    assert not page.select("main script, main img")
    [entry] = page.select("details.entry")
    assert "<script>" in entry.pre.get_text()
    assert "\u202e" not in str(entry)
    assert "\0" not in str(page)


async def test_viewers_see_everything_but_ping_addresses(site: Site, viewer: Visitor) -> None:
    check = await make_check(site, slug="job")
    key = site.project.ping_key
    body = f"curl https://hc/ping/{key}/job; curl https://hc/ping/{check.id}".encode()
    await site.ping(str(check.id), "", body)
    page = await viewer.page(path(check))
    [pre] = page.select("pre")
    assert key not in str(page)
    assert pre.get_text() == f"curl https://hc/ping/{'*' * len(key)}/job; curl https://hc/ping/{'*' * 36}"
    assert not page.select("form[method=post][action*=clear]")
    raw = await viewer.get(path(check, "/1/raw"))
    assert key not in raw.text


async def test_viewers_can_not_find_ping_addresses_piece_by_piece(
    site: Site, editor: Visitor, viewer: Visitor
) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "/fail", f"curl {check.id}".encode())
    piece = path(check, f"?q={str(check.id)[:9]}")
    assert len(rows(await editor.page(piece))) == 1
    assert rows(await viewer.page(piece)) == []
    assert len(rows(await viewer.page(path(check, "?q=curl")))) == 1


async def test_others_see_nothing(site: Site, anonymous: Visitor) -> None:
    check = await make_check(site)
    assert (await anonymous.get(path(check))).status == 303


async def test_an_editor_clears_the_log(site: Site, editor: Visitor, viewer: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "", b"secret")
    assert (await viewer.post(path(check, "/clear"))).status == 403
    assert (await editor.post(path(check, "/clear"), xsrf="wrong")).status == 403
    reply = await editor.post(path(check, "/clear"))
    assert reply.headers["location"] == f"{check_path(check.id)}/log"
    page = await editor.page(path(check, "?type=success"))
    assert rows(page) == []
    assert (await editor.get(path(check, "/1"))).status == 404


async def test_the_zone_is_remembered(site: Site, editor: Visitor) -> None:
    check = await make_check(site, schedule="0 0 * * *", tz="Asia/Tokyo")
    await site.ping(str(check.id))
    reply = await editor.get(path(check, "?zone=check"))
    assert "zone=check" in reply.headers["set-cookie"]
    assert "21:00:00" in reply.text
    reply = await editor.get(path(check), Cookie=f"{editor.headers['Cookie']}; zone=utc")
    assert "12:00:00" in reply.text
    reply = await editor.get(path(check), Cookie=f"{editor.headers['Cookie']}; tz=Europe%2FRiga")
    assert "14:00:00" in reply.text


async def test_failures_that_are_kept_longer_are_shown_behind_a_gap(
    mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = LimitSettings(pings_per_check=3, failures_per_check=2)
    async with serve(mongo_uri, limits=limits) as site:
        editor = await visitor(site, "editor")
        check = await make_check(site)
        for signal in ("/fail", "/fail", "", "", "/fail", *[""] * 120):
            await site.ping(str(check.id), signal, b"disk full" if signal else b"fine")
            site.clock.advance(60)
        await site.settled()
        await site.pruned(check.id, 102)
        page = await editor.page(path(check, "?type=success&type=fail"))
        assert [one["id"] for one in page.select(".entry")] == ["n125", "n124", "n123", "n5", "n2"]
        gaps = [(one.get_text(), one.find_next(class_="entry")["id"]) for one in page.select(".gap")]
        marks = ["… 117 pings in between are no longer kept", "… 2 pings in between are no longer kept"]
        assert gaps == [(marks[0], "n5"), (marks[1], "n2")]
        assert not page.select("[data-older]")
        found = await editor.page(path(check, "?q=disk+full"))
        assert [one["id"] for one in found.select(".entry")] == ["n5", "n2"]
        monkeypatch.setattr(log_reader, "ROWS", 4)
        first = await editor.page(path(check, "?type=success&type=fail"))
        second = await editor.page(path(check, first.select_one("[data-older]")["href"]))
        assert [one["id"] for one in first.select(".entry")] == ["n125", "n124", "n123", "n5"]
        assert [one["id"] for one in second.select(".entry")] == ["n2"]
        assert [one.get_text() for one in second.select(".gap")] == marks[1:]
        monkeypatch.setattr(log_reader, "SEARCHED_BYTES", 1)
        monkeypatch.setattr(log_reader, "BATCH_BYTES", 1)
        ids: list[str] = []
        query = "?q=disk+full"
        while query:
            page = await editor.page(path(check, query))
            ids += [one["id"] for one in page.select(".entry")]
            link = page.select_one(".older a")
            query = link["href"] if link else ""
        assert ids == ["n5", "n2"]
        for shown in ("", "/raw"):
            assert "disk full" in (await editor.get(f"{path(check)}/5{shown}")).text
            assert (await editor.get(f"{path(check)}/4{shown}")).status == 404
        diff = await editor.page(f"{path(check)}/5/diff")
        assert "There is no earlier success with an output in the log." in diff.get_text()
