from __future__ import annotations

from typing import Any

import pytest

from handlers.pages.channels import outcome_in_words, shown_target
from hcserver.domain.channel import Channel
from hcserver.domain.notification import Attempt
from hcserver.validation.channel import parse_channel
from tests.handlers.harness import NOWHERE, Site
from tests.handlers.pages.settled import failed_delivery
from tests.handlers.pages.visitor import Visitor, text_of, visitor


async def channel(site: Site, **fields: Any) -> Channel:
    asked = {"kind": "email", "target": "ops@example.org", **fields}
    return await site.services.channels.create(site.project, parse_channel(asked))


def rows(page: Any) -> list[str]:
    return [row.get_text(" ", strip=True) for row in page.select(".entries > li")]


async def test_an_empty_list_says_what_a_channel_is(editor: Visitor, viewer: Visitor) -> None:
    page = await editor.page(f"{editor.path}channels")
    assert page.h1.get_text() == "No channels yet"
    assert page.select_one(".button")["href"] == f"{editor.path}channels/new"
    assert not (await viewer.page(f"{editor.path}channels")).select(".button")


async def test_a_row_shows_where_messages_go_without_secrets_and_the_last_delivery(
    site: Site, editor: Visitor
) -> None:
    mail = await channel(site, name="Mail")
    hook = await channel(site, kind="webhook", target="https://example.org/s3cret")
    await channel(site, kind="group", target=f"{mail.id},{hook.id}", name="All")
    await failed_delivery(site, mail)
    [first, second, third] = rows(await editor.page(f"{editor.path}channels"))
    assert first.startswith("Mail Email o****@example.org Failed")
    assert "there is no mail server" in first
    assert second.startswith("https://example.org/**** Webhook Nothing was sent yet")
    assert third.startswith("All Group Mail and https://example.org/****")


async def test_a_viewer_can_change_nothing(site: Site, viewer: Visitor) -> None:
    one = await channel(site, name="Mail")
    page = await viewer.page(f"{viewer.path}channels")
    assert len(rows(page)) == 1
    assert not page.select("main form, main .button")
    for action in ("test", "disable", "enable", "delete"):
        assert (await viewer.post(f"{viewer.path}channels/{one.id}/{action}")).status == 403
    assert (await site.services.channels.get(site.project, one.id)).error is None


async def test_a_test_is_answered_on_the_page_or_in_the_row(site: Site, editor: Visitor) -> None:
    one = await channel(site, name="Mail")
    path = f"{editor.path}channels/{one.id}/test"
    reply = await editor.post(path)
    assert (reply.status, reply.headers["location"]) == (303, f"{editor.path}channels")
    fragment = await editor.fragment(path, "test")
    assert fragment.status == 200
    assert fragment.text.startswith("It failed after ")
    assert fragment.text.endswith("ms: there is no mail server: see the setting email.host.")


def test_the_result_of_a_test_has_its_milliseconds(site: Site) -> None:
    at = site.clock()
    assert outcome_in_words(Attempt(at=at, duration=0.12, status=250)) == (
        "It works: delivered in 120 ms (status 250)."
    )
    assert outcome_in_words(Attempt(at=at, duration=2.0, error="no answer")) == (
        "It failed after 2000 ms: no answer."
    )


async def test_a_channel_is_disabled_enabled_and_deleted(site: Site, editor: Visitor) -> None:
    one = await channel(site, name="Mail")
    path = f"{editor.path}channels"
    assert (await editor.post(f"{path}/{one.id}/disable")).headers["location"] == path
    [row] = rows(await editor.page(path))
    assert "Disabled disabled by its owner" in row and "Test" not in row
    await editor.post(f"{path}/{one.id}/enable")
    assert (await site.services.channels.get(site.project, one.id)).error is None
    await editor.post(f"{path}/{one.id}/delete")
    assert await site.services.channels.of_project(site.project.id) == []


async def test_a_group_without_channels_stays_disabled(site: Site, editor: Visitor) -> None:
    mail = await channel(site, name="Mail")
    group = await channel(site, kind="group", target=str(mail.id), name="All")
    await site.services.channels.delete(site.project, mail.id)
    reply = await editor.post(f"{editor.path}channels/{group.id}/enable")
    assert reply.status == 303
    assert "Nothing+was+changed" in reply.headers["set-cookie"]
    assert (await site.services.channels.get(site.project, group.id)).error is not None
    gone = site.services.channels
    assert shown_target(await gone.get(site.project, group.id), {}) == "a deleted channel"


async def test_a_long_list_has_pages(site: Site, editor: Visitor) -> None:
    for number in range(51):
        await channel(site, name=f"channel {number:02}")
    path = f"{editor.path}channels"
    first, second = await editor.page(path), await editor.page(f"{path}?page=2")
    assert (len(rows(first)), len(rows(second))) == (50, 1)
    assert rows(second)[0].startswith("channel 50")
    for odd in ("0", "9", "x", "-1", "1" * 50, "%C2%B2"):
        assert (await editor.get(f"{path}?page={odd}")).status == 200


@pytest.mark.parametrize("path", ["channels", "channels/new", f"channels/{NOWHERE}"])
async def test_only_members_see_them(site: Site, anonymous: Visitor, path: str) -> None:
    assert (await anonymous.get(anonymous.path + path)).status == 303
    assert (await (await visitor(site, None)).get(anonymous.path + path)).status == 404


async def test_another_projects_channel_is_refused(site: Site, editor: Visitor) -> None:
    other = await site.beside()
    theirs = await channel(other, name="Theirs")
    for path in (f"channels/{theirs.id}", f"channels/{theirs.id}/edit"):
        assert (await editor.get(editor.path + path)).status == 403
    assert (await editor.post(f"{editor.path}channels/{theirs.id}/delete")).status == 403
    assert (await editor.post(f"{editor.path}channels/{theirs.id}/test", xsrf="x" * 32)).status == 403
    await other.close()


async def test_names_are_shown_as_text(site: Site, editor: Visitor) -> None:
    one = await channel(site, name="<img src=x onerror=alert(1)>")
    for path in ("channels", f"channels/{one.id}", f"channels/{one.id}/edit"):
        reply = await editor.get(editor.path + path)
        assert "<img" not in reply.text
    assert "<img src=x" in text_of(await editor.get(f"{editor.path}channels"))
