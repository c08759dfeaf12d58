"""What a check's document says of when people are told; and POST checks/<uuid>/snooze"""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.harness import Reply, Site

NEW_MEMBERS = {"failures_before_alert", "repeat_after", "snoozed_until"}


async def snooze(site: Site, check: str, **members: Any) -> Reply:
    return await site.api("POST", f"checks/{check}/snooze", members)


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_settings_are_shown_where_they_differ_from_their_defaults(site: Site, version: int) -> None:
    plain = (await site.api("POST", "checks/", {}, version=version)).json
    assert not NEW_MEMBERS & plain.keys()
    settings = {"failures_before_alert": 3, "repeat_after": 3600}
    reply = await site.api("POST", "checks/", settings, version=version)
    assert (reply.status, {name: reply.json.get(name) for name in settings}) == (201, settings)
    assert settings.items() <= (await site.get(reply.json["uuid"], key=site.keys.api_key_readonly)).items()
    defaults = {"failures_before_alert": 1, "repeat_after": 0}
    reply = await site.api("POST", f"checks/{reply.json['uuid']}", defaults, version=version)
    assert not NEW_MEMBERS & reply.json.keys()


async def test_a_check_is_snoozed_for_some_seconds_and_shows_it_so_long(site: Site) -> None:
    plain = await site.create()
    reply = await snooze(site, plain["uuid"], seconds=3600)
    expected = {**plain, "snoozed_until": "2024-03-10T13:00:00+00:00"}
    assert (reply.status, reply.json) == (200, expected)
    assert await site.get(plain["uuid"]) == expected
    site.clock.advance(3599)
    assert await site.get(plain["uuid"]) == expected
    site.clock.advance(1)
    assert await site.get(plain["uuid"]) == plain


@pytest.mark.parametrize("until", ["2024-03-11T00:00:00Z", "2024-03-11T02:00+02:00", 1_710_115_200])
async def test_a_check_is_snoozed_until_a_moment(site: Site, until: object) -> None:
    check = (await site.create())["uuid"]
    reply = await snooze(site, check, until=until)
    assert (reply.status, reply.json["snoozed_until"]) == (200, "2024-03-11T00:00:00+00:00")


async def test_a_check_is_snoozed_for_years_as_the_documentation_does(site: Site) -> None:
    check = (await site.create())["uuid"]
    reply = await snooze(site, check, until="2030-01-31T18:00:00Z")
    assert (reply.status, reply.json["snoozed_until"]) == (200, "2030-01-31T18:00:00+00:00")


async def test_a_check_is_snoozed_by_an_update_too(site: Site) -> None:
    check = (await site.create())["uuid"]
    path = f"checks/{check}"
    until = "2024-03-11T00:00:00+00:00"
    assert (await site.api("POST", path, {"snoozed_until": until})).json["snoozed_until"] == until
    assert (await site.api("POST", path, {"desc": "x"})).json["snoozed_until"] == until
    assert "snoozed_until" not in (await site.api("POST", path, {"snoozed_until": None})).json
    assert (await site.api("POST", path, {"snoozed_until": until})).json["snoozed_until"] == until
    past = {"snoozed_until": "2024-03-10T11:00:00Z"}
    assert "snoozed_until" not in (await site.api("POST", path, past)).json
    fault = await site.api("POST", path, {"snoozed_until": "soon"})
    assert fault.status == 400
    assert fault.error.startswith("json validation error: snoozed_until is not a moment such as")
    created = await site.create(snoozed_until=until)
    assert created["snoozed_until"] == until


async def test_zero_seconds_end_it(site: Site) -> None:
    plain = await site.create()
    for _ in range(2):
        assert (await snooze(site, plain["uuid"], seconds=0)).json == plain
        await snooze(site, plain["uuid"], seconds=60)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "expected either seconds or until"),
        ({"seconds": 1, "until": "2024-03-11T00:00:00Z"}, "expected either seconds or until"),
        ({"seconds": -1}, "seconds is too small"),
        ({"seconds": 31_536_001}, "seconds is too large"),
        ({"seconds": True}, "seconds is not a number"),
        ({"until": "2024-03-10T12:00:00Z"}, "until is in the past"),
        ({"until": 0}, "until is in the past"),
        ({"until": 10**30}, "until is too large"),
        ({"until": None}, "until is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time"),
        ({"until": "tomorrow"}, "until is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time"),
    ],
    ids=str,
)
async def test_an_invalid_end_of_a_snooze_is_refused_with_the_reason(
    site: Site, members: dict[str, Any], expected: str
) -> None:
    check = await site.create()
    reply = await snooze(site, check["uuid"], **members)
    assert (reply.status, reply.error) == (400, f"json validation error: {expected}")
    assert await site.get(check["uuid"]) == check


async def test_status_and_flips_stay_true_while_it_lasts(site: Site) -> None:
    check = (await site.create())["uuid"]
    await snooze(site, check, seconds=3600)
    await site.ping(check, "/fail")
    document = await site.get(check)
    assert (document["status"], document["snoozed_until"]) == ("down", "2024-03-10T13:00:00+00:00")
    assert len(await site.flips(check)) == 1
