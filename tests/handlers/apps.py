"""Servers with a function for a handler, for tests of what stands before and around handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from tornado.web import Application

from handlers.base import BaseHandler
from handlers.client_address import ClientAddresses
from handlers.front import Front
from handlers.ping.handler import PingHandler, PingRequest
from handlers.ping.kept_body import BodyStart
from handlers.server.traffic import Traffic
from hcserver.config.schema import HttpSettings
from hcserver.net.byte_budget import ByteBudget
from tests.handlers.harness import Connection, listening

# The two ways through the server, by the beginning of the path.
PING, PAGE = "/ping/", "/page/"
BOTH = (PING, PAGE)


@dataclass
class Seen:
    """What a handler sees of a request."""

    method: str
    path: str
    query: str
    body: bytes
    truncated: bool | None = None  # None: a ping's handler does not learn it
    allow: Callable[[float], None] = lambda seconds: None


Function = Callable[[Seen], Awaitable[tuple[int, bytes]]]


class FunctionHandler(BaseHandler):
    @property
    def body_limit(self) -> int:
        limit: int = self.settings["body_limit"]
        return limit

    async def get(self, *arguments: str) -> None:
        request = self.request
        seen = Seen(request.method or "", request.path, request.query, self.body, self.truncated, self.allow)
        status, body = await self.settings["function"](seen)
        self.set_status(status)
        if body:
            self.write(body)

    post = put = patch = delete = options = unsupported = get


class FunctionPings:
    """Stands in for a PingHandler."""

    new_body = BodyStart

    def __init__(self, function: Function, body_limit: int, deadline: float) -> None:
        self._function = function
        self.body_limit = body_limit
        self.deadline = deadline
        self.headers = b""
        self.error_headers = b""

    async def answer(self, request: PingRequest) -> tuple[int, bytes]:
        return await self._function(Seen(request.method, request.path, request.query, request.body))


async def nothing(seen: Seen) -> tuple[int, bytes]:
    return 200, b""


async def echo(seen: Seen) -> tuple[int, bytes]:
    """Everything that handlers see of a request, but whether the body was cut."""
    return 200, "|".join([seen.method, seen.path, seen.query, seen.body.decode()]).encode()


def make_front(
    function: Function = nothing,
    *,
    body_limit: int = 100,
    deadline: float = 60.0,
    http: HttpSettings | None = None,
    budget: ByteBudget | None = None,
    routes: list[Any] | None = None,
    **settings: Any,
) -> Front:
    http = http or HttpSettings()
    traffic = Traffic()
    application = Application(
        [*(routes or []), (r".*", FunctionHandler)],
        log_function=lambda handler: None,
        function=function,
        body_limit=body_limit,
        deadline=deadline,
        traffic=traffic,
        max_body_bytes=http.max_body_bytes,
        **settings,
    )
    pings = cast(PingHandler, FunctionPings(function, body_limit, deadline))
    return Front(
        application, pings, http, traffic, ClientAddresses(http.trusted_proxies), budget or ByteBudget()
    )


@asynccontextmanager
async def connected(
    function: Function = nothing, *, http: HttpSettings | None = None, **options: Any
) -> AsyncIterator[Connection]:
    """A connection to a server with that handler."""
    async with listening(make_front(function, http=http, **options), http) as port:
        connection = await connect(port)
        yield connection
        await connection.close()


async def connect(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port))
