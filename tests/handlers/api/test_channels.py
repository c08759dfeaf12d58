"""channels/ and channels/<uuid>"""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.harness import NOWHERE, Site

HOOK = "https://example.org/hook?token=abc"


async def create(site: Site, **members: Any) -> dict[str, Any]:
    reply = await site.api("POST", "channels/", {"kind": "webhook", "target": HOOK, **members})
    assert reply.status == 201, reply.body
    document: dict[str, Any] = reply.json
    return document


async def channels_of(site: Site, check: str) -> str:
    return str((await site.get(check))["channels"])


async def test_channels_are_listed_with_id_name_and_kind(site: Site) -> None:
    email = await site.channel("My Work Email")
    site.clock.advance(1)
    webhook = await create(site, target="https://x.example")
    for version in (1, 2, 3):
        reply = await site.api("GET", "channels/", version=version)
        assert (reply.status, reply.json) == (
            200,
            {
                "channels": [
                    {"id": str(email.id), "name": "My Work Email", "kind": "email"},
                    {"id": webhook["id"], "name": "", "kind": "webhook"},
                ]
            },
        )


async def test_other_projects_channels_are_not_listed(site: Site) -> None:
    other = await site.beside()
    await other.channel("theirs")
    assert (await site.api("GET", "channels/")).json == {"channels": []}
    await other.close()


async def test_a_new_channel_has_defaults_for_all_but_kind_and_target(site: Site) -> None:
    document = await create(site)
    assert document == {
        "id": document["id"],
        "name": "",
        "kind": "webhook",
        "target": HOOK,
        "events": ["down", "up"],
        "delay": 0,
        "tags": "",
        "auto_assign": False,
        "disabled": False,
        "error": None,
    }
    assert (await site.api("GET", f"channels/{document['id']}")).json == document


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_every_member_can_be_given_and_changed(site: Site, version: int) -> None:
    members = {
        "name": "Ops",
        "events": ["paused", "down"],
        "delay": 300,
        "tags": "prod db",
        "auto_assign": True,
        "target": "https://example.org/other",
    }
    made = await site.api("POST", "channels/", {"kind": "webhook", **members}, version=version)
    assert made.status == 201
    assert made.json.items() >= members.items()
    plain = await create(site)
    reply = await site.api("POST", f"channels/{plain['id']}", members, version=version)
    assert (reply.status, reply.json) == (200, {**made.json, "id": plain["id"]})
    reply = await site.api("POST", f"channels/{plain['id']}", {})
    assert reply.json == {**made.json, "id": plain["id"]}


async def test_the_target_is_stored_as_its_kind_has_it(site: Site) -> None:
    document = await create(site, kind="email", target=" Ops@EXAMPLE.org ")
    assert document["target"] == "Ops@example.org"


async def test_the_kinds_are_listed_with_their_fields_and_nothing_of_the_project(site: Site) -> None:
    await create(site)
    reply = await site.api("GET", "channels/kinds/", key=site.keys.api_key_readonly)
    kinds = {document["kind"]: document for document in reply.json["kinds"]}
    assert {"email", "webhook", "shell", "group", "ntfy", "apprise"} <= set(kinds)
    assert kinds["email"] == {
        "kind": "email",
        "label": "Email",
        "help": "A message to an email address.",
        "fields": [
            {
                "name": "address",
                "label": "Email address",
                "type": "email",
                "help": "",
                "required": True,
                "example": "ops@example.org",
                "default": "",
                "choices": [],
            }
        ],
    }
    assert "token=abc" not in reply.text


async def test_a_channel_is_made_of_fields_and_those_not_given_later_stay(site: Site) -> None:
    fields = {"topic": "backups-x7Qp2", "server": "https://ntfy.example.org", "secret": "tk_1"}
    made = await site.api("POST", "channels/", {"kind": "ntfy", "fields": fields})
    assert made.status == 201
    assert made.json["target"] == "ntfys://tk_1@ntfy.example.org/backups-x7Qp2?mode=private"
    at = f"channels/{made.json['id']}"
    reply = await site.api("POST", at, {"fields": {"topic": "other", "secret": ""}})
    assert (reply.status, reply.json["target"]) == (200, "ntfys://ntfy.example.org/other?mode=private")
    reply = await site.api("POST", at, {"fields": {"target": "ntfys://ntfy.example.org/x?priority=max"}})
    assert reply.json["target"] == "ntfys://ntfy.example.org/x?priority=max"
    reply = await site.api("POST", at, {"fields": {"topic": "again"}})
    assert reply.json["target"] == "ntfys://ntfy.sh/again?mode=private"


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("email", {}, "fields.address is missing"),
        ("email", {"address": "ops"}, "fields.address does not fit: 'ops' is no email address: expected "),
        ("email", {"to": "ops@example.org"}, "fields.'to' is no field: expected address"),
        ("ntfy", {"topic": "no blanks"}, "fields.topic does not look like backups-x7Qp2"),
        ("ntfy", {"topic": 1}, "fields.topic is not a string"),
        ("ntfy", ["topic"], "fields is not an object"),
        ("ntfy", {"topic": "x", "server": "http://127.0.0.1"}, "fields.server can't be reached: "),
        ("webhook", {"url": "http://localhost/"}, "fields.url can't be reached: "),
        (
            "webhook",
            {"url": "https://example.org", "headers": "Host: x"},
            "fields.url does not fit: the header",
        ),
        ("shell", {"command": "pager"}, "fields.command does not fit: there is no command 'pager'"),
        ("group", {"channels": str(NOWHERE)}, f"fields.channels does not fit: {NOWHERE} is no channel"),
    ],
    ids=str,
)
async def test_a_faulty_field_of_the_target_is_named(
    site: Site, kind: str, fields: object, expected: str
) -> None:
    reply = await site.api("POST", "channels/", {"kind": kind, "fields": fields})
    assert reply.status == 400
    assert reply.error.startswith(f"json validation error: {expected}")
    assert (await site.api("GET", "channels/")).json == {"channels": []}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "kind is missing"),
        ({"kind": "email"}, "target is missing"),
        ({"target": "x"}, "kind is missing"),
        ({"kind": "webhook", "target": HOOK, "delay": -1, "events": [1]}, "delay is too small"),
        ({"kind": None, "target": "x"}, "kind is not a string"),
    ],
    ids=str,
)
async def test_a_faulty_channel_is_not_made(site: Site, members: dict[str, Any], expected: str) -> None:
    reply = await site.api("POST", "channels/", members)
    assert (reply.status, reply.error) == (400, f"json validation error: {expected}")
    assert (await site.api("GET", "channels/")).json == {"channels": []}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ops, London", "name contains a comma, which separates the names of channels"),
        (",", "name contains a comma, which separates the names of channels"),
        ("*", 'name is "*", which means all channels'),
    ],
)
async def test_a_name_that_no_check_could_be_given_is_refused(site: Site, name: str, expected: str) -> None:
    made = await create(site, name="Ops")
    new = await site.api("POST", "channels/", {"kind": "webhook", "target": HOOK, "name": name})
    renamed = await site.api("POST", f"channels/{made['id']}", {"name": name})
    for reply in (new, renamed):
        assert (reply.status, reply.error) == (400, f"json validation error: {expected}")
    assert (await site.api("GET", f"channels/{made['id']}")).json == made


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("webhook", "http://127.0.0.1:9000/hook"),
        ("webhook", "http://localhost/hook"),
        ("webhook", "http://[::ffff:192.168.1.5]/"),
        ("webhook", '{"url": "https://example.org", "up": {"url": "http://10.0.0.1/"}}'),
        ("gotify", "http://192.168.1.5/AbCdEf123456789"),
        ("ntfy", "https://user:password@127.0.0.1:8443/backups"),
        ("signal", "http://192.168.1.5:8080/+491511234567/+491527654321"),
        ("apprise", "mqtt://[::1]:1883/topic"),
    ],
)
async def test_a_target_that_certainly_can_not_be_reached_is_refused(
    site: Site, kind: str, target: str
) -> None:
    reply = await site.api("POST", "channels/", {"kind": kind, "target": target})
    assert (reply.status, reply.error.partition(": ")[0]) == (400, "json validation error")
    assert "target can't be reached: " in reply.error
    assert reply.error.endswith("see the setting notifications.allowed_networks")
    made = await create(site)
    reply = await site.api("POST", f"channels/{made['id']}", {"target": "http://127.0.0.1/"})
    assert reply.status == 400
    assert (await site.api("GET", f"channels/{made['id']}")).json == made


async def test_a_target_whose_host_is_a_name_is_not_looked_up(site: Site) -> None:
    await create(site, target="https://nosuchhost.invalid/hook")


@pytest.mark.parametrize("kind", ["pigeon", "", "Email", "\ud800"])
async def test_an_unknown_kind_is_refused_with_a_list_of_the_known_ones(site: Site, kind: str) -> None:
    reply = await site.api("POST", "channels/", {"kind": kind, "target": "x"})
    assert reply.status == 400
    prefix = "json validation error: kind has unexpected value: expected one of "
    assert {"email", "webhook", "group"} < set(reply.error.removeprefix(prefix).split(", "))


@pytest.mark.parametrize(
    ("kind", "target"),
    [("email", "ops"), ("email", ""), ("webhook", "ftp://x/"), ("group", "x"), ("email", "\ud83d\ude00@")],
)
async def test_a_target_that_does_not_fit_is_refused_with_what_would_fit(
    site: Site, kind: str, target: str
) -> None:
    reply = await site.api("POST", "channels/", {"kind": kind, "target": target})
    assert reply.status == 400
    assert reply.error.startswith("json validation error: target does not fit: ")
    assert ": expected " in reply.error.removeprefix("json validation error: target does not fit: ")


async def test_a_faulty_update_changes_nothing(site: Site) -> None:
    before = await create(site)
    for members in ({"name": "x", "delay": "1"}, {"name": "x", "target": "nowhere"}, {"kind": "email"}):
        reply = await site.api("POST", f"channels/{before['id']}", members)
        assert reply.status == 400
    assert reply.error == "json validation error: kind can't be changed: create another channel"
    assert (await site.api("GET", f"channels/{before['id']}")).json == before
    reply = await site.api("POST", f"channels/{before['id']}", {**before, "name": "same kind"})
    assert reply.json == {**before, "name": "same kind"}


async def test_a_channel_is_disabled_and_enabled_by_its_owner(site: Site) -> None:
    channel = (await create(site))["id"]
    for disabled, error in ((True, "disabled by its owner"), (False, None)):
        reply = await site.api("POST", f"channels/{channel}", {"disabled": disabled})
        assert (reply.json["disabled"], reply.json["error"]) == (disabled, error)


async def test_a_read_only_key_sees_one_channel_without_its_secrets(site: Site) -> None:
    document = await create(site)
    key = site.keys.api_key_readonly
    reply = await site.api("GET", f"channels/{document['id']}", key=key)
    assert reply.status == 200
    assert "abc" not in reply.text
    assert "example.org" in reply.json["target"]
    assert reply.json == {**document, "target": reply.json["target"]}
    for method, path in (
        ("GET", "channels/"),
        ("POST", "channels/"),
        ("POST", f"channels/{document['id']}"),
        ("DELETE", f"channels/{document['id']}"),
        ("POST", f"channels/{document['id']}/test"),
        ("GET", f"channels/{document['id']}/notifications/"),
    ):
        reply = await site.api(method, path, key=key)
        assert (reply.status, reply.error) == (401, "wrong api key")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/notifications/")],
)
async def test_an_unknown_channel_is_not_found_and_a_foreign_one_forbidden(
    site: Site, method: str, path: str
) -> None:
    other = await site.beside()
    foreign = (await create(other))["id"]
    fault = {"delay": -1} if method == "POST" else None
    reply = await site.api(method, f"channels/{NOWHERE}{path}", fault)
    assert (reply.status, reply.error) == (404, "not found")
    reply = await site.api(method, f"channels/{foreign}{path}", fault)
    assert (reply.status, reply.body) == (403, b"")
    reply = await site.api(method, f"channels/{foreign}{path}", fault, key="")
    assert (reply.status, reply.error) == (401, "missing api key")
    reply = await site.api(method, f"channels/x{path}", key="")
    assert reply.status == 404
    assert (await other.api("GET", f"channels/{foreign}")).status == 200
    await other.close()


async def test_deleting_a_channel_answers_with_it_as_it_was_and_takes_it_off_checks_and_groups(
    site: Site,
) -> None:
    one, two = await create(site, name="one"), await create(site, name="two")
    group = await create(site, kind="group", target=f"{one['id']},{two['id']}")
    other, both = (await site.create(channels="two"))["uuid"], (await site.create(channels="one,two"))["uuid"]
    await site.ping(both)
    reply = await site.api("DELETE", f"channels/{one['id']}")
    assert (reply.status, reply.json) == (200, one)
    assert (await site.api("GET", f"channels/{one['id']}")).status == 404
    assert (await site.api("DELETE", f"channels/{one['id']}")).status == 404
    assert await channels_of(site, both) == await channels_of(site, other) == two["id"]
    assert (await site.get(both))["n_pings"] == 1
    assert (await site.api("GET", f"channels/{group['id']}")).json["target"] == two["id"]


async def test_a_group_whose_last_channel_is_deleted_is_disabled_until_it_has_others(site: Site) -> None:
    one, two = await create(site), await create(site)
    group = (await create(site, kind="group", target=one["id"]))["id"]
    await site.api("DELETE", f"channels/{one['id']}")
    document = (await site.api("GET", f"channels/{group}")).json
    assert (document["disabled"], document["error"]) == (True, "the last of its channels was deleted")
    reply = await site.api("POST", f"channels/{group}", {"disabled": False})
    assert (reply.status, f"{one['id']} is no channel of the project" in reply.error) == (400, True)
    document = (await site.api("POST", f"channels/{group}", {"target": two["id"]})).json
    assert (document["target"], document["disabled"]) == (two["id"], False)


async def test_a_group_has_only_channels_of_the_project_that_are_no_groups(site: Site) -> None:
    other = await site.beside()
    mine, foreign = (await create(site))["id"], (await create(other))["id"]
    group = (await create(site, kind="group", target=f"{mine}, {mine}"))["id"]
    assert (await site.api("GET", f"channels/{group}")).json["target"] == mine
    for target, problem in (
        (foreign, "is no channel of the project"),
        (str(NOWHERE), "is no channel of the project"),
        (group, "is a group itself"),
    ):
        for path, members in (("channels/", {"kind": "group"}), (f"channels/{group}", {})):
            reply = await site.api("POST", path, {**members, "target": f"{mine},{target}"})
            expected = f"json validation error: target does not fit: {target} {problem}"
            assert (reply.status, reply.error) == (400, expected)
    await other.close()


async def test_new_checks_that_name_no_channels_get_those_that_assign_themselves(site: Site) -> None:
    await create(site, name="other")
    assert (await site.create())["channels"] == ""
    auto = (await create(site, name="auto", auto_assign=True))["id"]
    for version in (1, 2, 3):
        reply = await site.api("POST", "checks/", {}, version=version)
        assert reply.json["channels"] == auto
    assert (await site.create(channels=""))["channels"] == ""
    assert (await site.create(channels="other"))["channels"] not in ("", auto)
    await site.api("POST", f"channels/{auto}", {"auto_assign": False})
    assert (await site.create())["channels"] == ""


async def test_a_check_that_is_there_already_gets_no_channels_by_itself(site: Site) -> None:
    check = (await site.create(name="x"))["uuid"]
    await create(site, auto_assign=True)
    reply = await site.api("POST", "checks/", {"name": "x", "unique": ["name"]})
    assert (reply.status, reply.json["uuid"], reply.json["channels"]) == (200, check, "")
    assert (await site.api("POST", f"checks/{check}", {"name": "y"})).json["channels"] == ""
