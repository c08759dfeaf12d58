"""Many clients: which of them have a connection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handlers.server.listener import connection_limits
from hcserver.config.schema import HttpSettings
from hcserver.config.types import networks
from hcserver.net.file_limits import raise_file_limit
from tests.handlers.apps import BOTH, Seen
from tests.handlers.harness import request_bytes
from tests.handlers.server.servers import Clients, is_served, server

both = pytest.mark.parametrize("root", BOTH)
LOOPBACK = networks().read(["127.0.0.0/8"])


async def test_the_oldest_idle_connection_makes_room_for_a_new_one(clients: Clients) -> None:
    async with server(max_connections=3, max_connections_per_address=3) as port:
        connections = [await clients.connect(port) for _ in range(3)]
        for connection in (connections[1], connections[0], connections[2]):
            assert await is_served(connection)
        late = await clients.connect(port)
        assert await is_served(late)
        assert await connections[1].is_closed()
        assert [await is_served(connection) for connection in (connections[0], connections[2])] == [
            True,
            True,
        ]


@both
async def test_where_all_connections_are_at_work_a_new_one_gets_503(clients: Clients, root: str) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def busy(seen: Seen) -> tuple[int, bytes]:
        begun.set()
        await release.wait()
        return 200, b"done"

    async with server(busy, max_connections=1) as port:
        first = await clients.connect(port)
        await first.send(request_bytes("GET", root))
        await begun.wait()
        late = await clients.connect(port)
        reply = await late.reply()
        assert (reply.status, reply.text) == (503, "too many connections, try again")
        assert (reply.headers["retry-after"], reply.headers["connection"]) == ("5", "close")
        assert await late.is_closed()
        release.set()
        assert (await first.reply()).text == "done"
        # Idle again, it makes room.
        release.set()
        assert (await (await clients.connect(port)).request("GET", root)).text == "done"
        assert await first.is_closed()


async def test_a_closed_connection_counts_no_more(clients: Clients) -> None:
    async with server(max_connections=2) as port:
        for _ in range(6):
            connection = await clients.connect(port)
            await connection.send(b"POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
            await connection.close()
            await asyncio.sleep(0.01)
        assert await is_served(await clients.connect(port))


@pytest.mark.parametrize("proxies", [(), LOOPBACK])
async def test_one_address_has_a_limit_of_its_own_unless_it_is_a_trusted_proxy(
    clients: Clients, proxies: object
) -> None:
    settings: dict[str, Any] = {
        "max_connections": 10,
        "max_connections_per_address": 2,
        "trusted_proxies": proxies,
    }
    async with server(**settings) as port:
        connections = [await clients.connect(port) for _ in range(3)]
        assert [await is_served(connection) for connection in connections[1:]] == [True, True]
        if proxies:
            assert await is_served(connections[0])
        else:
            assert await connections[0].is_closed()


def test_limits_that_are_not_set_come_from_the_limit_of_open_files() -> None:
    files = raise_file_limit()
    total, per_address = connection_limits(HttpSettings())
    assert 0 < total <= files * 2 / 3
    assert per_address == max(total // 4, 1)
    assert connection_limits(HttpSettings(max_connections=8)) == (8, 2)
    assert connection_limits(HttpSettings(max_connections=8, max_connections_per_address=5)) == (8, 5)
