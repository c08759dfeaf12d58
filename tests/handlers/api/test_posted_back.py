"""Each document that the API gives can be sent back as it is: that is accepted and changes nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.domain.state_machine import Step
from tests.handlers.harness import Site


async def post_back(site: Site, path: str, **options: Any) -> dict[str, Any]:
    """The document at `path`, which is posted there; neither it nor what is stored may change."""
    before, stored = (await site.api("GET", path, **options)).json, await stored_at(site, path)
    reply = await site.api("POST", path, before, **options)
    assert (reply.status, reply.json) == (200, before)
    assert await stored_at(site, path) == stored
    document: dict[str, Any] = before
    return document


async def stored_at(site: Site, path: str) -> object:
    kind, id = path.split("/")
    services = site.services
    if kind == "checks":
        check = await services.state_writer.settle(UUID(id))
        return replace(check, channels=tuple(sorted(check.channels)))
    stores: dict[str, Any] = {
        "windows": services.storage.windows,
        "channels": services.storage.channels,
        "projects": services.storage.projects,
    }
    return await stores[kind].get(UUID(id))


CHECKS: list[dict[str, Any]] = [
    {},
    {"name": "Größe", "slug": "other", "tags": "a b", "desc": "x\ny", "methods": "POST", "timeout": 60},
    {"schedule": "*/5 3 * * *", "tz": "Europe/Kiev", "grace": 60, "manual_resume": True},
    {"schedule": "Mon..Fri 08:00\n*-01-01", "tz": "Asia/Kolkata"},
    {"schedule": "2001-01-01"},
    {"success_kw": "ok", "failure_kw": "bad", "filter_subject": True, "filter_default_fail": True},
    {"success_kw": "ok", "start_kw": "go", "filter_body": True, "kw_whole_word": True},
    {"failures_before_alert": 3, "repeat_after": 3600, "channels": "*", "kw_ignore_case": True},
    {"success_exit_statuses": [3, 24], "max_runtime": 7200, "early": 600, "ignored_exit_statuses": [75]},
    {"successes_before_up": 3, "min_runtime": 300},
]


async def test_a_check_that_depends_on_others_also_when_one_is_not_there_any_more(site: Site) -> None:
    nas, router = [(await site.create(slug=slug))["uuid"] for slug in ("nas", "router")]
    check = UUID((await site.create(depends_on=["router", nas]))["uuid"])
    document = await post_back(site, f"checks/{check}")
    assert document["depends_on"] == [router, nas]
    gone = str(UUID(int=7))  # a deletion that was cut short has left it
    await site.services.state_writer.change(
        check, lambda current: Step(replace(current, depends_on=(UUID(gone), UUID(nas))))
    )
    document = await site.get(str(check))
    assert document["depends_on"] == [gone, nas]
    reply = await site.api("POST", f"checks/{check}", document)
    assert (reply.status, reply.json["depends_on"]) == (200, [nas])


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("members", CHECKS, ids=str)
async def test_a_check(site: Site, members: dict[str, Any], version: int) -> None:
    for name in ("one", "two"):
        await site.channel(name)
    check = (await site.create(**members))["uuid"]
    path = f"checks/{check}"
    await post_back(site, path, version=version)
    if members.get("methods"):
        return
    for signal in ("", "/start", "/fail", ""):
        await site.ping(check, signal)
        site.clock.advance(1)
        await post_back(site, path, version=version)
    await site.api("POST", f"{path}/pause")
    assert (await post_back(site, path, version=version))["status"] == "paused"


async def test_a_snoozed_check(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.api("POST", f"checks/{check}/snooze", {"seconds": 3600})
    document = await post_back(site, f"checks/{check}")
    assert document["snoozed_until"] == "2024-03-10T13:00:00+00:00"
    site.clock.advance(3601)
    await site.api("POST", f"checks/{check}", document)
    assert "snoozed_until" not in await post_back(site, f"checks/{check}")


WINDOWS: list[dict[str, Any]] = [
    {"start": "2024-03-10T22:00:00Z", "end": "2024-03-11T02:00:00.5Z"},
    {"schedule": "0 3 * * *", "tz": "Europe/Kiev", "minutes": 90, "tag": "db"},
    {"name": "Once more", "schedule": "2024-03-11 12:00", "minutes": 5},
]


@pytest.mark.parametrize("members", WINDOWS, ids=str)
async def test_a_window_before_and_after_its_time(site: Site, members: dict[str, Any]) -> None:
    check = (await site.create())["uuid"]
    for scope in ({}, {"check": check, "tag": ""}):
        window = (await site.api("POST", "windows/", {**members, **scope})).json["id"]
        for _ in range(2):
            await post_back(site, f"windows/{window}")
            site.clock.advance(3 * 86_400)
        site.clock.reset()


async def test_a_channel_in_every_state(site: Site) -> None:
    channel = await site.channel("ops")
    path = f"channels/{channel.id}"
    full = {"events": ["paused"], "delay": 60, "tags": "a b", "auto_assign": True}
    for members in ({}, full, {"disabled": True}, {"disabled": False}):
        await site.api("POST", path, members)
        await post_back(site, path)
    await site.services.storage.channels.replace(replace(channel, error="its mail came back"))
    document = await post_back(site, path)
    assert (document["disabled"], document["error"]) == (True, "its mail came back")


async def test_a_project_with_and_without_limits_of_its_own(site: Site) -> None:
    _, key = await site.services.admin_keys.create()
    path = f"projects/{site.project.id}"
    await post_back(site, path, key=key)
    for limits in ({"checks_limit": 7}, {"pings_limit": 7}, {"checks_limit": 0, "pings_limit": 0}):
        await site.api("POST", path, limits, key=key)
        await post_back(site, path, key=key)
