"""Pings by UUID: signals, methods, answers, and what they do to the check."""

from __future__ import annotations

import gc
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from handlers.ping.target import parse_target
from hcserver.errors import InvalidRequest, NotFound
from tests.handlers.harness import NOWHERE, Site

RID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("signal", "type", "status", "started"),
    [
        ("", "success", "up", False),
        ("/", "success", "up", False),
        ("/0", "success", "up", False),
        ("/000", "success", "up", False),
        ("/fail", "fail", "down", False),
        ("/1", "fail", "down", False),
        ("/255", "fail", "down", False),
        ("/start", "start", "new", True),
        ("/log", "log", "new", False),
    ],
)
async def test_the_signal_is_in_the_path(
    site: Site, signal: str, type: str, status: str, started: bool
) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, signal)
    (ping,) = await site.pings(check)
    assert (ping["type"], ping["n"]) == (type, 1)
    document = await site.get(check)
    assert (document["status"], document["started"], document["n_pings"]) == (status, started, 1)


async def test_every_method_is_a_ping(site: Site) -> None:
    check = (await site.create())["uuid"]
    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW", "get"]
    for method in methods:
        reply = await site.request(method, f"/ping/{check}")
        assert (reply.status, reply.text) == (200, "" if method == "HEAD" else "OK")
        assert reply.headers["content-length"] == "2"
    pings = await site.pings(check)
    assert [(ping["type"], ping["method"]) for ping in pings] == [("success", m) for m in methods[::-1]]


async def test_an_endless_method_is_recorded_in_part(site: Site) -> None:
    check = (await site.create())["uuid"]
    assert (await site.request("X" * 50_000, f"/ping/{check}")).status == 200
    assert [ping["method"] for ping in await site.pings(check)] == ["X" * 20]


@pytest.mark.parametrize("signal", ["", "/", "/start", "/fail", "/log", "/0", "/7"])
async def test_an_accepted_ping_is_answered_the_same_on_every_signal(site: Site, signal: str) -> None:
    check = (await site.create())["uuid"]
    reply = await site.request("GET", f"/ping/{check}{signal}")
    assert (reply.status, reply.body) == (200, b"OK")
    assert reply.headers["ping-body-limit"] == "10000"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["cache-control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "path",
    [
        f"/ping/{NOWHERE}",
        f"/ping/{NOWHERE}/start",
        f"/ping/{NOWHERE}/0",
        "/ping/",
        "/ping//",
        "/ping/no-uuid",
        f"/ping/{NOWHERE.hex}",
        f"/ping/{NOWHERE}x",
        f"/ping/%7B{NOWHERE}%7D",
    ],
)
async def test_what_is_unknown_is_not_found(site: Site, path: str) -> None:
    reply = await site.request("GET", path)
    assert (reply.status, reply.text) == (404, "not found")
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_below_a_check_there_is_nothing_but_the_signals(site: Site) -> None:
    check = (await site.create())["uuid"]
    slashed = ["/start/", "/fail/", "/log/", "/0/", "//", "/start/1"]
    odd = ["/stop", "/START", "/-1", "/1.0", "/1e1", "/٣", "/%2B", "/%2530"]
    for rest in slashed + odd:
        reply = await site.request("GET", f"/ping/{check}{rest.encode().decode('latin-1')}")
        assert (reply.status, reply.text) == (404, "not found"), rest
    assert await site.pings(check) == []


@pytest.mark.parametrize("status", ["256", "999", "1000", "9" * 10_000])
async def test_an_exit_status_above_255_is_refused(site: Site, status: str) -> None:
    check = (await site.create())["uuid"]
    reply = await site.request("GET", f"/ping/{check}/{status}")
    assert (reply.status, reply.text) == (400, "invalid url format")
    assert await site.pings(check) == []


@pytest.mark.parametrize(
    ("rest", "type", "rid"),
    [
        ("?create=1/start", "start", None),
        ("?create=1/fail", "fail", None),
        ("?create=1/log", "log", None),
        ("?create=1/3", "fail", None),
        ("?create=1/0", "success", None),
        ("?create=1/", "success", None),
        (f"?rid={RID}/start", "start", RID),
        (f"/?create=1&rid={RID}/fail", "fail", RID),
        (f"?create=1/start?rid={RID}", "start", RID),
        (f"?create=1/start&rid={RID}", "start", RID),
        (f"/start?rid={RID}/fail", "start", RID),  # the path says what it is
        ("?folder=/start", "success", None),
        ("?folder=create=1/start", "success", None),
        ("?create=1/started", "success", None),
    ],
)
async def test_a_signal_behind_the_query_is_understood(
    site: Site, rest: str, type: str, rid: str | None
) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, rest)
    assert [(ping["type"], ping["rid"]) for ping in await site.pings(check)] == [(type, rid)]


@pytest.mark.parametrize("rest", ["?create=1/256", f"?rid={RID}/9999"])
async def test_an_exit_status_above_255_behind_the_query_is_refused(site: Site, rest: str) -> None:
    check = (await site.create())["uuid"]
    reply = await site.request("GET", f"/ping/{check}{rest}")
    assert (reply.status, reply.text) == (400, "invalid url format")


async def test_the_exit_status_is_judged_before_the_run_id(site: Site) -> None:
    check = (await site.create())["uuid"]
    reply = await site.request("GET", f"/ping/{check}/256?rid=odd")
    assert (reply.status, reply.text) == (400, "invalid url format")
    reply = await site.request("GET", f"/ping/{check}/255?rid=odd")
    assert (reply.status, reply.text) == (400, "invalid uuid format")


async def test_a_check_is_found_whatever_the_case_of_its_uuid(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check.upper())
    assert len(await site.pings(check)) == 1


async def test_an_api_key_makes_no_difference(site: Site) -> None:
    check = (await site.create())["uuid"]
    for key in ("wrong", site.keys.api_key_readonly, ""):
        assert (await site.request("GET", f"/ping/{check}", {"X-Api-Key": key})).status == 200


async def test_a_deleted_check_is_not_found(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check)
    await site.api("DELETE", f"checks/{check}")
    reply = await site.request("GET", f"/ping/{check}")
    assert (reply.status, reply.text) == (404, "not found")


# -- run ids


@pytest.mark.parametrize("rid", [RID, RID.upper()])
async def test_a_run_id_is_recorded_in_lower_case(site: Site, rid: str) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, f"?rid={rid}")
    assert [ping["rid"] for ping in await site.pings(check)] == [rid.lower()]


async def test_without_a_run_id_it_is_null(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "?rido=1")
    assert [ping["rid"] for ping in await site.pings(check)] == [None]


async def test_the_last_of_several_run_ids_wins(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, f"/start?rid=odd&x=1&rid={RID}")
    assert [ping["rid"] for ping in await site.pings(check)] == [RID]


@pytest.mark.parametrize(
    "rid",
    [
        "",
        "odd",
        RID.replace("-", ""),
        f"%7B{RID}%7D",
        f"urn:uuid:{RID}",
        f"{RID}%0A",
        f"{RID}%00",
        f"%20{RID}",
        f"{RID}&rid=odd",
        RID.replace("1", "%D9%A1"),
        "%FF%FE",
    ],
)
async def test_a_run_id_that_is_no_uuid_is_refused(site: Site, rid: str) -> None:
    check = (await site.create())["uuid"]
    reply = await site.request("GET", f"/ping/{check}/start?rid={rid}")
    assert (reply.status, reply.text) == (400, "invalid uuid format")
    assert await site.pings(check) == []


# -- what a ping does


async def test_a_success_sets_the_time_and_the_next_one(site: Site) -> None:
    check = (await site.create(timeout=3600))["uuid"]
    await site.ping(check)
    document = await site.get(check)
    assert document["last_ping"] == "2024-03-10T12:00:00+00:00"
    assert document["next_ping"] == "2024-03-10T13:00:00+00:00"
    assert document["status"] == "up"
    assert "last_duration" not in document


async def test_start_and_success_give_a_duration(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "/start")
    running = await site.get(check)
    assert (running["started"], running["status"]) == (True, "new")
    assert running["next_ping"] == "2024-03-10T12:00:00+00:00"
    site.clock.advance(90.9)
    await site.ping(check)
    done = await site.get(check)
    assert (done["started"], done["status"], done["last_duration"]) == (False, "up", 90)
    site.clock.advance(1)
    await site.ping(check)
    assert "last_duration" not in await site.get(check)


async def test_a_run_ends_with_its_own_id_or_with_fail_or_without_an_id(site: Site) -> None:
    for end, ends in (
        (f"?rid={RID}", True),
        ("", True),
        (f"?rid={uuid4()}", False),
        (f"/fail?rid={uuid4()}", True),
    ):
        check = (await site.create())["uuid"]
        await site.ping(check, f"/start?rid={RID}")
        await site.ping(check, end)
        document = await site.get(check)
        assert document["started"] is not ends, end
        assert ("last_duration" in document) == (end == f"?rid={RID}")


async def test_log_and_ign_count_and_change_nothing_else(site: Site) -> None:
    check = (await site.create(methods="POST"))["uuid"]
    await site.ping(check, "", b"")
    before = await site.get(check)
    site.clock.advance(1)
    await site.ping(check, "/log", b"")
    await site.ping(check, "/fail")
    after = await site.get(check)
    assert after == {**before, "n_pings": 3}
    assert [ping["type"] for ping in await site.pings(check)] == ["ign", "log", "success"]
    assert len(await site.flips(check)) == 1


@pytest.mark.parametrize("signal", ["", "/start", "/fail", "/log", "/1"])
async def test_where_only_post_counts_other_methods_are_ignored(site: Site, signal: str) -> None:
    check = (await site.create(methods="POST"))["uuid"]
    for method in ("GET", "HEAD", "PUT", "OPTIONS", "post"):
        assert (await site.request(method, f"/ping/{check}{signal}")).status == 200
    document = await site.get(check)
    assert (document["status"], document["started"], document["n_pings"]) == ("new", False, 5)
    assert [ping["type"] for ping in await site.pings(check)] == ["ign"] * 5


async def test_where_only_post_counts_post_counts(site: Site) -> None:
    check = (await site.create(methods="POST"))["uuid"]
    await site.ping(check, "", b"")
    assert (await site.get(check))["status"] == "up"


@pytest.mark.parametrize("signal", ["", "/fail", "/start", "/log"])
async def test_a_paused_check_that_is_resumed_by_hand_ignores_pings(site: Site, signal: str) -> None:
    check = (await site.create(manual_resume=True))["uuid"]
    await site.api("POST", f"checks/{check}/pause")
    await site.ping(check, signal)
    document = await site.get(check)
    assert (document["status"], document["started"], document["n_pings"]) == ("paused", False, 1)
    assert [ping["type"] for ping in await site.pings(check)] == ["ign"]


@pytest.mark.parametrize(
    ("signal", "status"), [("", "up"), ("/fail", "down"), ("/start", "paused"), ("/log", "paused")]
)
async def test_success_and_fail_end_a_pause(site: Site, signal: str, status: str) -> None:
    check = (await site.create())["uuid"]
    await site.api("POST", f"checks/{check}/pause")
    await site.ping(check, signal)
    assert (await site.get(check))["status"] == status


# -- time passing


async def status_after(site: Site, check: str, seconds: float) -> str:
    site.clock.advance(seconds)
    shown = (await site.get(check))["status"]
    await site.tick()
    assert (await site.get(check))["status"] == shown
    return str(shown)


async def test_a_check_that_hears_nothing_is_late_then_down(site: Site) -> None:
    check = (await site.create(timeout=600, grace=300))["uuid"]
    await site.ping(check)
    assert await status_after(site, check, 599) == "up"
    assert await status_after(site, check, 1) == "grace"
    assert await status_after(site, check, 299) == "grace"
    assert await status_after(site, check, 1) == "down"
    document = await site.get(check)
    assert document["next_ping"] is None
    assert [flip["up"] for flip in await site.flips(check)] == [0, 1]
    await site.ping(check)
    assert (await site.get(check))["status"] == "up"


async def test_a_run_that_takes_longer_than_the_grace_time_is_down(site: Site) -> None:
    check = (await site.create(timeout=86400, grace=300))["uuid"]
    await site.ping(check)
    await site.ping(check, "/start")
    assert await status_after(site, check, 299) == "up"
    assert await status_after(site, check, 1) == "down"
    assert (await site.get(check))["started"] is True


async def test_a_cron_check_is_due_by_its_time_zone_over_a_dst_change(site: Site) -> None:
    site.clock.now = datetime(2024, 3, 30, 12, 0, tzinfo=UTC)
    check = (await site.create(schedule="30 5 * * *", tz="Europe/Riga"))["uuid"]
    await site.ping(check)
    # On March 31 Riga goes from UTC+2 to UTC+3.
    assert (await site.get(check))["next_ping"] == "2024-03-31T02:30:00+00:00"


async def test_a_one_off_in_the_past_never_comes_again(site: Site) -> None:
    check = (await site.create(schedule="2020-01-01 12:00"))["uuid"]
    await site.ping(check)
    assert await status_after(site, check, 10**8) == "up"
    assert (await site.get(check))["next_ping"] is None


# -- paths


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/ping/", NotFound),
        ("/ping/a", NotFound),
        ("/ping/a/b/c/d", NotFound),
        ("/ping/a/b/start/", NotFound),
        ("/ping/a/b%20c", NotFound),
        ("/ping/a/b\n", NotFound),
        ("/ping/a/b/0\n", NotFound),
        (f"/ping/a/{'b' * 101}", NotFound),
        ("/ping/a/B", InvalidRequest),
        ("/ping/a/b/256", InvalidRequest),
    ],
)
def test_faulty_paths_raise_what_they_are(path: str, error: Any) -> None:
    with pytest.raises(error):
        parse_target(path)


async def test_a_user_agent_in_utf_8_is_kept_as_what_it_says(site: Site) -> None:
    uuid = (await site.create())["uuid"]
    for agent in ("Mönch/1".encode().decode("latin-1"), "M\xf6nch/1"):
        assert (await site.request("GET", f"/ping/{uuid}", {"User-Agent": agent})).status == 200
    assert [ping["ua"] for ping in await site.pings(uuid)] == ["Mönch/1", "Mönch/1"]


async def test_a_ping_leaves_nothing_behind_that_only_the_garbage_collector_would_find(site: Site) -> None:
    check = await site.create()
    await site.ping(check["uuid"])  # what is made once may stay
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(20):
            await site.ping(check["uuid"], body=b"text")
        gc.collect()
        found = [f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    # Connections that happen to end meanwhile may be among it, but nothing that each ping leaves behind.
    ours = Counter(name for name in found if name.startswith(("handlers.", "hcserver.")))
    assert {name for name, count in ours.items() if count >= 20} == set()
