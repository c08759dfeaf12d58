from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.pages.check_page import OUTPUT_LINES, linked
from hcserver.domain.ping import Report
from tests.handlers.harness import BASE, Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of


async def test_a_new_check_waits_for_its_first_ping_with_a_snippet_open(site: Site, editor: Visitor) -> None:
    check = await make_check(site, slug="a-job", schedule="15 3 * * *", tz="Europe/Riga")
    page = await editor.page(f"/checks/{check.id}")
    assert "Waiting for the first ping" in page.select_one("#part-status").get_text()
    addresses = [code.get_text() for code in page.select(".copy code")]
    assert f"{BASE}/ping/{check.id}" in addresses
    assert f"{BASE}/ping/{site.project.ping_key}/a-job" in addresses
    assert any(address.startswith(f"{check.id}@") for address in addresses)
    [opened] = page.select("details.snippet[open]")
    assert opened.pre.get_text().startswith("15 3 * * * /path/to/job && curl")


async def test_a_new_check_says_how_to_report_to_whoever_may(
    site: Site, editor: Visitor, viewer: Visitor
) -> None:
    check = await make_check(site)
    words = "or call it with curl: the ping shows here by itself."
    page = await editor.page(f"/checks/{check.id}")
    assert words in page.select_one("#part-status").get_text()
    assert page.select_one(page.select_one("#part-status a")["href"]).get_text() == "Where to report"
    assert words not in text_of(await viewer.get(f"/checks/{check.id}"))
    await site.ping(str(check.id))
    assert words not in text_of(await editor.get(f"/checks/{check.id}"))


async def test_the_first_ping_is_announced(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id))
    assert "Got it:" in text_of(await editor.get(f"/checks/{check.id}"))


async def test_a_check_that_is_down_says_why_with_its_output_and_who_was_notified(
    site: Site, editor: Visitor
) -> None:
    channel = await site.channel("ops")
    check = await make_check(site, channels=str(channel.id))
    await site.ping(str(check.id))
    lines = "\n".join(f"line {n}" for n in range(OUTPUT_LINES + 1))
    await site.ping(str(check.id), "/3", lines.encode())
    await site.settled()
    site.clock.advance(780)
    page = await editor.page(f"/checks/{check.id}")
    status = page.select_one("#part-status")
    assert "Down for 13 min: exit status 3." in status.get_text(" ", strip=True).replace(" :", ":")
    assert status.pre.get_text() == "\n".join(lines.split("\n")[:OUTPUT_LINES])
    assert "ops:" in status.ul.get_text()


async def test_the_end_of_an_output_is_shown_if_its_beginning_is_not_kept(
    site: Site, editor: Visitor
) -> None:
    check = await make_check(site)
    lines = [f"line {n}" for n in range(OUTPUT_LINES + 1)]
    failure = Report(
        check=check.id, at=site.clock(), signal="fail", scheme="http", remote_addr="::1",
        body="\n".join(lines).encode(), cut_before=5,
    )  # fmt: skip
    await site.services.intake.record([failure])
    page = await editor.page(f"/checks/{check.id}")
    assert page.select_one("#part-status pre").get_text().split("\n") == ["…", *lines[1:]]
    assert page.select_one("#n1 .line").get_text() == lines[-1]


async def test_a_check_that_is_up_again_says_for_a_week_who_was_notified_of_it(
    site: Site, editor: Visitor
) -> None:
    channel = await site.channel("ops")
    check = await make_check(site, channels=str(channel.id), timeout=2_592_000)
    await site.ping(str(check.id), "/fail")
    site.clock.advance(780)
    await site.ping(str(check.id))
    await site.settled()

    async def status() -> str:
        part = (await editor.page(f"/checks/{check.id}")).select_one("#part-status")
        return " ".join(part.get_text(" ").split())

    came_up = "It came up again 2024-03-10 12:13:00 UTC , after 13 min down. Notifications: ops:"
    assert came_up in await status()
    site.clock.advance(7 * 86_400 - 1)
    assert came_up in await status()
    site.clock.advance(2)
    assert "came up again" not in await status()
    await site.ping(str(check.id), "/fail")
    await site.ping(str(check.id))
    await site.settled()
    await site.services.check_editor.pause(site.project, check.id)
    assert "came up again" not in await status()


async def test_a_viewer_sees_no_address_that_would_let_him_ping(site: Site, viewer: Visitor) -> None:
    check = await make_check(site, slug="a-job")
    reply = await viewer.get(f"/checks/{check.id}")
    assert reply.status == 200
    assert site.project.ping_key not in reply.text
    assert f"/ping/{check.id}" not in reply.text
    assert f"{check.id}@" not in reply.text


async def test_a_run_is_one_line_from_start_to_end_with_its_output(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "/start")
    site.clock.advance(270)
    await site.ping(str(check.id), "/3", b"disk full\nmore")
    page = await editor.page(f"/checks/{check.id}")
    [run] = page.select("#part-runs details")
    begin, end = run.select(".when time")
    assert (begin["data-time"], end["data-time"]) == ("exact", "clock")
    words = " ".join(run.summary.get_text(" ").split())
    assert words == "2024-03-10 12:00:00 UTC – 12:04:30 UTC Failed (3) 4 min 30 s disk full"
    link = run.select_one("[data-output]")
    assert link["href"].endswith("/log/2")
    fragment = await editor.get(link["href"], X_Fragment="output")
    assert "disk full\nmore" in fragment.text


async def test_a_check_that_is_down_or_runs_says_what_comes_next(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "/fail")
    page = await editor.page(f"/checks/{check.id}")
    assert "The next ping is expected in 1 h." in page.select_one("#part-status").get_text()
    await site.ping(str(check.id))
    await site.ping(str(check.id), "/start")
    page = await editor.page(f"/checks/{check.id}")
    assert "It goes down in 1 min, unless it ends before." in page.select_one("#part-status").get_text()


async def test_a_check_that_no_channel_hears_of_says_so(site: Site, editor: Visitor) -> None:
    channel, check = await site.channel("ops"), await make_check(site)
    words = "Nobody is notified when this check goes down."
    assert words in text_of(await editor.get(f"/checks/{check.id}"))
    await editor.post(f"/checks/{check.id}/channels", had="", channel=str(channel.id))
    assert words not in text_of(await editor.get(f"/checks/{check.id}"))


async def test_durations_and_downtime_are_shown(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    site.clock.now = max(site.clock.now, check.created)  # other tests have made checks at later times
    await site.ping(str(check.id), "/start")
    site.clock.advance(30)
    await site.ping(str(check.id))
    await site.ping(str(check.id), "/fail")
    site.clock.advance(600)
    await site.ping(str(check.id))
    page = await editor.page(f"/checks/{check.id}")
    assert page.select_one(".chart")["aria-label"] == "1 runs, the longest took 30 s"
    downtime = page.find("section", {"aria-labelledby": "h-down"}).get_text(" ", strip=True)
    assert f"{site.clock.now:%B %Y} 1 time, 10 min" in downtime
    assert downtime.endswith("not watched")


async def test_a_fragment_has_only_what_changes(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    reply = await editor.get(f"/checks/{check.id}", X_Fragment="check")
    assert 'id="part-status"' in reply.text
    assert "<html" not in reply.text and "/ping/" not in reply.text


async def test_a_paused_or_snoozed_check_says_so(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.services.check_editor.pause(site.project, check.id)
    assert "Paused." in text_of(await editor.get(f"/checks/{check.id}"))
    until = site.clock() + timedelta(hours=1)
    await site.services.check_editor.snooze(site.project, check.id, until)
    assert "Snoozed until" in text_of(await editor.get(f"/checks/{check.id}"))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("plain", [("plain", False)]),
        (
            "see https://example.org/a?b=c. Or",
            [("see ", False), ("https://example.org/a?b=c", True), (". Or", False)],
        ),
        ("javascript:alert(1)", [("javascript:alert(1)", False)]),
    ],
)
def test_addresses_in_notes_become_links(text: str, pieces: list[tuple[str, bool]]) -> None:
    assert linked(text) == pieces


async def test_the_maximum_runtime_is_shown(site: Site, editor: Visitor) -> None:
    check = await make_check(site, timeout=3600, grace=60, max_runtime=120)
    await site.ping(str(check.id), "/start")
    site.clock.advance(90)
    text = text_of(await editor.get(f"/checks/{check.id}"))
    assert "a run may take 2 min" in text
    assert "Running for" in text
    await site.ping(str(check.id))
    text = text_of(await editor.get(f"/checks/{check.id}"))
    assert "The dashed line is the maximum runtime, 2 min." in text


async def test_a_run_that_was_too_short_has_failed_on_every_part_of_the_page(
    site: Site, editor: Visitor
) -> None:
    check = await make_check(site, min_runtime=600, grace=3600)
    for seconds in (700, 2):
        await site.ping(str(check.id), "/start")
        site.clock.advance(seconds)
        await site.ping(str(check.id))
    page = await editor.page(f"/checks/{check.id}")
    text = " ".join(page.get_text(" ").split())
    assert "Down for 0 s : finished too soon, after 2 s." in text
    assert "one that succeeds in less than 10 min has failed" in text
    assert [run.get_text(" ", strip=True) for run in page.select("#part-runs .what")] == [
        "Too short 2.0 s",
        "Succeeded 11 min 40 s",
    ]
    assert "A run with a mark above it has failed." in text
    log = " ".join((await editor.page(f"/checks/{check.id}/log")).get_text(" ").split())
    assert "Too short" in log and "Went down a run finished too soon" in log


async def test_a_check_that_needs_several_successes_says_how_many_have_come(
    site: Site, editor: Visitor
) -> None:
    check = await make_check(site, timeout=60, successes_before_up=3)
    path = f"/checks/{check.id}"
    await site.ping(str(check.id), "/fail")
    before = (await editor.page(path)).find(id="check")["data-seen"]
    await site.ping(str(check.id))
    page = await editor.page(path)
    text = " ".join(page.get_text(" ").split())
    assert "Down for 0 s : a run failed. 1 of 3 successes since then." in text
    assert "after a failure, 3 successes in a row bring it up" in text
    counted = page.find(id="check")["data-seen"]
    site.clock.advance(120)
    await site.tick()
    page = await editor.page(path)
    assert "successes since then" not in page.get_text()
    assert len({before, counted, page.find(id="check")["data-seen"]}) == 3


async def test_a_report_that_came_early_is_said_to_count_for_its_time(site: Site, editor: Visitor) -> None:
    check = await make_check(site, schedule="0 2 * * *", grace=900, early=600)
    seconds = (26 - site.clock.now.hour) * 3600 - site.clock.now.minute * 60 - site.clock.now.second
    site.clock.advance(seconds - 300)
    due = site.clock.now.replace(hour=2, minute=0)
    await site.ping(str(check.id))
    page = await editor.page(f"/checks/{check.id}")
    words = page.get_text(" ", strip=True)
    assert "up to 10 min early and up to 15 min late" in words
    assert "The last report came early and counts for" in words
    [first, *_] = page.select("[aria-labelledby=h-schedule] time")
    assert first["datetime"].startswith(f"{due + timedelta(days=1):%Y-%m-%dT02:00}")


async def test_runs_that_are_whole_hours_off_their_schedule_are_told_in_the_log_too(
    site: Site, editor: Visitor, viewer: Visitor
) -> None:
    check = await make_check(site, schedule=f"0 {site.clock.now.hour + 2} * * *", grace=86_400)
    words = "The last 3 runs came 2 hours before the times of the schedule, which is in UTC."
    path = f"/checks/{check.id}"
    for told in (False, False, True):
        await site.ping(str(check.id))
        for page in (path, f"{path}/log"):
            assert (words in text_of(await editor.get(page))) == told
        site.clock.advance(86_400)
    for page in (path, f"{path}/log"):
        assert (await editor.page(page)).select_one(".hint a")["href"].endswith("/schedule")
        assert not (await viewer.page(page)).select(".hint a")
        assert words in text_of(await viewer.get(page))
    # It changes with the pings, as what the page shows while one looks.
    await site.ping(str(check.id))
    changing = await editor.get(path, X_Fragment="1")
    assert words.replace("3", "4") in text_of(changing)
