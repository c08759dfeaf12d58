"""POST channels/<uuid>/test"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest
import pytest_asyncio

from hcserver.config.schema import NotificationSettings
from tests.handlers.harness import NOWHERE, Site, serve


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def telling(mongo_uri: str) -> AsyncIterator[Site]:
    """A server whose channels may reach this machine."""
    settings = NotificationSettings(allowed_networks=(ip_network("127.0.0.0/8"),), timeout=1.0)
    async with serve(mongo_uri, notifications=settings) as site:
        yield site


class Receiver:
    """Takes webhooks, and answers with a status; None: never."""

    def __init__(self, status: int | None) -> None:
        self.status = status
        self.received: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")
        )
        self.received.append(await reader.readexactly(length))
        if self.status is None:
            await reader.read()
        else:
            writer.write(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % self.status)
        writer.close()


@asynccontextmanager
async def receiving(status: int | None = 204) -> AsyncIterator[tuple[Receiver, str]]:
    receiver = Receiver(status)
    server = await asyncio.start_server(receiver, "127.0.0.1", 0)
    try:
        yield receiver, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()


async def create(site: Site, target: str, kind: str = "webhook", **members: Any) -> str:
    reply = await site.api("POST", "channels/", {"kind": kind, "target": target, **members})
    assert reply.status == 201, reply.body
    return str(reply.json["id"])


async def test_a_channel_that_works_says_so(telling: Site) -> None:
    async with receiving() as (receiver, url):
        channel = await create(telling, url)
        reply = await telling.api("POST", f"channels/{channel}/test")
    assert reply.status == 200
    duration = reply.json["duration"]
    assert reply.json == {"ok": True, "status": 204, "error": None, "duration": duration}
    assert 0 <= duration < 1
    (body,) = receiver.received
    assert b"check.test" in body


async def test_it_can_be_about_a_check_of_the_project(telling: Site) -> None:
    check = await telling.create(name="Nightly backup")
    async with receiving() as (receiver, url):
        channel = await create(telling, url)
        reply = await telling.api("POST", f"channels/{channel}/test", {"check": check["uuid"]})
        assert reply.json["ok"] is True
    assert b"Nightly backup" in receiver.received[0]
    assert await telling.get(check["uuid"]) == check


async def test_a_check_of_another_project_is_refused(telling: Site) -> None:
    other = await telling.beside()
    channel = await create(telling, "http://127.0.0.1:1/")
    for check in (str(NOWHERE), (await other.create())["uuid"]):
        reply = await telling.api("POST", f"channels/{channel}/test", {"check": check})
        assert (reply.status, reply.error) == (
            400,
            "json validation error: check is no check of the project",
        )
    reply = await telling.api("POST", f"channels/{channel}/test", {"check": "x"})
    assert (reply.status, reply.error) == (400, "json validation error: check is not a uuid")
    await other.close()


async def test_the_status_of_a_receiver_that_refuses_is_reported(telling: Site) -> None:
    async with receiving(410) as (_, url):
        channel = await create(telling, url)
        reply = await telling.api("POST", f"channels/{channel}/test")
    assert (reply.status, reply.json["ok"], reply.json["status"]) == (200, False, 410)
    assert "410" in reply.json["error"]


async def test_a_receiver_that_never_answers_fails_the_test_in_time(telling: Site) -> None:
    async with receiving(None) as (_, url):
        channel = await create(telling, url)
        reply = await telling.api("POST", f"channels/{channel}/test")
    assert (reply.status, reply.json["ok"], reply.json["status"]) == (200, False, None)
    assert reply.json["error"]


async def test_what_may_not_be_reached_is_not_reached(site: Site) -> None:
    async with receiving() as (receiver, url):
        # As a number, the address is only looked at when something is sent.
        channel = await create(site, url.replace("127.0.0.1", "2130706433"))
        reply = await site.api("POST", f"channels/{channel}/test")
    assert (reply.status, reply.json["ok"]) == (200, False)
    assert receiver.received == []


async def test_a_group_tests_all_its_channels_and_reports_the_first_failure(telling: Site) -> None:
    async with receiving() as (good, good_url), receiving(500) as (bad, bad_url):
        members = [await create(telling, good_url), await create(telling, bad_url, name="broken one")]
        for count, ok in ((1, True), (2, False)):
            group = await create(telling, ",".join(members[:count]), kind="group")
            reply = await telling.api("POST", f"channels/{group}/test")
            assert (reply.status, reply.json["ok"]) == (200, ok)
    assert (reply.json["status"], reply.json["error"].partition(": ")[0]) == (500, "broken one")
    assert (len(good.received), len(bad.received)) == (2, 1)


async def test_a_group_without_channels_fails_the_test(telling: Site) -> None:
    member = await create(telling, "http://127.0.0.1:1/")
    group = await create(telling, member, kind="group")
    await telling.api("DELETE", f"channels/{member}")
    reply = await telling.api("POST", f"channels/{group}/test")
    assert reply.json == {"ok": False, "status": None, "error": "the group has no channels", "duration": 0.0}


@pytest.mark.parametrize("raw", [b"no json", b"null"])
async def test_a_body_that_is_no_object_is_refused(telling: Site, raw: bytes) -> None:
    channel = await create(telling, "http://127.0.0.1:1/")
    assert (await telling.api("POST", f"channels/{channel}/test", raw=raw)).status == 400
