"""GET checks/<uuid>/notifications/ and GET channels/<uuid>/notifications/"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.notification import Attempt, Notification
from tests.handlers.harness import Site


async def told(site: Site, check: str, channel: str, count: int = 3) -> datetime:
    """Leaves `count` notifications behind; the last is the newest."""
    now = site.clock()
    await site.services.storage.notifications.add(
        [
            Notification(
                check=UUID(check),
                n=n,
                channel=UUID(channel),
                project=site.project.id,
                event="down" if n % 2 else "up",
                reason="fail",
                at=now + timedelta(seconds=n),
                status="sent",
                attempts=(
                    Attempt(at=now + timedelta(seconds=n), duration=0.25, status=500, error="no"),
                    Attempt(at=now + timedelta(seconds=n + 1), duration=0.125, status=200),
                ),
            )
            for n in range(1, count + 1)
        ]
    )
    return now


async def listed(site: Site, path: str) -> list[dict[str, Any]]:
    reply = await site.api("GET", path)
    assert reply.status == 200, reply.body
    notifications: list[dict[str, Any]] = reply.json["notifications"]
    return notifications


async def test_they_are_listed_newest_first_with_their_attempts(site: Site) -> None:
    check, channel = (await site.create())["uuid"], str((await site.channel("x")).id)
    await told(site, check, channel)
    newest, *others = await listed(site, f"checks/{check}/notifications/")
    assert newest == {
        "check": check,
        "channel": channel,
        "n": 3,
        "event": "down",
        "reason": "fail",
        "at": "2024-03-10T12:00:03.750000+00:00",
        "status": "sent",
        "why": None,
        "attempts": [
            {
                "at": "2024-03-10T12:00:03.750000+00:00",
                "duration": 0.25,
                "status": 500,
                "error": "no",
            },
            {"at": "2024-03-10T12:00:04.750000+00:00", "duration": 0.125, "status": 200, "error": None},
        ],
    }
    assert [one["n"] for one in others] == [2, 1]
    assert await listed(site, f"channels/{channel}/notifications/") == [newest, *others]


async def test_other_checks_and_channels_have_their_own(site: Site) -> None:
    check, channel = (await site.create())["uuid"], str((await site.channel("x")).id)
    await told(site, check, channel)
    other_check, other_channel = (await site.create())["uuid"], str((await site.channel("y")).id)
    assert await listed(site, f"checks/{other_check}/notifications/") == []
    assert await listed(site, f"channels/{other_channel}/notifications/") == []


async def test_as_many_as_asked_for_are_listed(site: Site) -> None:
    check, channel = (await site.create())["uuid"], str((await site.channel("x")).id)
    await told(site, check, channel, 120)
    for path in (f"checks/{check}/notifications/", f"channels/{channel}/notifications/"):
        for query, count in (("", 100), ("?limit=2", 2), ("?limit=1000", 120)):
            found = await listed(site, path + query)
            assert [one["n"] for one in found] == list(range(120, 120 - count, -1))


@pytest.mark.parametrize("limit", ["0", "1001", "x", "", "-1", "1.0"])
async def test_a_limit_is_a_number_from_1_to_1000(site: Site, limit: str) -> None:
    check, channel = (await site.create())["uuid"], (await site.channel("x")).id
    for path in (f"checks/{check}/notifications/", f"channels/{channel}/notifications/"):
        reply = await site.api("GET", f"{path}?limit={limit}")
        assert (reply.status, reply.error) == (400, "limit is not a number from 1 to 1000")


async def test_what_happens_to_a_check_is_found_there(site: Site) -> None:
    await site.channel("x")
    check = (await site.create(channels="*", failures_before_alert=2))["uuid"]
    await site.ping(check, "/fail")
    (one,) = await listed(site, f"checks/{check}/notifications/")
    assert (one["event"], one["reason"], one["status"]) == ("down", "fail", "skipped")
    assert one["why"] == "failure 1 of 2 in a row"


async def test_they_go_with_their_check(site: Site) -> None:
    check, channel = (await site.create())["uuid"], str((await site.channel("x")).id)
    await told(site, check, channel)
    await site.api("DELETE", f"checks/{check}")
    assert await listed(site, f"channels/{channel}/notifications/") == []
