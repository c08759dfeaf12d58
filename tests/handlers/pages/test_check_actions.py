from __future__ import annotations

from typing import Any

from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of, visitor


async def shown(site: Site, id: object) -> Any:
    return (await site.api("GET", f"checks/{id}")).json


async def test_a_check_is_paused_and_resumed(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await editor.post(f"/checks/{check.id}/pause")
    assert (await shown(site, check.id))["status"] == "paused"
    await editor.post(f"/checks/{check.id}/resume")
    assert (await shown(site, check.id))["status"] == "new"
    reply = await editor.post(f"/checks/{check.id}/resume")
    assert reply.status == 303
    assert reply.headers["set-cookie"].startswith("notice=Nothing+was+changed")


async def test_a_check_is_snoozed_for_a_while(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await editor.post(f"/checks/{check.id}/snooze", **{"for": "1h"})
    assert "snoozed_until" in await shown(site, check.id)
    assert (await editor.post(f"/checks/{check.id}/snooze", **{"for": ""})).status == 400
    assert "snoozed_until" in await shown(site, check.id)
    await editor.post(f"/checks/{check.id}/snooze", **{"for": "end"})
    assert (await shown(site, check.id)).get("snoozed_until") is None


async def test_a_ping_by_hand_is_recorded_with_who_sent_it(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await editor.post(f"/checks/{check.id}/ping")
    await editor.post(f"/checks/{check.id}/ping", signal="fail")
    assert (await editor.post(f"/checks/{check.id}/ping", signal="boom")).status == 400
    pings = (await site.api("GET", f"checks/{check.id}/pings/")).json["pings"]
    assert [ping["type"] for ping in pings] == ["fail", "success"]
    assert editor.user is not None
    assert pings[0]["ua"] == f"{editor.user.name} on the check's page"


async def test_details_are_changed_and_faults_named(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await editor.post(f"/checks/{check.id}/details", name="new", slug="s", tags="a b", desc="note\n")
    document = await shown(site, check.id)
    assert [document[name] for name in ("name", "slug", "tags", "desc")] == ["new", "s", "a b", "note"]
    reply = await editor.post(f"/checks/{check.id}/details", name="new", slug="Not a slug")
    assert (reply.status, "slug does not match pattern" in text_of(reply)) == (400, True)


async def test_channels_are_switched(site: Site, editor: Visitor) -> None:
    channel, check = await site.channel("ops"), await make_check(site)
    await editor.post(f"/checks/{check.id}/channels", channel=str(channel.id))
    assert (await shown(site, check.id))["channels"] == str(channel.id)
    await editor.post(f"/checks/{check.id}/channels")
    assert (await shown(site, check.id))["channels"] == ""


async def test_channels_that_were_switched_meanwhile_stay_as_they_are(site: Site, editor: Visitor) -> None:
    kept, off, new = [await site.channel(name) for name in ("kept", "off", "new")]
    check = await make_check(site, channels=f"{kept.id},{off.id}")
    page = await editor.page(f"/checks/{check.id}")
    had = page.select_one("[name=had]")["value"]
    assert sorted(had.split(",")) == sorted(map(str, (kept.id, off.id)))
    await site.api("POST", f"checks/{check.id}", {"channels": f"{off.id},{new.id}"})  # by somebody else
    reply = await editor.post(f"/checks/{check.id}/channels", had=had, channel=str(kept.id))
    assert reply.status == 303
    assert (await shown(site, check.id))["channels"] == str(new.id)


async def test_a_script_that_switches_a_channel_stays_on_the_page(site: Site, editor: Visitor) -> None:
    channel, check = await site.channel("ops"), await make_check(site)
    reply = await editor.fragment(f"/checks/{check.id}/channels", "channels", had="", channel=str(channel.id))
    assert (reply.status, reply.text, "set-cookie" in reply.headers) == (200, "Saved.", False)
    reply = await editor.fragment(f"/checks/{check.id}/channels", "channels", had=str(channel.id))
    assert (await shown(site, check.id))["channels"] == ""


async def test_a_copy_has_the_settings_but_not_the_slug_and_the_log(site: Site, editor: Visitor) -> None:
    channel, nas = await site.channel("ops"), await make_check(site, name="nas")
    check = await make_check(
        site, depends_on=[str(nas.id)],
        slug="s", tags="t", schedule="5 4 * * *", tz="Europe/Riga", grace=600, failure_kw="FAIL",
        filter_subject=True, channels=str(channel.id), manual_resume=True,
        success_exit_statuses=[3], max_runtime=7200, early=600, ignored_exit_statuses=[75],
        min_runtime=5, successes_before_up=2,
    )  # fmt: skip
    await site.ping(str(check.id))
    reply = await editor.post(f"/checks/{check.id}/copy")
    copy = await shown(site, reply.headers["location"].rpartition("/")[2])
    original = await shown(site, check.id)
    for name in (
        "tags",
        "schedule",
        "tz",
        "grace",
        "failure_kw",
        "filter_subject",
        "channels",
        "manual_resume",
        "success_exit_statuses",
        "ignored_exit_statuses",
        "max_runtime",
        "min_runtime",
        "successes_before_up",
        "early",
        "depends_on",
    ):
        assert copy[name] == original[name]
    assert (copy["name"], copy["slug"], copy["n_pings"]) == ("a job (copy)", "", 0)


async def test_a_check_moves_to_another_project_of_the_editor(site: Site, editor: Visitor) -> None:
    other = await site.beside()
    check = await make_check(site)
    assert (await editor.post(f"/checks/{check.id}/transfer", project=str(other.project.id))).status == 404
    assert editor.user is not None
    await site.services.accounts.members.add(other.project, editor.user, "editor")
    assert (await editor.post(f"/checks/{check.id}/transfer", project="nonsense")).status == 400
    await editor.post(f"/checks/{check.id}/transfer", project=str(other.project.id))
    assert (await site.api("GET", "checks/")).json["checks"] == []
    assert [one["uuid"] for one in (await other.api("GET", "checks/")).json["checks"]] == [str(check.id)]
    await other.close()


async def test_a_check_is_deleted_only_with_its_name(site: Site, editor: Visitor) -> None:
    check = await make_check(site, name="important")
    await editor.post(f"/checks/{check.id}/delete", name="wrong")
    assert (await shown(site, check.id))["name"] == "important"
    reply = await editor.post(f"/checks/{check.id}/delete", name="important")
    assert reply.headers["location"] == editor.path
    assert (await site.api("GET", f"checks/{check.id}")).status == 404


async def test_viewers_and_strangers_can_do_none_of_it(site: Site, viewer: Visitor) -> None:
    check, stranger = await make_check(site), await visitor(site, None)
    for action in ("pause", "resume", "snooze", "ping", "details", "channels", "copy", "transfer", "delete"):
        assert (await viewer.post(f"/checks/{check.id}/{action}")).status == 403
        assert (await stranger.post(f"/checks/{check.id}/{action}")).status == 404
    assert (await shown(site, check.id))["n_pings"] == 0
