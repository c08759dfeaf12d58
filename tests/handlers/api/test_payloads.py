"""A check as the API shows it, to either kind of key, in each version."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.handlers.harness import BASE, Site

COMMON = {
    *("name", "slug", "tags", "desc", "grace", "n_pings", "status", "started", "last_ping", "next_ping"),
    *("manual_resume", "methods", "subject", "subject_fail", "start_kw", "success_kw", "failure_kw"),
    *("filter_subject", "filter_body", "filter_http_body", "filter_default_fail", "badge_url"),
}
WRITABLE = COMMON | {"uuid", "ping_url", "update_url", "pause_url", "resume_url", "channels"}
READABLE = COMMON | {"unique_key"}
SIMPLE = {"timeout"}
SCHEDULED = {"schedule", "tz"}


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_each_key_and_kind_has_its_members(site: Site, version: int) -> None:
    for members, kind in (
        ({"timeout": 60}, SIMPLE),
        ({"schedule": "* * * * *"}, SCHEDULED),
        ({"schedule": "daily"}, SCHEDULED),
    ):
        check = (await site.create(**members))["uuid"]
        assert set(await site.get(check, version=version)) == WRITABLE | kind
        readable = await site.get(check, version=version, key=site.keys.api_key_readonly)
        assert set(readable) == READABLE | kind
        await site.ping(check, "/start")
        await site.ping(check)
        assert set(await site.get(check, version=version)) == WRITABLE | kind | {"last_duration"}


async def test_a_new_check_has_these_values(site: Site) -> None:
    document = await site.create()
    id = document["uuid"]
    badge_url = document.pop("badge_url")
    assert badge_url.startswith(f"{BASE}/b/2/") and badge_url.endswith(".svg") and id not in badge_url
    assert document == {
        "name": "",
        "slug": "",
        "tags": "",
        "desc": "",
        "grace": 3600,
        "n_pings": 0,
        "status": "new",
        "started": False,
        "last_ping": None,
        "next_ping": None,
        "manual_resume": False,
        "methods": "",
        "subject": "",
        "subject_fail": "",
        "start_kw": "",
        "success_kw": "",
        "failure_kw": "",
        "filter_subject": False,
        "filter_body": False,
        "filter_http_body": False,
        "filter_default_fail": False,
        "uuid": id,
        "ping_url": f"{BASE}/ping/{id}",
        "update_url": f"{BASE}/api/v3/checks/{id}",
        "pause_url": f"{BASE}/api/v3/checks/{id}/pause",
        "resume_url": f"{BASE}/api/v3/checks/{id}/resume",
        "channels": "",
        "timeout": 86400,
    }


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_addresses_are_of_the_version_that_was_asked(site: Site, version: int) -> None:
    check = (await site.create())["uuid"]
    for document in (
        await site.get(check, version=version),
        (await site.api("GET", "checks/", version=version)).json["checks"][0],
        (await site.api("POST", f"checks/{check}", {}, version=version)).json,
        (await site.api("POST", f"checks/{check}/pause", version=version)).json,
        (await site.api("POST", f"checks/{check}/resume", version=version)).json,
        (await site.api("DELETE", f"checks/{check}", version=version)).json,
    ):
        address = f"{BASE}/api/v{version}/checks/{check}"
        urls = [document[f"{name}_url"] for name in ("update", "pause", "resume")]
        assert urls == [address, f"{address}/pause", f"{address}/resume"]


async def test_the_unique_key_is_made_of_the_first_half_of_the_uuid(site: Site) -> None:
    check = (await site.create())["uuid"]
    document = await site.get(check, key=site.keys.api_key_readonly)
    assert document["unique_key"] == hashlib.sha1(check.replace("-", "")[:16].encode()).hexdigest()
    for key in (site.keys.api_key_readonly, site.keys.api_key):
        assert await site.get(document["unique_key"], key=key) == await site.get(check, key=key)


async def test_a_read_only_payload_has_no_ping_address(site: Site) -> None:
    await site.channel("one")
    check = (await site.create(channels="*", name="x"))["uuid"]
    reply = await site.api("GET", f"checks/{check}", key=site.keys.api_key_readonly)
    assert check not in reply.text
    assert check.replace("-", "") not in reply.text


async def test_times_have_an_offset_and_no_fractions(site: Site) -> None:
    check = (await site.create(timeout=3600))["uuid"]
    await site.ping(check)
    document = await site.get(check)
    assert document["last_ping"] == "2024-03-10T12:00:00+00:00"
    assert document["next_ping"] == "2024-03-10T13:00:00+00:00"


@pytest.mark.parametrize(("seconds", "shown"), [(0, 0), (0.999, 0), (1, 1), (59.9, 59)])
async def test_the_duration_is_in_whole_seconds(site: Site, seconds: float, shown: int) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "/start")
    site.clock.advance(seconds)
    await site.ping(check)
    assert (await site.get(check))["last_duration"] == shown


async def shown(site: Site, check: str) -> list[tuple[Any, Any, Any]]:
    """status, started and next_ping in v1, v2 and v3."""
    documents = [await site.get(check, version=version) for version in (1, 2, 3)]
    return [(d["status"], d["started"], d["next_ping"] and d["next_ping"][11:19]) for d in documents]


async def test_in_v1_a_running_check_is_started(site: Site) -> None:
    check = (await site.create(timeout=600, grace=60))["uuid"]
    await site.ping(check, "/start")
    running = ("new", True, "12:00:00")
    assert await shown(site, check) == [("started", True, "12:00:00"), running, running]
    await site.ping(check)
    up = ("up", False, "12:10:00")
    assert await shown(site, check) == [up] * 3
    site.clock.advance(10)
    await site.ping(check, "/start")
    running = ("up", True, "12:00:10")
    assert await shown(site, check) == [("started", True, "12:00:10"), running, running]
    site.clock.advance(60)
    assert await shown(site, check) == [("down", True, None)] * 3


async def test_in_v1_a_check_that_is_down_or_paused_and_runs_is_started(site: Site) -> None:
    check = (await site.create(grace=60))["uuid"]
    await site.ping(check, "/fail")
    await site.ping(check, "/start")
    running: tuple[str, bool, str | None] = ("down", True, None)
    assert await shown(site, check) == [("started", True, None), running, running]
    await site.api("POST", f"checks/{check}/pause")
    await site.ping(check, "/start")
    running = ("paused", True, "12:00:00")
    assert await shown(site, check) == [("started", True, "12:00:00"), running, running]


async def test_there_is_no_next_ping_for_new_paused_and_down_checks(site: Site) -> None:
    check = (await site.create(timeout=600, grace=60))["uuid"]
    assert await shown(site, check) == [("new", False, None)] * 3
    await site.ping(check)
    site.clock.advance(600)
    assert await shown(site, check) == [("grace", False, "12:10:00")] * 3
    site.clock.advance(60)
    assert await shown(site, check) == [("down", False, None)] * 3
    await site.api("POST", f"checks/{check}/pause")
    assert await shown(site, check) == [("paused", False, None)] * 3


async def test_the_old_subject_members_show_keywords_only_while_subjects_are_filtered(site: Site) -> None:
    words = {"success_kw": "OK", "failure_kw": "BAD"}
    document = await site.create(**words)
    assert (document["subject"], document["subject_fail"]) == ("", "")
    document = await site.create(**words, filter_body=True)
    assert (document["subject"], document["subject_fail"]) == ("", "")
    document = await site.create(**words, filter_subject=True)
    assert (document["subject"], document["subject_fail"]) == ("OK", "BAD")


@pytest.mark.parametrize("rule", ["kw_ignore_case", "kw_whole_word"])
async def test_newer_rules_are_shown_only_where_they_are_on(site: Site, rule: str) -> None:
    document = await site.create(**{rule: True})
    assert document[rule] is True
    reply = await site.api("POST", f"checks/{document['uuid']}", {rule: False})
    assert rule not in reply.json


async def test_channels_are_sorted(site: Site) -> None:
    ids = sorted([str((await site.channel(f"channel {n}")).id) for n in range(5)])
    assert (await site.create(channels=",".join(reversed(ids))))["channels"] == ",".join(ids)
