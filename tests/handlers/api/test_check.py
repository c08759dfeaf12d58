"""POST checks/<uuid>"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.handlers.harness import Site


async def update(site: Site, check: str, **members: Any) -> dict[str, Any]:
    reply = await site.api("POST", f"checks/{check}", members)
    assert reply.status == 200, reply.body
    document: dict[str, Any] = reply.json
    assert document == await site.get(check)
    return document


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "new name"),
        ("slug", "new-slug"),
        ("tags", "new tags"),
        ("desc", "new"),
        ("timeout", 61),
        ("grace", 61),
        ("manual_resume", True),
        ("methods", "POST"),
        ("start_kw", "x"),
        ("success_kw", "x"),
        ("failure_kw", "x"),
        ("filter_subject", True),
        ("filter_body", True),
        ("filter_http_body", True),
        ("filter_default_fail", True),
    ],
)
async def test_one_member_is_changed_and_the_others_stay(site: Site, member: str, value: Any) -> None:
    before = await site.create(name="old", tags="a b", slug="old")
    assert await update(site, before["uuid"], **{member: value}) == {**before, member: value}


async def test_an_empty_update_changes_nothing(site: Site) -> None:
    before = await site.create(name="x")
    assert await update(site, before["uuid"]) == before
    reply = await site.api("POST", f"checks/{before['uuid']}", raw=b"")
    assert (reply.status, reply.json) == (200, before)


async def test_unique_is_of_no_effect(site: Site) -> None:
    one, two = await site.create(name="one"), await site.create(name="two")
    assert (await update(site, two["uuid"], name="one", unique=["name"]))["uuid"] == two["uuid"]
    assert await site.get(one["uuid"]) == one


async def test_a_simple_check_becomes_a_scheduled_one_and_back(site: Site) -> None:
    check = (await site.create(timeout=3600))["uuid"]
    document = await update(site, check, schedule="30 5 * * *", tz="Europe/Riga")
    assert (document["schedule"], document["tz"]) == ("30 5 * * *", "Europe/Riga")
    assert "timeout" not in document
    document = await update(site, check, schedule="daily")
    assert (document["schedule"], document["tz"]) == ("daily", "Europe/Riga")
    document = await update(site, check, timeout=60)
    assert document["timeout"] == 60
    assert not {"schedule", "tz"} & set(document)
    document = await update(site, check, timeout=70, schedule="weekly")
    assert document["schedule"] == "weekly"


async def test_a_change_moves_the_next_ping_and_the_moment_of_going_down(site: Site) -> None:
    check = (await site.create(timeout=3600, grace=600))["uuid"]
    await site.ping(check)
    assert (await update(site, check, timeout=60))["next_ping"] == "2024-03-10T12:01:00+00:00"
    site.clock.advance(660)
    assert (await site.get(check))["status"] == "down"
    document = await update(site, check, timeout=700)
    assert (document["status"], document["next_ping"]) == ("up", "2024-03-10T12:11:40+00:00")
    document = await update(site, check, schedule="0 * * * *")
    assert document["next_ping"] == "2024-03-10T13:00:00+00:00"
    await update(site, check, timeout=60, grace=60)
    await site.tick()
    assert [flip["up"] for flip in await site.flips(check)] == [0, 1]


async def test_a_run_may_take_the_maximum_runtime_apart_from_the_grace_time(site: Site) -> None:
    check = (await site.create(timeout=3600, grace=600, max_runtime=7200))["uuid"]
    await site.ping(check)
    site.clock.advance(4199)
    await site.ping(check, "/start")
    site.clock.advance(7199)
    await site.tick()
    document = await site.get(check)
    assert (document["status"], document["started"], document["max_runtime"]) == ("up", True, 7200)
    site.clock.advance(1)
    assert (await site.get(check))["status"] == "down"
    await site.tick()
    assert [flip["up"] for flip in await site.flips(check)] == [0, 1]
    assert "max_runtime" not in await update(site, check, max_runtime=0)


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_new_name_makes_a_new_slug_in_older_versions(site: Site, version: int) -> None:
    check = (await site.create(name="Old", slug="old"))["uuid"]
    for members, slug in (
        ({"tags": "x"}, "old"),
        ({"name": "Newer Name"}, "old" if version == 3 else "newer-name"),
        ({"name": "Newest", "slug": "mine"}, "mine"),
        ({"slug": "other"}, "other"),
        ({"name": ""}, "other" if version == 3 else ""),
    ):
        reply = await site.api("POST", f"checks/{check}", members, version=version)
        assert (reply.status, reply.json["slug"]) == (200, slug)


async def test_channels_stay_are_replaced_or_removed(site: Site) -> None:
    one, two = [str((await site.channel(name)).id) for name in ("one", "two")]
    both = ",".join(sorted([one, two]))
    check = (await site.create(channels="one"))["uuid"]
    for members, channels in (
        ({"name": "x"}, one),
        ({"channels": "*"}, both),
        ({"channels": two}, two),
        ({"channels": ""}, ""),
    ):
        assert (await update(site, check, **members))["channels"] == channels


@pytest.mark.parametrize("fault", [{"grace": 1}, {"tz": "x"}, {"channels": "nobody"}, {"channels": "one,"}])
async def test_a_faulty_update_changes_nothing_at_all(site: Site, fault: dict[str, Any]) -> None:
    await site.channel("one")
    before = await site.create(name="x", channels="*")
    members = {"name": "y", "timeout": 60, **fault}
    assert (await site.api("POST", f"checks/{before['uuid']}", members)).status == 400
    assert await site.get(before["uuid"]) == before


async def test_the_old_subject_members_set_and_clear_the_filter(site: Site) -> None:
    check = (await site.create())["uuid"]
    for members, expected in (
        ({"subject": "OK"}, ("OK", "", True)),
        ({"subject_fail": "BAD"}, ("OK", "BAD", True)),
        ({"subject": ""}, ("", "BAD", True)),
        ({"subject_fail": ""}, ("", "", False)),
    ):
        document = await update(site, check, **members)
        assert (document["subject"], document["subject_fail"], document["filter_subject"]) == expected


async def test_a_change_does_not_disturb_what_pings_have_done(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "/start")
    site.clock.advance(5)
    await site.ping(check)
    await site.ping(check, "/start")
    before = await site.get(check)
    assert await update(site, check, name="x") == {**before, "name": "x"}
    assert (before["n_pings"], before["started"], before["last_duration"]) == (3, True, 5)


async def test_a_run_that_ends_sooner_than_the_minimum_runtime_is_a_failure(site: Site) -> None:
    check = (await site.create(min_runtime=600))["uuid"]
    await site.ping(check)
    await site.ping(check, "/start")
    site.clock.advance(2)
    await site.ping(check)
    document = await site.get(check)
    assert (document["status"], document["min_runtime"], document["last_duration"]) == ("down", 600, 2)
    assert [flip["up"] for flip in await site.flips(check)] == [0, 1]
    await site.ping(check)
    assert (await site.get(check))["status"] == "up"
    assert "min_runtime" not in await update(site, check, min_runtime=0)


async def test_runtimes_that_contradict_each_other_are_refused_and_change_nothing(site: Site) -> None:
    check = (await site.create(min_runtime=600))["uuid"]
    reply = await site.api("POST", f"checks/{check}", {"name": "x", "grace": 600})
    assert reply.status == 400
    assert reply.json["error"].startswith("json validation error: min_runtime is not less than grace")
    assert (await site.get(check))["name"] == ""


async def test_several_successes_bring_a_check_up(site: Site) -> None:
    check = (await site.create(successes_before_up=2))["uuid"]
    await site.ping(check)
    await site.ping(check, "/fail")
    statuses = []
    for _ in range(2):
        await site.ping(check)
        statuses.append((await site.get(check))["status"])
    assert statuses == ["down", "up"]
    assert [flip["up"] for flip in await site.flips(check)] == [1, 0, 1]
    assert "successes_before_up" not in await update(site, check, successes_before_up=1)


async def test_a_report_before_its_time_counts_for_it(site: Site) -> None:
    at = site.clock.now + timedelta(minutes=5)
    schedule = f"{at.minute} {at.hour} * * *"
    check = (await site.create(schedule=schedule, grace=60, early=600))["uuid"]
    site.clock.advance(-at.second)
    await site.ping(check)
    document = await site.get(check)
    tomorrow = at.replace(second=0, microsecond=0) + timedelta(days=1)
    assert document["next_ping"] == tomorrow.isoformat(timespec="seconds")
    assert document["early"] == 600
    site.clock.advance(7200)
    await site.tick()
    assert (await site.get(check))["status"] == "up"
    assert "early" not in await update(site, check, early=0)


async def test_a_check_depends_on_others_by_uuid_or_slug(site: Site) -> None:
    nas = await site.create(name="nas", slug="nas")
    router = await site.create(name="router")
    check = (await site.create(depends_on=["nas"]))["uuid"]
    assert (await site.get(check))["depends_on"] == [nas["uuid"]]
    document = await update(site, check, depends_on=[router["uuid"].upper(), "nas", nas["uuid"]])
    assert document["depends_on"] == [router["uuid"], nas["uuid"]]
    reply = await site.api("GET", f"checks/{check}", key=site.keys.api_key_readonly)
    assert reply.json["depends_on"] == [
        (await site.api("GET", f"checks/{one['uuid']}", key=site.keys.api_key_readonly)).json["unique_key"]
        for one in (router, nas)
    ]
    assert "depends_on" not in await update(site, check, depends_on=[])


async def test_a_dependency_that_can_not_be_is_refused_by_name(site: Site) -> None:
    foreign = await site.beside()
    theirs = (await foreign.create(slug="theirs"))["uuid"]
    await foreign.close()
    for _ in range(2):
        await site.create(slug="twin")
    nas, router = [(await site.create(slug=slug))["uuid"] for slug in ("nas", "router")]
    await update(site, nas, depends_on=["router"])
    neither = "which is neither the uuid nor the slug of a check of the project"
    for value, problem in (
        (["twin"], "names 'twin', which several checks of the project have as their slug"),
        (["nobody"], f"names 'nobody', {neither}"),
        ([theirs], f"names '{theirs}', {neither}"),
        (["theirs"], f"names 'theirs', {neither}"),
        (["router"], "names the check itself"),
        (["nas"], "makes a cycle: nas depends on this check"),
        ("nas", "is not an array"),
        (None, "is not an array"),
        (["nas"] * 11, "has more than 10 items"),
    ):
        reply = await site.api("POST", f"checks/{router}", {"name": "changed", "depends_on": value})
        assert (reply.status, reply.json) == (400, {"error": f"json validation error: depends_on {problem}"})
    assert (await site.get(router))["name"] == ""
    for item in (7, "", "x" * 101, None):
        reply = await site.api("POST", "checks/", {"depends_on": [item]})
        assert reply.json == {"error": "json validation error: an item in 'depends_on' has unexpected value"}


async def test_an_upsert_makes_no_cycle_either(site: Site) -> None:
    nas = (await site.create(slug="nas"))["uuid"]
    await site.create(slug="job", depends_on=["nas"])
    reply = await site.api("POST", "checks/", {"slug": "nas", "unique": ["slug"], "depends_on": ["job"]})
    assert reply.status == 400
    reply = await site.api("POST", "checks/", {"slug": "job", "unique": ["slug"], "depends_on": []})
    assert reply.status == 200
    reply = await site.api("POST", "checks/", {"slug": "nas", "unique": ["slug"], "depends_on": ["job"]})
    assert (reply.status, reply.json["uuid"]) == (200, nas)
