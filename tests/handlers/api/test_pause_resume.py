"""POST checks/<uuid>/pause and /resume"""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.harness import Site


async def pause(site: Site, check: str) -> dict[str, Any]:
    reply = await site.api("POST", f"checks/{check}/pause")
    assert reply.status == 200
    document: dict[str, Any] = reply.json
    assert document == await site.get(check)
    return document


async def resume(site: Site, check: str) -> dict[str, Any]:
    reply = await site.api("POST", f"checks/{check}/resume")
    assert reply.status == 200
    document: dict[str, Any] = reply.json
    assert document == await site.get(check)
    return document


async def ups(site: Site, check: str) -> list[int]:
    return [flip["up"] for flip in await site.flips(check)]


@pytest.mark.parametrize("signals", [[], [""], ["/fail"], ["", "/start"]])
async def test_a_check_of_any_status_can_be_paused(site: Site, signals: list[str]) -> None:
    check = (await site.create())["uuid"]
    for signal in signals:
        await site.ping(check, signal)
    before = await site.get(check)
    document = await pause(site, check)
    assert document == {**before, "status": "paused", "next_ping": None, "started": False}


async def test_a_pause_is_a_flip_but_only_once(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check)
    site.clock.advance(1)
    await pause(site, check)
    assert await ups(site, check) == [0, 1]
    before = await site.get(check)
    site.clock.advance(1)
    assert await pause(site, check) == before
    assert await ups(site, check) == [0, 1]


async def test_a_paused_check_does_not_go_down(site: Site) -> None:
    check = (await site.create(timeout=60, grace=60))["uuid"]
    await site.ping(check)
    await pause(site, check)
    site.clock.advance(86_400)
    await site.tick()
    assert (await site.get(check))["status"] == "paused"


async def test_a_resumed_check_is_new_but_has_its_pings(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check)
    await site.ping(check, "/start")
    await pause(site, check)
    site.clock.advance(1)
    document = await resume(site, check)
    assert (document["status"], document["n_pings"]) == ("new", 2)
    assert (document["last_ping"], document["next_ping"], document["started"]) == (None, None, False)
    assert await ups(site, check) == [0, 0, 1]
    assert len(await site.pings(check)) == 2


async def test_a_run_that_starts_in_a_pause_is_forgotten_with_it(site: Site) -> None:
    check = (await site.create())["uuid"]
    await pause(site, check)
    await site.ping(check, "/start")
    assert (await site.get(check))["started"] is True
    assert (await resume(site, check))["started"] is False


@pytest.mark.parametrize("signal", [None, "", "/fail", "/start"])
async def test_what_is_not_paused_cant_be_resumed(site: Site, signal: str | None) -> None:
    check = (await site.create())["uuid"]
    if signal is not None:
        await site.ping(check, signal)
    before = await site.get(check)
    for _ in range(2):
        reply = await site.api("POST", f"checks/{check}/resume")
        assert (reply.status, reply.text) == (409, "check is not paused")
        assert reply.headers["content-type"].startswith("text/plain")
    assert await site.get(check) == before


async def test_a_check_that_is_resumed_by_hand_hears_pings_again(site: Site) -> None:
    check = (await site.create(manual_resume=True))["uuid"]
    await pause(site, check)
    await site.ping(check)
    assert (await site.get(check))["status"] == "paused"
    await resume(site, check)
    await site.ping(check)
    assert (await site.get(check))["status"] == "up"


@pytest.mark.parametrize("action", ["pause", "resume"])
async def test_a_body_is_not_needed_but_has_to_be_json(site: Site, action: str) -> None:
    check = (await site.create())["uuid"]
    for raw, status in ((b"", 200), (b"{}", 200), (b'{"name": 5}', 200), (b"null", 400), (b"x", 400)):
        if action == "resume":
            await pause(site, check)
        assert (await site.api("POST", f"checks/{check}/{action}", raw=raw)).status == status
    assert (await site.get(check))["name"] == ""
