from __future__ import annotations

import asyncio

import pytest

from handlers.pages import live_check
from hcserver.domain.notification import Notification
from tests.handlers.harness import Site
from tests.handlers.pages.test_check_story import notification
from tests.handlers.pages.test_live import listening
from tests.handlers.pages.visitor import Visitor, make_check


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_check, "PERIOD", 0.02)


async def test_a_ping_and_time_passing_are_changes(site: Site, viewer: Visitor) -> None:
    check = await make_check(site)
    async with listening(site, viewer, f"/checks/{check.id}/live") as events:
        await asyncio.sleep(0.1)
        await site.ping(str(check.id))
        await events.next("changed")
        site.clock.advance(3601)
        await events.next("changed")


@pytest.mark.parametrize(("part", "path"), [("#check", ""), ("#log", "/log")])
async def test_a_page_learns_of_what_changed_before_it_listened(
    site: Site, viewer: Visitor, part: str, path: str
) -> None:
    check = await make_check(site)
    page = await viewer.page(f"/checks/{check.id}{path}")
    seen = page.select_one(part)["data-seen"]
    async with listening(site, viewer, f"/checks/{check.id}/live") as events:
        assert events.greeting == {"seen": seen}
    await site.ping(str(check.id), "/log")
    async with listening(site, viewer, f"/checks/{check.id}/live") as events:
        assert events.greeting["seen"] != seen


async def test_what_becomes_of_a_notification_is_a_change(site: Site, viewer: Visitor) -> None:
    channel = await site.channel("ops")
    check = await make_check(site, channels=str(channel.id))
    async with listening(site, viewer, f"/checks/{check.id}/live") as events:
        await asyncio.sleep(0.1)
        await site.ping(str(check.id), "/fail")
        await events.next("changed")


async def test_what_becomes_of_a_notification_is_a_change_when_the_check_is_up_again(
    site: Site, viewer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await make_check(site)
    await site.ping(str(check.id))
    found = [notification(1, 1, "pending")]

    async def notifications(*_: object) -> list[Notification]:
        return list(found)

    monkeypatch.setattr(site.services.checks, "notifications", notifications)
    async with listening(site, viewer, f"/checks/{check.id}/live") as events:
        await asyncio.sleep(0.1)
        found[0] = notification(1, 1, "sent", error=None)
        await events.next("changed")


async def test_the_deletion_of_the_check_ends_the_stream(site: Site, viewer: Visitor) -> None:
    check = await make_check(site)
    async with listening(site, viewer, f"/checks/{check.id}/live") as events:
        await asyncio.sleep(0.1)
        await site.api("DELETE", f"checks/{check.id}")
        await events.next("gone")
        assert await events.ends()


async def test_the_stream_ends_with_the_session_and_with_the_membership(
    site: Site, viewer: Visitor, editor: Visitor
) -> None:
    check = await make_check(site)
    async with listening(site, viewer, f"/checks/{check.id}/live") as events:
        await site.services.accounts.sign_out(viewer.token)
        assert await events.ends()
    assert editor.user is not None
    async with listening(site, editor, f"/checks/{check.id}/live") as events:
        await site.services.accounts.members.remove(site.project, editor.user)
        assert await events.ends()


async def test_the_stream_ends_when_the_check_moves_to_a_project_of_others(
    site: Site, viewer: Visitor
) -> None:
    other, check = await site.beside(), await make_check(site)
    async with listening(site, viewer, f"/checks/{check.id}/live") as events:
        await asyncio.sleep(0.1)
        await site.services.check_transfer.move(site.project, check.id, other.project)
        assert await events.ends()
    await other.close()


async def test_an_idle_stream_has_a_heartbeat(
    site: Site, viewer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_check, "HEARTBEAT", 0.1)
    async with listening(site, viewer, f"/checks/{(await make_check(site)).id}/live") as events:
        await events.next("beat")
