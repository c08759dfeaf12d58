"""A server on a database of its own and a client that can send any bytes, well-formed or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from tornado.netutil import bind_sockets

from handlers.front import Front, make_front
from handlers.server.listener import HttpListener
from hcserver.app import build_services
from hcserver.config.schema import (
    HttpSettings,
    LimitSettings,
    MetricsSettings,
    MongoSettings,
    NotificationSettings,
    Settings,
    WebSettings,
)
from hcserver.domain.channel import Channel
from hcserver.domain.project import Project
from hcserver.net.byte_budget import ByteBudget
from hcserver.net.certificate import Certificate
from hcserver.services.container import Services
from hcserver.services.management.projects import Keys
from hcserver.storage.client import connect, database_of
from hcserver.validation.channel import parse_channel
from tests.cheap_passwords import cheap_passwords

BASE = "https://hc.example.org"
METRICS_KEY = "metrics-key-of-the-tests"
NOWHERE = UUID("6837d6ec-fc08-4da5-a67f-08a9ed1ccf62")  # no check has this id
PATIENCE = 60.0  # seconds that a test waits for an answer


class FakeClock:
    """A clock that stands still until it is set forward."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.now = datetime(2024, 3, 10, 12, 0, 0, 750_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Reply:
    """An answer; header names in lower case, the values of a repeated one with commas between them."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def unchanging_headers(self) -> dict[str, str]:
        """All headers but the time of the answer."""
        return {name: value for name, value in self.headers.items() if name != "date"}

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The text of a JSON error; there is nothing else in it."""
        document = self.json
        assert list(document) == ["error"]
        return str(document["error"])


class Connection:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, method: str = "GET") -> Reply:
        """Read the answer to a request made with that method."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            start, *lines = head[:-4].split("\r\n")
            headers: dict[str, str] = {}
            for name, value in (line.split(": ", 1) for line in lines):
                known = headers.get(name.lower())
                headers[name.lower()] = value if known is None else f"{known}, {value}"
            status = int(start.split(" ")[1])
            if method == "HEAD" or status in (204, 304) or status < 200:
                return Reply(status, headers, b"")
            if "content-length" in headers:
                return Reply(status, headers, await self.reader.readexactly(int(headers["content-length"])))
            return Reply(status, headers, await self.reader.read())

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        await self.send(request_bytes(method, target, headers, body))
        return await self.reply(method)

    async def is_closed(self) -> bool:
        """Whether the server has closed the connection, with nothing more in it."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read(1) == b""

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def request_bytes(
    method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


@dataclass
class Site:
    """A running server with one project, and a connection that is kept open from request to request."""

    services: Services
    clock: FakeClock
    port: int
    project: Project
    keys: Keys
    connections: list[Connection] = field(default_factory=list)

    async def beside(self) -> Site:
        """The same server with another, new project."""
        project, keys = await self.services.projects.create(f"project {uuid4()}")
        return Site(self.services, self.clock, self.port, project, keys)

    async def connect(self) -> Connection:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", self.port))
        self.connections.append(connection)
        return connection

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        connection = self.connections[0] if self.connections else await self.connect()
        return await connection.request(method, target, headers, body)

    async def close(self) -> None:
        for connection in self.connections:
            await connection.close()

    # -- the API

    async def api(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        key: str | None = None,
        version: int = 3,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        """A request with the read-write key, or `key` ("" for none); `data` goes as JSON, `raw` as it is."""
        key = self.keys.api_key if key is None else key
        credentials = {"X-Api-Key": key} if key else {}
        body = raw if raw is not None else json.dumps(data).encode() if data is not None else None
        if body is None and method == "POST":
            body = b""
        return await self.request(method, f"/api/v{version}/{path}", {**credentials, **(headers or {})}, body)

    async def create(self, **members: Any) -> dict[str, Any]:
        """The document of a new check."""
        reply = await self.api("POST", "checks/", members)
        assert reply.status == 201, reply.body
        document: dict[str, Any] = reply.json
        return document

    async def get(self, check: str, **options: Any) -> dict[str, Any]:
        reply = await self.api("GET", f"checks/{check}", **options)
        assert reply.status == 200, reply.body
        document: dict[str, Any] = reply.json
        return document

    async def pings(self, check: str) -> list[dict[str, Any]]:
        reply = await self.api("GET", f"checks/{check}/pings/")
        assert reply.status == 200, reply.body
        pings: list[dict[str, Any]] = reply.json["pings"]
        return pings

    async def flips(self, check: str, query: str = "") -> list[dict[str, Any]]:
        reply = await self.api("GET", f"checks/{check}/flips/{query}")
        assert reply.status == 200, reply.body
        flips: list[dict[str, Any]] = reply.json["flips"]
        return flips

    async def body(self, check: str, n: int = 1) -> bytes | None:
        reply = await self.api("GET", f"checks/{check}/pings/{n}/body")
        return None if reply.status == 404 else reply.body

    # -- pings

    async def ping(self, check: str, signal: str = "", body: bytes | None = None) -> None:
        """An accepted ping; `signal` is what follows the check's id, the query included."""
        method = "GET" if body is None else "POST"
        reply = await self.request(method, f"/ping/{check}{signal}", body=body)
        assert (reply.status, reply.text) == (200, "OK")

    async def badges(self) -> dict[str, dict[str, str]]:
        """The paths of all badges, by tag and format."""
        badges = (await self.api("GET", "badges/", key=self.keys.api_key_readonly)).json["badges"]
        return {
            tag: {format: url.removeprefix(BASE) for format, url in urls.items()}
            for tag, urls in badges.items()
        }

    async def settled(self) -> None:
        """Wait until everything acknowledged is in the database's documents."""
        await self.services.state_writer.flush()

    async def tick(self) -> None:
        """What the scheduler does each second, once it can see everything in the database's documents."""
        await self.settled()
        await self.services.runtime.due_checks.tick()

    async def pruned(self, check: UUID, log_from: int) -> None:
        """Prune the log of the check until its document says that it begins at that number."""
        services = self.services
        async with asyncio.timeout(PATIENCE):
            while (await services.storage.checks.load([check]))[check].check.log_from < log_from:
                await services.runtime.pruner.prune(await services.cache.get(check), self.project)
                await self.settled()
                await asyncio.sleep(0)

    async def channel(self, name: str) -> Channel:
        return await self.services.channels.create(
            self.project, parse_channel({"kind": "email", "target": "ops@example.org", "name": name})
        )


@asynccontextmanager
async def serve(
    uri: str,
    *,
    http: HttpSettings | None = None,
    limits: LimitSettings | None = None,
    notifications: NotificationSettings | None = None,
    web: WebSettings | None = None,
    budget: ByteBudget | None = None,
    patience: float = PATIENCE,
) -> AsyncIterator[Site]:
    """A server with one project, on a database of its own at `uri`, for which it waits so many seconds."""
    settings = Settings(
        http=http or HttpSettings(base_url=BASE),
        limits=limits or LimitSettings(),
        notifications=notifications or NotificationSettings(),
        web=web or WebSettings(),
        metrics=MetricsSettings(key=METRICS_KEY),
    )
    clock = FakeClock()
    # On a busy machine an operation may take longer than a server would wait for it.
    client = connect(uri, MongoSettings(timeout=patience))
    with cheap_passwords:
        services = build_services(database_of(client, f"test_{uuid4().hex}"), settings, clock)
    # A clock that is set forward does not look as if the server had been away meanwhile.
    services.runtime.absence.threshold = timedelta.max
    await services.start()
    try:
        project, keys = await services.projects.create("main")
        async with listening(make_front(services, budget or ByteBudget()), settings.http) as port:
            site = Site(services, clock, port, project, keys)
            try:
                yield site
            finally:
                await site.close()
    finally:
        await services.stop()
        client.close()


@asynccontextmanager
async def listening(
    front: Front, settings: HttpSettings | None = None, certificate: Certificate | None = None
) -> AsyncIterator[int]:
    """The port at which the front can be reached, with TLS if there is a certificate."""
    sockets = bind_sockets(0, "127.0.0.1")
    port: int = sockets[0].getsockname()[1]
    listener = HttpListener(
        front,
        [] if certificate else sockets,
        settings or HttpSettings(),
        front.traffic.is_stopping,
        front.addresses.is_proxy,
        sockets if certificate else [],
        certificate,
    )
    try:
        yield port
    finally:
        listener.stop()
        async with asyncio.timeout(PATIENCE):
            await front.traffic.drain(PATIENCE)
        await listener.close_all()
