"""GET events: server-sent events of what happens to the checks of a project."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest

from handlers.api import events as events_api
from handlers.api.events import EventsHandler
from handlers.api.payloads import ping_payload
from handlers.api.schemas import COMPONENTS
from hcserver.app import build_services
from hcserver.config.schema import HttpSettings
from hcserver.domain.notification import Attempt, Notification
from hcserver.domain.ping import Report
from hcserver.services.reading import event_feeds
from tests.handlers.harness import BASE, PATIENCE, Connection, Site, request_bytes, serve


class Stream:
    """Reads the events of a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.id = ""  # of the last event: what a client sends to resume

    async def block(self) -> dict[str, str]:
        """The fields of the next event, or of what stands in place of one."""
        async with asyncio.timeout(PATIENCE):
            text = (await self.connection.reader.readuntil(b"\n\n")).decode()
        lines = text.strip().split("\n")
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        self.id = fields.get("id", self.id)
        return fields

    async def next(self) -> tuple[str, Any]:
        """The name and the data of the next event."""
        while "event" not in (fields := await self.block()):
            pass
        return fields["event"], json.loads(fields["data"])

    async def upto(self, name: str) -> list[tuple[str, Any]]:
        """The events up to the first one with this name."""
        found = [await self.next()]
        while found[-1][0] != name:
            found.append(await self.next())
        return found

    async def numbers(self, count: int) -> list[int]:
        """The numbers of the next pings; other events are left out."""
        found: list[int] = []
        while len(found) < count:
            name, data = await self.next()
            if name == "ping":
                found.append(data["n"])
        return found

    async def ends(self) -> bool:
        """Whether the stream comes to its end, without another event."""
        async with asyncio.timeout(PATIENCE):
            return b"event: " not in await self.connection.reader.readuntil(b"0\r\n\r\n")


@asynccontextmanager
async def listening(
    site: Site, query: str = "", *, key: str | None = None, after: str = ""
) -> AsyncIterator[Stream]:
    """A stream that has begun."""
    if not site.connections:
        await site.connect()  # for other requests
    connection = await site.connect()
    headers = {"X-Api-Key": key or site.keys.api_key} | ({"Last-Event-ID": after} if after else {})
    await connection.send(request_bytes("GET", f"/api/v3/events{query}", headers))
    head = await connection.reader.readuntil(b"\r\n\r\n")
    assert b" 200 OK" in head, head
    stream = Stream(connection)
    assert (await stream.block())["id"]
    try:
        yield stream
    finally:
        await connection.close()
        site.connections.remove(connection)


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_api, "PERIOD", 0.02)


def conforms(document: dict[str, Any], name: str, *more: str) -> bool:
    """Whether it is the API's document of that name, with some members more and no others."""
    plain = {member: value for member, value in document.items() if member not in more}
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": COMPONENTS}}
    jsonschema_rs.validate(schema, plain)
    return set(plain) <= set(COMPONENTS[name]["properties"]) and set(more) <= set(document)


async def sent(site: Site, check: str, channel: str, **members: Any) -> Notification:
    """Leaves a notification behind that was sent just now."""
    now = site.clock()
    attempts = (Attempt(at=now, duration=0.25, status=200),)
    fields = {"n": 1, "event": "down", "reason": "fail", "at": now, "status": "sent", "attempts": attempts}
    one = Notification(
        check=UUID(check), channel=UUID(channel), project=site.project.id, **{**fields, **members}
    )
    await site.services.storage.notifications.add([one])
    return one


async def test_pings_and_flips_come_as_the_documents_of_the_api(site: Site) -> None:
    check = (await site.create(name="Backup"))["uuid"]
    async with listening(site) as stream:
        await site.ping(check, "/start")
        site.clock.advance(2)
        await site.ping(check, body=b"done")
        events = await stream.upto("flip")
    assert [(name, data["uuid"], data["name"]) for name, data in events] == [
        *[("ping", check, "Backup")] * 2,
        ("flip", check, "Backup"),
    ]
    pings = [{**data} for name, data in events if name == "ping"]
    assert conforms(pings[1], "Ping", "uuid", "name")
    assert pings[1]["duration"] == 2.0
    for ping in pings:
        del ping["uuid"], ping["name"]
    assert pings == list(reversed(await site.pings(check)))
    flip = events[-1][1]
    assert conforms(flip, "Flip", "uuid", "name", "n")
    assert {"timestamp": flip["timestamp"], "up": flip["up"]} == (await site.flips(check))[0]


async def test_a_notification_comes_when_it_is_settled(site: Site) -> None:
    channel = str((await site.channel("ops")).id)
    check = (await site.create(name="Backup", channels=channel))["uuid"]
    await site.ping(check)
    async with listening(site) as stream:
        await site.ping(check, "/fail")
        data = (await stream.upto("notification"))[-1][1]
        assert conforms(data, "Notification", "uuid", "name")
        assert (data["check"], data["channel"], data["event"]) == (check, channel, "down")
        assert data["status"] != "pending"


async def test_what_happened_before_is_not_told(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check)
    async with listening(site) as stream:
        await site.ping(check)
        assert await stream.numbers(1) == [2]


async def test_a_new_check_is_told_of_from_its_first_ping_on(site: Site) -> None:
    async with listening(site) as stream:
        check = (await site.create())["uuid"]
        await site.ping(check)
        assert await stream.numbers(1) == [1]


async def test_a_read_only_key_hears_of_flips_and_learns_no_address(site: Site) -> None:
    check = await site.create(name="Backup")
    key = site.keys.api_key_readonly
    unique = (await site.get(check["uuid"], key=key))["unique_key"]
    async with listening(site, key=key) as stream:
        await site.ping(check["uuid"], body=b"text")
        name, data = await stream.next()
    assert (name, data["unique_key"]) == ("flip", unique)
    assert check["uuid"] not in json.dumps(data)
    assert "uuid" not in data


async def test_a_stream_resumes_behind_what_was_heard_and_rather_repeats_than_misses(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check)
    site.clock.advance(1000)
    await site.ping(check)
    async with listening(site) as stream:
        await site.ping(check)
        assert await stream.numbers(1) == [3]
        site.clock.advance(1)
    site.clock.advance(3600)
    for _ in range(110):  # more than one look tells of a check
        await site.ping(check)
    async with listening(site, after=stream.id) as resumed:
        assert await resumed.numbers(112) == list(range(2, 114))


async def test_a_listener_that_heard_nothing_yet_can_resume(site: Site) -> None:
    check = (await site.create())["uuid"]
    async with listening(site) as stream:
        pass
    site.clock.advance(7200)
    await site.ping(check)
    async with listening(site, after=stream.id) as resumed:
        assert await resumed.numbers(1) == [1]


async def test_a_notification_that_was_pending_is_told_when_it_was_settled_meanwhile(site: Site) -> None:
    channel = str((await site.channel("ops")).id)
    check = (await site.create(name="Backup"))["uuid"]
    other = (await site.create())["uuid"]
    await sent(site, check, channel, status="pending", attempts=(), due=site.clock() + timedelta(days=1))
    old = f"{int(site.clock().timestamp() * 1000)}-0"
    async with listening(site, after=old) as stream:
        await site.ping(other)
        await stream.numbers(1)
    site.clock.advance(7200)
    for status in ("sent", "skipped"):
        await site.services.database["notifications"].update_one(
            {"check": UUID(check)}, {"$set": {"status": status}, "$unset": {"due": 1}}
        )
        async with listening(site, after=stream.id) as resumed:
            data = (await resumed.upto("notification"))[-1][1]
        assert (data["check"], data["n"], data["status"]) == (check, 1, status)


async def test_a_notification_that_was_sent_long_before_is_not_repeated(site: Site) -> None:
    channel = str((await site.channel("ops")).id)
    check = (await site.create())["uuid"]
    await sent(site, check, channel)
    site.clock.advance(600)
    now = int(site.clock().timestamp() * 1000)
    await sent(site, check, channel, n=2)
    async with listening(site, after=f"{now}-{now - 3_600_000}") as stream:
        name, data = await stream.next()
    assert (name, data["n"]) == ("notification", 2)


async def test_what_is_no_id_is_refused(site: Site) -> None:
    reply = await site.api("GET", "events", headers={"Last-Event-ID": "x"})
    assert (reply.status, reply.error) == (400, "Last-Event-ID is not the id of an event")


async def test_an_id_of_the_future_is_as_good_as_now(site: Site) -> None:
    check = (await site.create())["uuid"]
    async with listening(site, after="9999999999999-9999999999999") as stream:
        await site.ping(check)
        assert await stream.numbers(1) == [1]


async def test_one_check_or_the_checks_with_tags_are_listened_to(site: Site) -> None:
    one, other = (await site.create(tags="a b"))["uuid"], (await site.create(tags="a"))["uuid"]
    unique = (await site.get(one, key=site.keys.api_key_readonly))["unique_key"]
    for query in (f"?check={one}", f"?check={unique}", "?tag=b", "?tag=a&tag=b"):
        async with listening(site, query) as stream:
            await site.ping(other)
            await site.ping(one)
            assert (await stream.next())[1]["uuid"] == one, query


async def test_a_check_that_is_not_there_is_refused(site: Site) -> None:
    beside = await site.beside()
    foreign = (await beside.create())["uuid"]
    await beside.close()
    for check, status in (("x", 400), (str(UUID(int=1)), 404), (foreign, 403)):
        reply = await site.api("GET", f"events?check={check}")
        assert reply.status == status, check


async def test_another_project_is_not_heard(site: Site) -> None:
    beside = await site.beside()
    foreign, own = (await beside.create())["uuid"], (await site.create())["uuid"]
    async with listening(site) as stream:
        await site.ping(foreign)
        await site.ping(own)
        assert (await stream.next())[1]["uuid"] == own
    await beside.close()


async def test_pings_that_another_process_records_arrive(site: Site) -> None:
    check = (await site.create())["uuid"]
    services = site.services
    other = build_services(services.database, services.settings, site.clock)
    other.runtime.absence.threshold = timedelta.max
    await other.start()
    try:
        async with listening(site) as stream:
            beside = Site(other, site.clock, site.port, site.project, site.keys)
            await record(beside, check)
            assert await stream.numbers(1) == [1]
    finally:
        await other.stop()


async def record(site: Site, check: str) -> None:
    """A ping by way of the services, without HTTP."""
    report = Report(
        check=UUID(check), at=site.clock(), signal="success", scheme="http", remote_addr="127.0.0.1"
    )
    await site.services.intake.record([report])


async def test_the_stream_ends_when_its_key_is_replaced(site: Site) -> None:
    async with listening(site) as stream, listening(site, key=site.keys.api_key_readonly) as other:
        await site.services.projects.rotate_key(site.project, "api")
        assert await stream.ends()
        await site.services.projects.rotate_key(site.project, "api-readonly")
        assert await other.ends()


async def test_the_stream_ends_when_its_named_key_is_revoked(site: Site) -> None:
    _, key = await site.services.api_keys.create(site.project, "dashboard", "read-only")
    async with listening(site, key=key) as stream:
        await site.services.api_keys.revoke(site.project, "dashboard")
        assert await stream.ends()


async def test_the_stream_ends_when_the_project_is_deleted(site: Site) -> None:
    async with listening(site) as stream:
        await site.services.projects.delete(site.project)
        assert await stream.ends()


async def test_a_project_has_so_many_streams_and_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_api, "HEARTBEAT", 0.05)
    monkeypatch.setattr(event_feeds, "MAX_LISTENERS", 1)
    async with listening(site):
        reply = await site.api("GET", "events")
        assert (reply.status, reply.error) == (429, "too many streams of events of this project")
        assert reply.headers["retry-after"] == "30"
    async with asyncio.timeout(PATIENCE):
        while site.services.event_feeds.listeners(site.project.id):
            await asyncio.sleep(0.01)
    async with listening(site):
        pass


async def test_a_client_that_does_not_read_is_cut_off_and_can_resume(
    mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ping_payload
    monkeypatch.setattr(events_api, "PERIOD", 0.02)
    monkeypatch.setattr(events_api, "ping_payload", lambda *ping: {**plain(*ping), "ua": "x" * 1_000_000})
    monkeypatch.setattr(events_api, "_TOGETHER", 1)
    async with serve(mongo_uri, http=HttpSettings(base_url=BASE, write_timeout=1.0)) as site:
        check = (await site.create())["uuid"]
        feeds = site.services.event_feeds
        async with listening(site) as stream:
            for _ in range(40):  # more than the buffers of a connection take
                await site.ping(check)
            async with asyncio.timeout(PATIENCE):
                while feeds.listeners(site.project.id):
                    await asyncio.sleep(0.05)
        monkeypatch.setattr(events_api, "ping_payload", plain)
        async with listening(site, after=stream.id) as resumed:
            assert await resumed.numbers(40) == list(range(1, 41))


async def test_a_silent_stream_sends_comments(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_api, "HEARTBEAT", 0.01)
    async with listening(site) as stream:
        async with asyncio.timeout(PATIENCE):
            await stream.connection.reader.readuntil(b": still here\n\n")


async def test_the_headers_are_those_of_a_stream_that_any_page_may_read(site: Site) -> None:
    assert EventsHandler.endless  # a stop of the server does not wait for it
    reply = await site.request("HEAD", "/api/v3/events", {"X-Api-Key": site.keys.api_key})
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-headers"] == "X-Api-Key, Last-Event-ID"
    assert (await site.api("GET", "events", key="")).status == 401
    assert (await site.api("POST", "events")).status == 405
