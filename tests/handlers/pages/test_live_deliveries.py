from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from handlers.pages import live_deliveries
from tests.handlers.harness import Site
from tests.handlers.pages.settled import failed_delivery
from tests.handlers.pages.test_live import listening
from tests.handlers.pages.visitor import Visitor


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_deliveries, "PERIOD", 0.02)
    monkeypatch.setattr(live_deliveries, "SHARE", 0)


@pytest.mark.parametrize("path", ["channels/live", "channels/live?page=1", "channels/{id}/live"])
async def test_a_delivery_is_a_change(site: Site, viewer: Visitor, path: str) -> None:
    channel = await site.channel("Mail")
    async with listening(site, viewer, viewer.path + path.format(id=channel.id)) as events:
        await failed_delivery(site, channel)
        await events.next("changed")


async def test_the_deletion_of_the_channel_ends_its_stream(site: Site, viewer: Visitor) -> None:
    channel = await site.channel("Mail")
    async with listening(site, viewer, f"{viewer.path}channels/{channel.id}/live") as events:
        await site.services.channels.delete(site.project, channel.id)
        await events.next("gone")
        assert await events.ends()


async def test_a_quiet_stream_has_a_heartbeat_and_ends_with_the_session(
    site: Site, viewer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_deliveries, "HEARTBEAT", 0.1)
    async with listening(site, viewer, f"{viewer.path}channels/live") as events:
        await events.next("beat")
        await site.services.accounts.sign_out(viewer.token)
        assert await events.ends()


async def test_a_member_who_is_removed_hears_nothing_more(site: Site, viewer: Visitor) -> None:
    async with listening(site, viewer, f"{viewer.path}channels/live") as events:
        assert viewer.user is not None
        await site.services.accounts.members.remove(site.project, viewer.user)
        assert await events.ends()


async def test_the_changing_parts_are_answered_alone(site: Site, viewer: Visitor) -> None:
    channel = await site.channel("Mail")
    await failed_delivery(site, channel)
    for path, part in (
        (f"{viewer.path}channels", f"last-{channel.id}"),
        (f"{viewer.path}channels/{channel.id}", "deliveries"),
    ):
        reply = await viewer.get(path, X_Fragment="deliveries")
        assert "<html" not in reply.text
        [found] = BeautifulSoup(reply.text, "html.parser").find_all(recursive=False)
        assert found["id"] == part
        assert "there is no mail server" in found.get_text()
        page = await viewer.page(path)
        assert page.find(id=part).get_text().split() == found.get_text().split()
        assert page.select_one("[data-parts]")["data-parts"].startswith(path)


async def test_only_members_listen(site: Site, viewer: Visitor, anonymous: Visitor) -> None:
    channel = await site.channel("Mail")
    for path in ("channels/live", f"channels/{channel.id}/live"):
        assert (await anonymous.get(viewer.path + path)).status == 303
        other = viewer.path.replace(str(site.project.id), str(channel.id))
        assert (await viewer.get(other + path)).status == 404
