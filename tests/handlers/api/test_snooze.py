from __future__ import annotations

from datetime import timedelta

import pytest

from tests.handlers.harness import NOWHERE, Site


async def test_a_check_is_snoozed_for_seconds_or_until_a_moment(site: Site) -> None:
    check = (await site.create())["uuid"]
    reply = await site.api("POST", f"checks/{check}/snooze", {"seconds": 60})
    until = (site.clock() + timedelta(seconds=60)).replace(microsecond=0)
    assert (reply.status, reply.json["snoozed_until"]) == (200, until.isoformat())
    moment = (site.clock() + timedelta(days=2)).replace(microsecond=0)
    reply = await site.api("POST", f"checks/{check}/snooze", {"until": moment.isoformat()})
    assert reply.json["snoozed_until"] == moment.isoformat()
    assert (await site.get(check))["snoozed_until"] == moment.isoformat()


async def test_zero_seconds_end_it(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.api("POST", f"checks/{check}/snooze", {"seconds": 60})
    reply = await site.api("POST", f"checks/{check}/snooze", {"seconds": 0})
    assert reply.status == 200
    assert reply.json.get("snoozed_until") is None


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({}, "expected either seconds or until"),
        ({"seconds": 1, "until": "2030-01-01T00:00:00Z"}, "expected either seconds or until"),
        ({"until": "2020-01-01T00:00:00Z"}, "until is in the past"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": 31_536_001}, "seconds"),
        ({"seconds": "60"}, "seconds"),
        ({"until": "tomorrow"}, "until"),
    ],
)
async def test_what_is_no_snooze_changes_nothing(site: Site, asked: dict[str, object], fault: str) -> None:
    check = (await site.create())["uuid"]
    reply = await site.api("POST", f"checks/{check}/snooze", asked)
    assert reply.status == 400
    assert fault in reply.error
    assert (await site.get(check)).get("snoozed_until") is None


async def test_snoozing_needs_the_read_write_key_of_the_checks_project(site: Site) -> None:
    other = await site.beside()
    check = (await site.create())["uuid"]
    path = f"checks/{check}/snooze"
    replies = [
        await site.api("POST", path, {"seconds": 1}, key=site.keys.api_key_readonly),
        await site.api("POST", path, {"seconds": 1}, key=other.keys.api_key),
        await site.api("POST", f"checks/{NOWHERE}/snooze", {"seconds": 1}),
    ]
    assert [reply.status for reply in replies] == [401, 403, 404]
    await other.close()
