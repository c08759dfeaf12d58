"""POST checks/: fields, their limits, and what they are without."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.config.schema import LimitSettings
from tests.handlers.harness import Site, serve

STRINGS = ["channels", "desc", "failure_kw", "methods", "name", "schedule", "slug", "start_kw"]
STRINGS += ["subject", "subject_fail", "success_kw", "tags", "tz"]
NUMBERS = ["timeout", "grace"]
BOOLEANS = ["filter_body", "filter_default_fail", "filter_http_body", "filter_subject", "manual_resume"]


async def refused(site: Site, member: str, value: Any, path: str = "checks/") -> str:
    """The problem that the API tells of a value; nothing comes of it."""
    reply = await site.api("POST", path, {member: value})
    assert reply.status == 400, reply.body
    prefix, _, problem = reply.error.partition(": ")
    assert prefix == "json validation error"
    return problem


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        (STRINGS, "is not a string"),
        (NUMBERS, "is not a number"),
        (BOOLEANS, "is not a boolean"),
        (["unique"], "is not an array"),
    ],
)
async def test_types_are_strict(site: Site, members: list[str], problem: str) -> None:
    values = {"is not a string": [1, True, [], {}], "is not a number": ["1", True, 60.0, 1e400, [], {}]}
    values |= {"is not a boolean": [0, 1, "true", [], {}], "is not an array": ["name", 1, True, {}]}
    check = (await site.create())["uuid"]
    for member in members:
        for value in (None, *values[problem]):
            for path in ("checks/", f"checks/{check}"):
                assert await refused(site, member, value, path) == f"{member} {problem}"
    assert len((await site.api("GET", "checks/")).json["checks"]) == 1


@pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b"-Infinity", b"60.0", b"6e1", b"1e5000"])
async def test_only_integers_are_numbers(site: Site, raw: bytes) -> None:
    reply = await site.api("POST", "checks/", raw=b'{"timeout": %s}' % raw)
    assert (reply.status, reply.error) == (400, "json validation error: timeout is not a number")


@pytest.mark.parametrize("member", NUMBERS)
async def test_times_are_between_a_minute_and_a_year(site: Site, member: str) -> None:
    for value in (59, 0, -1, -(2**63), -(10**4000)):
        assert await refused(site, member, value) == f"{member} is too small"
    for value in (31_536_001, 2**31, 2**63, 2**64, 10**4000):
        assert await refused(site, member, value) == f"{member} is too large"
    for value in (60, 31_536_000):
        assert (await site.create(**{member: value}))[member] == value


@pytest.mark.parametrize(
    ("member", "longest"),
    [
        ("name", 100),
        ("slug", 100),
        ("schedule", 100),
        ("tags", 500),
        ("start_kw", 200),
        ("success_kw", 200),
        ("failure_kw", 200),
        ("subject", 200),
        ("subject_fail", 200),
    ],
)
async def test_texts_have_a_longest_length(site: Site, member: str, longest: int) -> None:
    assert await refused(site, member, "0" * (longest + 1)) == f"{member} is too long"
    assert await refused(site, member, "0" * 500_000) == f"{member} is too long"
    fitting = "1," * 45 + "12 * * * *" if member == "schedule" else "0" * longest
    assert len(fitting) == longest
    assert (await site.create(**{member: fitting}))[member] == fitting


async def test_lengths_count_characters(site: Site) -> None:
    assert (await site.create(name="𝄞" * 100))["name"] == "𝄞" * 100
    assert await refused(site, "name", "𝄞" * 101) == "name is too long"


@pytest.mark.parametrize(
    "member", ["name", "tags", "desc", "start_kw", "success_kw", "failure_kw", "subject", "channels"]
)
async def test_nul_and_lone_surrogates_are_refused(site: Site, member: str) -> None:
    for value in ("\0", "a\0b", "\ud800", "x\udfff", "\udc00\ud800"):
        assert await refused(site, member, value) == f"{member} contains characters that can't be stored"


async def test_nul_and_lone_surrogates_fit_nowhere_else_either(site: Site) -> None:
    for value in ("\0", "\ud800"):
        assert await refused(site, "slug", value) == "slug does not match pattern"
        assert await refused(site, "tz", value) == "tz is not a valid timezone"
        assert await refused(site, "methods", value) == "methods has unexpected value"
        problem = "schedule is not a valid cron or OnCalendar expression"
        assert await refused(site, "schedule", f"* * * * *{value}") == problem
        assert await refused(site, "unique", [value]) == "an item in 'unique' has unexpected value"


@pytest.mark.parametrize("slug", ["A", "ä", "a b", "a.b", "a/b", "a\n", " a", "%61"])
async def test_a_slug_has_a_pattern(site: Site, slug: str) -> None:
    assert await refused(site, "slug", slug) == "slug does not match pattern"


@pytest.mark.parametrize("slug", ["", "a", "0-9_z", "-", "_", "--a--"])
async def test_a_slug_is_kept_as_it_is_given(site: Site, slug: str) -> None:
    assert (await site.create(slug=slug))["slug"] == slug


@pytest.mark.parametrize("methods", ["GET", "post", "POST ", "GET,POST"])
async def test_methods_are_all_or_post(site: Site, methods: str) -> None:
    assert await refused(site, "methods", methods) == "methods has unexpected value"
    assert (await site.create(methods="POST"))["methods"] == "POST"
    assert (await site.create(methods=""))["methods"] == ""


@pytest.mark.parametrize("tz", ["", "Nowhere/City", "utc+1", "../UTC", "Europe", "x" * 5000, "\n"])
async def test_a_time_zone_has_to_exist(site: Site, tz: str) -> None:
    assert await refused(site, "tz", tz) == "tz is not a valid timezone"


@pytest.mark.parametrize(
    ("given", "kept"), [("Europe/Riga", "Europe/Riga"), ("Europe/Kiev", "Europe/Kyiv"), ("UTC", "UTC")]
)
async def test_legacy_time_zones_get_their_names_of_today(site: Site, given: str, kept: str) -> None:
    assert (await site.create(schedule="* * * * *", tz=given))["tz"] == kept


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        " ",
        "* * * *",
        "* * * * * *",
        "@daily",
        "60 * * * *",
        "0 0 30 2 *",
        "2000-02-30",
        "Mon *-*-* 25:00",
        "1999-01-01",
        "x",
        "* * * * x",
    ],
)
async def test_a_schedule_has_to_make_sense(site: Site, schedule: str) -> None:
    problem = "schedule is not a valid cron or OnCalendar expression"
    assert await refused(site, "schedule", schedule) == problem


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "0,30 */2 * * MON-FRI",
        "5 0 L * *",
        "5 0 LW * *",
        "0 0 * * 5L",
        "0 0 * * 1#2",
        "0 0 * * 7",
        "  1 2 3 4 5 ",
        "daily",
        "*-*~1 12:00",
        "Mon..Fri 8:00\nSat 10:00:30",
        "12:00 Europe/Riga",
        "2020-01-01 12:00",
    ],
)
async def test_a_schedule_is_stored_verbatim(site: Site, schedule: str) -> None:
    document = await site.create(schedule=schedule, timeout=60)
    assert document["schedule"] == schedule
    assert "timeout" not in document


async def test_a_time_zone_alone_is_kept_for_a_schedule_to_come(site: Site) -> None:
    document = await site.create(tz="Europe/Riga")
    assert "tz" not in document
    reply = await site.api("POST", f"checks/{document['uuid']}", {"schedule": "* * * * *"})
    assert (reply.json["schedule"], reply.json["tz"]) == ("* * * * *", "Europe/Riga")


async def test_of_several_faults_the_alphabetically_first_is_reported(site: Site) -> None:
    faults = {"unique": 1, "tz": 1, "timeout": "", "grace": 1, "name": 1, "channels": "nobody"}
    reply = await site.api("POST", "checks/", faults)
    assert reply.error == "json validation error: grace is too small"
    reply = await site.api("POST", "checks/", {"zzz": None, "tags": 1, "uuid": 5, "status": []})
    assert reply.error == "json validation error: tags is not a string"


async def test_unknown_members_are_ignored(site: Site) -> None:
    odd = {"uuid": "x", "n_pings": 5, "status": "up", "\ud800": "\0", "": None, "deep": [[[{}]]]}
    document = await site.create(**odd)
    assert (document["n_pings"], document["status"]) == (0, "new")


async def test_everything_given_is_shown(site: Site) -> None:
    given = {
        "name": "Größe (täglich)",
        "slug": "groesse",
        "tags": "  prod   www prod ",
        "desc": "Several\nlines\tof 𝄞",
        "timeout": 3600,
        "grace": 60,
        "manual_resume": True,
        "methods": "POST",
        "start_kw": "BEGIN",
        "success_kw": "DONE,OK",
        "failure_kw": " ERROR ",
        "filter_subject": True,
        "filter_body": True,
        "filter_http_body": True,
        "filter_default_fail": True,
    }
    document = await site.create(**given)
    assert {name: document[name] for name in given} == given
    assert await site.get(document["uuid"]) == document


# -- slugs and names


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Größe (täglich)", "groe-taglich"),
        ("  A  --  B  ", "a-b"),
        ("_x_", "x"),
        ("日本", ""),
        ("a" * 100, "a" * 100),
        ("ﬁ" * 100, "fi" * 50),
    ],
)
async def test_older_versions_derive_the_slug_from_the_name(
    site: Site, version: int, name: str, slug: str
) -> None:
    reply = await site.api("POST", "checks/", {"name": name}, version=version)
    assert (reply.json["name"], reply.json["slug"]) == (name, slug)


@pytest.mark.parametrize(("version", "slug"), [(1, "db-backup"), (2, "db-backup"), (3, "")])
async def test_v3_leaves_the_slug_to_the_client(site: Site, version: int, slug: str) -> None:
    reply = await site.api("POST", "checks/", {"name": "DB Backup"}, version=version)
    assert (reply.status, reply.json["slug"]) == (201, slug)
    reply = await site.api("POST", "checks/", {"name": "DB Backup", "slug": "mine"}, version=version)
    assert (reply.status, reply.json["slug"]) == (201, "mine")


# -- the old subject members


@pytest.mark.parametrize(
    ("given", "success", "failure", "filtered"),
    [
        ({"subject": "OK"}, "OK", "", True),
        ({"subject_fail": "BAD"}, "", "BAD", True),
        ({"subject": "OK", "subject_fail": "BAD"}, "OK", "BAD", True),
        ({"subject": ""}, "", "", False),
        ({"subject": "", "failure_kw": "BAD"}, "", "BAD", True),
        ({"success_kw": "OK"}, "OK", "", False),
    ],
)
async def test_the_old_subject_members_set_keywords(
    site: Site, given: dict[str, Any], success: str, failure: str, filtered: bool
) -> None:
    document = await site.create(**given)
    assert (document["success_kw"], document["failure_kw"]) == (success, failure)
    assert document["filter_subject"] is filtered


# -- channels


async def test_channels_are_given_by_id_or_name(site: Site) -> None:
    one, two, _ = [await site.channel(name) for name in ("Email to Alice", "two", "")]
    for given, expected in (
        ("Email to Alice", [one]),
        (str(one.id), [one]),
        (f"two,{one.id}", [one, two]),
        (f"two,two,{two.id}", [two]),
        ("", []),
    ):
        document = await site.create(channels=given)
        assert document["channels"] == ",".join(sorted(str(channel.id) for channel in expected))
    assert (await site.create())["channels"] == ""
    assert len((await site.create(channels="*"))["channels"].split(",")) == 3


async def test_a_wrong_channel_is_named_and_nothing_is_created(site: Site) -> None:
    await site.channel("one")
    await site.channel("twin")
    await site.channel("twin")
    other = await site.beside()
    foreign = str((await other.channel("theirs")).id)
    long = "x" * 5000
    for given, error in (
        ("nobody", "invalid channel identifier: nobody"),
        ("one,nobody,nowhere", "invalid channel identifier: nobody"),
        (" one", "invalid channel identifier:  one"),
        ("One", "invalid channel identifier: One"),
        ("one,*", "invalid channel identifier: *"),
        ("Ü", "invalid channel identifier: Ü"),
        (long, f"invalid channel identifier: {long}"),
        (foreign, f"invalid channel identifier: {foreign}"),
        ("one,twin", "non-unique channel identifier: twin"),
        ("one,", "empty channel identifier"),
        (",", "empty channel identifier"),
    ):
        reply = await site.api("POST", "checks/", {"channels": given})
        assert (reply.status, reply.error) == (400, error)
    assert (await site.api("GET", "checks/")).json == {"checks": []}
    await other.close()


# -- limits


async def test_beyond_the_limit_creating_is_forbidden(mongo_uri: str) -> None:
    async with serve(mongo_uri, limits=LimitSettings(checks_per_project=2)) as site:
        first = await site.create(name="first")
        await site.create()
        reply = await site.api("POST", "checks/", {})
        assert (reply.status, reply.json) == (403, {"error": "check limit reached"})
        reply = await site.api("POST", "checks/", {"name": "first", "unique": ["name"]})
        assert (reply.status, reply.json["uuid"]) == (200, first["uuid"])
        assert (await site.api("POST", "checks/", {"name": "x", "unique": ["name"]})).status == 403
        await site.api("DELETE", f"checks/{first['uuid']}")
        assert (await site.api("POST", "checks/", {})).status == 201
        other = await site.beside()
        assert (await other.api("POST", "checks/", {})).status == 201
        await other.close()


async def test_simultaneous_creations_keep_to_the_limit(site: Site) -> None:
    await site.services.projects.limit(site.project, checks=3, pings=None)
    site.services.lookup.forget(site.project.id)
    connections = [await site.connect() for _ in range(6)]
    key = {"X-Api-Key": site.keys.api_key}
    replies = await asyncio.gather(
        *(connection.request("POST", "/api/v3/checks/", key, b"{}") for connection in connections)
    )
    assert sorted(reply.status for reply in replies) == [201] * 3 + [403] * 3
