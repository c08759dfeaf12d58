from __future__ import annotations

import pytest

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.notification import Attempt
from hcserver.services.management.channels import Channels
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check


async def kinds(site: Site) -> list[str]:
    return [one["kind"] for one in (await site.api("GET", "channels/")).json["channels"]]


async def test_a_project_without_channels_asks_for_the_first_ones(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    page = await editor.page(f"/checks/{check.id}")
    assert page.find("input", {"name": "email"}) and page.find("input", {"name": "ntfy"})
    await editor.post(f"/checks/{check.id}/notify", email="ops@example.org", ntfy="backups-x7Qp2")
    assert await kinds(site) == ["email", "ntfy"]
    after = await editor.page(f"/checks/{check.id}")
    assert not after.find("input", {"name": "email"})
    assert len(after.select("[name=channel][checked]")) == 2


@pytest.mark.parametrize(
    ("error", "outcome"), [(None, "email: sent in 12 ms"), ("refused", "email: failed (refused) in 12 ms")]
)
async def test_a_test_message_tells_its_outcome(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch, error: str | None, outcome: str
) -> None:
    async def test(self: Channels, channel: Channel, check: Check | None = None) -> Attempt:
        return Attempt(at=site.clock(), duration=0.012, error=error)

    monkeypatch.setattr(Channels, "test", test)
    check = await make_check(site)
    reply = await editor.post(f"/checks/{check.id}/notify", email="ops@example.org", do="test")
    shown = await site.request(
        "GET",
        f"/checks/{check.id}",
        {"Cookie": f"{editor.headers['Cookie']}; {reply.headers['set-cookie'].split(';')[0]}"},
    )
    assert f"Test message: {outcome}." in shown.text


async def test_a_fault_saves_nothing(site: Site, editor: Visitor, viewer: Visitor) -> None:
    check = await make_check(site)
    reply = await editor.post(f"/checks/{check.id}/notify", email="ops@example.org", ntfy="not a topic")
    assert reply.headers["set-cookie"].startswith("notice=Nothing+was+saved%3A")
    assert await kinds(site) == []
    assert (await viewer.post(f"/checks/{check.id}/notify", email="ops@example.org")).status == 403
    await editor.post(f"/checks/{check.id}/notify")
    assert await kinds(site) == []
