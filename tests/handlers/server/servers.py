"""Servers with limits of their own, and clients of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hcserver.config.schema import HttpSettings
from tests.handlers.apps import Function, echo, make_front
from tests.handlers.harness import Connection, listening


@asynccontextmanager
async def server(function: Function = echo, body_limit: int = 100, **settings: Any) -> AsyncIterator[int]:
    http = HttpSettings(**{"trusted_proxies": (), **settings})
    front = make_front(function, http=http, body_limit=body_limit)
    async with listening(front, http) as port:
        yield port


class Clients:
    """Connections that are closed at the end of a test."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []

    async def connect(self, port: int) -> Connection:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
        self.opened.append(connection)
        return connection


async def is_served(connection: Connection, root: str = "/page/") -> bool:
    return (await connection.request("GET", root)).status == 200
