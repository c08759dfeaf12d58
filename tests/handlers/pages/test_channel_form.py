from __future__ import annotations

from typing import Any

import pytest

from handlers.pages.channel_form import FormFault, fault_of
from hcserver.domain.channel import Channel
from hcserver.errors import Forbidden, InvalidRequest
from hcserver.notify.registry import CHANNEL_KINDS
from hcserver.validation.channel import parse_channel
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of

NTFY: dict[str, Any] = {
    "kind": "ntfy",
    "field-topic": "backups",
    "field-secret": "tk_1",
    "events": ["down", "up"],
}


async def only(site: Site) -> Channel:
    [channel] = await site.services.channels.of_project(site.project.id)
    return channel


async def test_the_channels_of_a_group_are_chosen_by_their_names(site: Site, editor: Visitor) -> None:
    await site.channel("Mail")
    page = await editor.page(f"{editor.path}channels/new?kind=group")
    fieldset = page.select_one("fieldset")
    assert fieldset.select_one("label").get_text(" ", strip=True) == "Mail email"
    assert "ids" not in page.select_one("main form").get_text()


async def test_the_kinds_are_a_grid_that_can_be_searched(editor: Visitor) -> None:
    path = f"{editor.path}channels/new"
    page = await editor.page(path)
    links = [tile["href"] for tile in page.select(".tile")]
    assert links == [f"?kind={name}" for name in CHANNEL_KINDS]
    found = (await editor.page(f"{path}?q=PHONE")).select(".tile")
    assert {tile.strong.get_text() for tile in found} == {"ntfy", "Pushover"}
    nothing = await editor.page(f"{path}?q=pigeon")
    assert not nothing.select(".tile")
    assert not nothing.select_one("#none").has_attr("hidden")


@pytest.mark.parametrize("kind", CHANNEL_KINDS)
async def test_every_kind_has_a_form_with_a_label_for_each_field(editor: Visitor, kind: str) -> None:
    page = await editor.page(f"{editor.path}channels/new?kind={kind}")
    labels = {label["for"] for label in page.select("label[for]")}
    for field in CHANNEL_KINDS[kind].form.fields:
        if field.type != "channels":
            assert f"field-{field.name}" in labels
            assert page.select_one(f"#field-{field.name}")["name"] == f"field-{field.name}"


async def test_a_channel_is_made_of_the_fields_and_notified_by_all_checks(
    site: Site, editor: Visitor
) -> None:
    checks = [await make_check(site, name="one"), await make_check(site, name="two")]
    reply = await editor.post(
        f"{editor.path}channels/new", **NTFY, delay="60", tags="db", auto_assign="1", all_checks="1"
    )
    assert (reply.status, reply.headers["location"]) == (303, f"{editor.path}channels")
    channel = await only(site)
    assert (channel.name, channel.kind, channel.delay, channel.tags) == ("ntfy", "ntfy", 60, "db")
    assert channel.target == "ntfys://tk_1@ntfy.sh/backups?mode=private"
    assert (channel.events, channel.auto_assign) == (("down", "up"), True)
    for check in checks:
        assert (await site.services.checks.get(site.project, check.id)).channels == (channel.id,)


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({**NTFY, "field-topic": ""}, "topic", "Topic is missing"),
        ({**NTFY, "field-topic": "no blanks"}, "topic", "Topic does not look like backups-x7Qp2"),
        ({**NTFY, "field-server": "http://localhost"}, "server", "Server can't be reached"),
        ({"kind": "webhook", "field-url": "x"}, "url", "Address does not look like https://"),
        ({**NTFY, "name": "a,b"}, None, "name contains a comma"),
        ({**NTFY, "delay": "x"}, None, "delay is not a number"),
        ({**NTFY, "events": "sideways"}, None, "an item in 'events' has unexpected value"),
    ],
)
async def test_a_fault_stands_at_its_field_and_nothing_typed_is_lost(
    site: Site, editor: Visitor, fields: dict[str, Any], field: str | None, text: str
) -> None:
    reply = await editor.post(f"{editor.path}channels/new", **{"name": "kept", **fields})
    assert reply.status == 400
    assert text in text_of(reply)
    assert f'value="{fields.get("name", "kept")}"' in reply.text
    if field is not None:
        assert f'id="fault-{field}"' in reply.text
    assert await site.services.channels.of_project(site.project.id) == []


async def test_a_secret_is_not_shown_and_stays_unless_it_is_replaced_or_removed(
    site: Site, editor: Visitor
) -> None:
    await editor.post(f"{editor.path}channels/new", **NTFY)
    channel = await only(site)
    path = f"{editor.path}channels/{channel.id}/edit"
    reply = await editor.get(path)
    assert "tk_1" not in reply.text
    assert 'value="backups"' in reply.text

    async def stored(**fields: str) -> str:
        sent: dict[str, Any] = {
            "name": "phone",
            "field-topic": "other",
            "field-server": "https://ntfy.sh",
            **fields,
        }
        answer = await editor.post(path, **sent, events="down")
        assert answer.headers["location"] == f"{editor.path}channels/{channel.id}"
        return (await only(site)).target

    assert await stored(**{"field-secret": ""}) == "ntfys://tk_1@ntfy.sh/other?mode=private"
    assert await stored(**{"field-secret": "tk_2"}) == "ntfys://tk_2@ntfy.sh/other?mode=private"
    removed: dict[str, Any] = {"field-secret": "", "remove-secret": "1"}
    assert await stored(**removed) == "ntfys://ntfy.sh/other?mode=private"
    changed = await only(site)
    assert (changed.name, changed.events) == ("phone", ("down",))


async def test_a_target_without_fields_is_edited_as_a_whole(site: Site, editor: Visitor) -> None:
    target = "ntfys://ntfy.sh/backups?priority=max"
    spec = parse_channel({"kind": "ntfy", "target": target, "name": "phone", "delay": 77})
    channel = await site.services.channels.create(site.project, spec)
    path = f"{editor.path}channels/{channel.id}/edit"
    page = await editor.page(path)
    assert page.select_one("#field-target").get_text().strip() == target
    assert page.select_one("#delay option[selected]")["value"] == "77"
    assert not page.select_one("#field-topic").has_attr("required")
    sent: dict[str, Any] = {"name": "x", "field-topic": "", "field-target": target}
    reply = await editor.post(path, **sent)
    assert reply.status == 303
    assert (await only(site)).target == target


async def test_a_groups_channels_are_chosen_by_boxes(site: Site, editor: Visitor) -> None:
    one, two = await site.channel("one"), await site.channel("two")
    path = f"{editor.path}channels/new"
    page = await editor.page(f"{path}?kind=group")
    assert {box["value"] for box in page.select("[name=field-channels]")} == {str(one.id), str(two.id)}
    assert (await editor.post(path, kind="group", name="all")).status == 400
    ids = [str(one.id), str(two.id)]
    sent: dict[str, Any] = {"kind": "group", "name": "all", "field-channels": ids}
    assert (await editor.post(path, **sent)).status == 303
    group = (await site.services.channels.of_project(site.project.id))[-1]
    assert group.target == ",".join(ids)
    edit = await editor.page(f"{editor.path}channels/{group.id}/edit")
    assert len(edit.select("[name=field-channels][checked]")) == 2


async def test_an_unknown_kind_is_refused_and_viewers_are(editor: Visitor, viewer: Visitor) -> None:
    assert (await editor.post(f"{editor.path}channels/new", kind="pigeon")).status == 400
    assert (await viewer.get(f"{viewer.path}channels/new")).status == 403
    assert (await viewer.post(f"{viewer.path}channels/new", **NTFY)).status == 403


def test_a_refusal_becomes_a_fault_of_its_field() -> None:
    prefix = "json validation error: "
    fault = fault_of(InvalidRequest(f"{prefix}fields.url can't be reached: x"))
    assert fault == FormFault("url", "can't be reached: x")
    assert fault_of(InvalidRequest(f"{prefix}fields.'x' is no field")) == FormFault("", "'x' is no field")
    assert fault_of(InvalidRequest(f"{prefix}name is too long")) == FormFault("", "name is too long")
    assert "as many channels" in fault_of(Forbidden("limit")).text
