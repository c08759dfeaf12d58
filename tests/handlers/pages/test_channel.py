from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

from handlers.pages.paths import check_path
from hcserver.domain.notification import Attempt, Notification
from tests.handlers.harness import Site
from tests.handlers.pages.settled import PATIENCE, failed_delivery
from tests.handlers.pages.visitor import Visitor


async def test_the_log_says_what_became_of_each_delivery(site: Site, editor: Visitor) -> None:
    channel = await site.channel("Mail")
    check, _ = await failed_delivery(site, channel, "Backup")
    page = await editor.page(f"{editor.path}channels/{channel.id}")
    assert page.h1.get_text() == "Mail"
    [row] = page.select(".entries > li")
    text = row.get_text(" ", strip=True)
    assert text.startswith("Backup is down a failure was reported")
    assert "Failed" in text and "there is no mail server" in text
    assert row.select_one(".what a")["href"] == check_path(check.id)


async def test_a_delivery_that_waits_says_when_it_is_tried_again(site: Site, editor: Visitor) -> None:
    channel = await site.channel("Mail")
    now = site.clock()
    waiting = Notification(
        check=uuid4(),
        n=1,
        channel=channel.id,
        project=site.project.id,
        event="down",
        reason="fail",
        at=now,
        due=now + timedelta(minutes=4),
        attempts=(Attempt(at=now, duration=0.5, error="no answer"),) * 2,
    )
    await site.services.storage.notifications.add([waiting])
    page = await editor.page(f"{editor.path}channels/{channel.id}")
    text = " ".join(page.select_one(".entries .how").get_text(" ", strip=True).split())
    assert text == "Waiting just now , 500 ms, attempt 2, the next in 4 min no answer"


async def test_a_failed_delivery_is_tried_again_once(site: Site, editor: Visitor) -> None:
    channel = await site.channel("Mail")
    _, before = await failed_delivery(site, channel)
    path = f"{editor.path}channels/{channel.id}"
    fields = {
        one["name"]: one["value"]
        for one in (await editor.page(path)).select("form[action$=retry] input:not([name=_xsrf])")
    }
    site.clock.advance(60)
    reply = await editor.post(f"{path}/retry", **fields)
    assert (reply.status, reply.headers["location"]) == (303, path)
    async with asyncio.timeout(PATIENCE):
        while True:
            [after] = await site.services.channels.notifications(channel, 1)
            if after.status == "failed":
                break
            await asyncio.sleep(0.02)
    assert len(after.attempts) == len(before.attempts) + 1


async def test_what_has_not_failed_is_not_tried_again(site: Site, editor: Visitor) -> None:
    channel = await site.channel("Mail")
    path = f"{editor.path}channels/{channel.id}"
    reply = await editor.post(f"{path}/retry", check=str(channel.id), n="1")
    assert "no+failed+delivery" in reply.headers["set-cookie"]
    for fields in ({"check": "x", "n": "1"}, {"check": str(channel.id), "n": "x"}, {}):
        assert (await editor.post(f"{path}/retry", **fields)).status == 400


async def test_a_viewer_sees_the_log_and_can_not_retry(site: Site, viewer: Visitor) -> None:
    channel = await site.channel("Mail")
    check, failed = await failed_delivery(site, channel)
    page = await viewer.page(f"{viewer.path}channels/{channel.id}")
    assert len(page.select(".entries > li")) == 1
    assert not page.select("main form")
    path = f"{viewer.path}channels/{channel.id}/retry"
    assert (await viewer.post(path, check=str(check.id), n=str(failed.n))).status == 403
