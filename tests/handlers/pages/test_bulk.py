from __future__ import annotations

from datetime import timedelta

from tests.handlers.harness import NOWHERE, Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of


async def ids(site: Site, count: int = 2, **fields: object) -> list[str]:
    return [str((await make_check(site, name=f"job {n}", **fields)).id) for n in range(count)]


async def test_many_checks_are_paused_and_resumed(site: Site, editor: Visitor) -> None:
    selected = await ids(site)
    reply = await editor.post(f"{editor.path}bulk", action="pause", check=selected, back=f"{editor.path}?q=x")
    assert (reply.status, reply.headers["location"]) == (303, f"{editor.path}?q=x")
    assert reply.headers["set-cookie"].startswith("notice=2+checks+paused.")
    assert [await status(site, id) for id in selected] == ["paused", "paused"]
    await editor.post(f"{editor.path}bulk", action="resume", check=[*selected, str(NOWHERE)])
    assert [await status(site, id) for id in selected] == ["new", "new"]


async def status(site: Site, id: str) -> str:
    return str((await site.api("GET", f"checks/{id}")).json["status"])


async def test_many_checks_are_snoozed_until_the_snooze_is_ended(site: Site, editor: Visitor) -> None:
    [id] = await ids(site, 1)
    await editor.post(f"{editor.path}bulk", action="snooze-4h", check=id)
    until = (site.clock() + timedelta(hours=4)).replace(microsecond=0)
    assert (await site.api("GET", f"checks/{id}")).json["snoozed_until"] == until.isoformat()
    await editor.post(f"{editor.path}bulk", action="snooze-end", check=id)
    assert (await site.api("GET", f"checks/{id}")).json.get("snoozed_until") is None


async def test_tags_are_added_and_removed(site: Site, editor: Visitor) -> None:
    [id] = await ids(site, 1, tags="a b")
    await editor.post(f"{editor.path}bulk", action="tags", check=id, add_tags="c a", remove_tags="b")
    assert (await site.api("GET", f"checks/{id}")).json["tags"] == "a c"


async def test_channels_are_set(site: Site, editor: Visitor) -> None:
    channel, selected = await site.channel("ops"), await ids(site)
    await editor.post(f"{editor.path}bulk", action="channels", check=selected, channel=str(channel.id))
    assert (await site.api("GET", f"checks/{selected[1]}")).json["channels"] == str(channel.id)


async def test_channels_are_added_to_those_of_each_check_and_taken_away(site: Site, editor: Visitor) -> None:
    ops, chat = await site.channel("ops"), await site.channel("chat")
    [one, two] = await ids(site)
    await editor.post(f"{editor.path}bulk", action="channels", check=one, channel=str(ops.id))
    await editor.post(f"{editor.path}bulk", action="add-channels", check=[one, two], channel=str(chat.id))
    both = ",".join(sorted(map(str, (ops.id, chat.id))))
    assert [await channels(site, id) for id in (one, two)] == [both, str(chat.id)]
    await editor.post(f"{editor.path}bulk", action="remove-channels", check=[one, two], channel=str(ops.id))
    assert [await channels(site, id) for id in (one, two)] == [str(chat.id)] * 2
    for action in ("add-channels", "remove-channels"):
        assert (await editor.post(f"{editor.path}bulk", action=action, check=one)).status == 400
    reply = await editor.post(f"{editor.path}bulk", action="add-channels", check=one, channel=str(NOWHERE))
    assert (reply.status, await channels(site, one)) == (400, str(chat.id))


async def channels(site: Site, id: str) -> str:
    return str((await site.api("GET", f"checks/{id}")).json["channels"])


async def test_deleting_asks_first(site: Site, editor: Visitor) -> None:
    selected = await ids(site)
    asked = await editor.post(f"{editor.path}bulk", action="confirm-delete", check=selected)
    assert (asked.status, "Delete 2 checks?" in text_of(asked)) == (200, True)
    assert len((await site.api("GET", "checks/")).json["checks"]) == 2
    await editor.post(f"{editor.path}bulk", action="delete", check=selected)
    assert (await site.api("GET", "checks/")).json["checks"] == []


async def test_faulty_requests_change_nothing(site: Site, editor: Visitor, viewer: Visitor) -> None:
    [id] = await ids(site, 1)
    other = await site.beside()
    foreign = str((await make_check(other)).id)
    for who, action, check, expected in (
        (editor, "pause", [], 400),
        (editor, "explode", [id], 400),
        (editor, "pause", [foreign], 403),
        (viewer, "pause", [id], 403),
    ):
        reply = await who.post(f"{editor.path}bulk", action=action, check=check)
        assert reply.status == expected
    assert await status(site, id) == "new"
    await other.close()


async def test_only_pages_of_the_project_are_led_back_to(site: Site, editor: Visitor) -> None:
    for back in ("https://example.org/", "/account"):
        reply = await editor.post(f"{editor.path}bulk", action="pause", check=await ids(site, 1), back=back)
        assert reply.headers["location"] == editor.path
