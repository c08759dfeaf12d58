"""Clients that are slow, many, or endless: what the server does about them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import process_time, thread_time
from typing import Any

import pytest
import pytest_asyncio

from handlers.server.body_watch import CHUNK_COST, MAX_SURPLUS
from handlers.server.listener import connection_limits
from hcserver.config.schema import HttpSettings
from hcserver.config.types import networks
from hcserver.net.file_limits import raise_file_limit
from tests.handlers.apps import BOTH, Function, Seen, echo, make_front
from tests.handlers.harness import Connection, chunked, listening, request_bytes

both = pytest.mark.parametrize("root", BOTH)
LOOPBACK = networks().read(["127.0.0.0/8"])


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


@pytest_asyncio.fixture(loop_scope="session")
async def clients() -> AsyncIterator[Clients]:
    clients = Clients()
    yield clients
    for connection in clients.opened:
        await connection.close()


async def is_served(connection: Connection, root: str = "/page/") -> bool:
    return (await connection.request("GET", root)).status == 200


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
        # Idle again, as it is soon after its answer, it makes room.
        async with asyncio.timeout(30):
            while (await (await clients.connect(port)).request("GET", root)).text != "done":
                pass
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


async def test_a_header_must_come_in_time(clients: Clients) -> None:
    async with server(idle_timeout=1.0) as port:
        connection = await clients.connect(port)
        for byte in b"GET /page HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1000:
            connection.writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
            if connection.reader.at_eof():
                break
        assert connection.reader.at_eof()


async def test_tls_on_the_plain_port_is_closed_at_once(clients: Clients) -> None:
    context = ssl.create_default_context()
    async with server() as port:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port, ssl=context), 5)
        hello = await clients.connect(port)
        await hello.send(b"\x16\x03\x01\x02\x00")
        assert await hello.is_closed()


async def test_what_looks_like_tls_inside_of_a_connection_is_left_alone(clients: Clients) -> None:
    async with server() as port:
        connection = await clients.connect(port)
        assert await is_served(connection)
        reply = await connection.request("POST", "/page/", body=b"\x16")
        assert reply.text == "POST|/page/||\x16"


async def test_a_client_that_never_reads_its_answer_is_closed() -> None:
    async def large(seen: Seen) -> tuple[int, bytes]:
        return 200, b"x" * 20_000_000

    async with server(large, write_timeout=1.0) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setblocking(False)
            client.sendall(request_bytes("GET", "/page/"))
            await asyncio.sleep(2.5)
            # What was sent is there, and then nothing more.
            received = 0
            with pytest.raises(ConnectionError):
                while True:
                    try:
                        data = client.recv(1_000_000)
                    except BlockingIOError:
                        await asyncio.sleep(0.01)
                        continue
                    if not data:
                        raise ConnectionError
                    received += len(data)
            assert 0 < received < 20_000_000


async def test_a_client_that_reads_slowly_gets_all_of_its_answer() -> None:
    async def large(seen: Seen) -> tuple[int, bytes]:
        return 200, b"x" * 20_000_000

    async with server(large, write_timeout=1.0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
        writer.write(request_bytes("GET", "/page/", {"Connection": "close"}))
        received = len(await reader.readexactly(1_000_000))
        for _ in range(4):
            await asyncio.sleep(0.5)
            received += len(await reader.readexactly(4_000_000))
        received += len(await reader.read(-1))
        assert received > 20_000_000
        writer.close()


@both
async def test_a_large_upload_in_normal_chunks_is_read_to_its_end(clients: Clients, root: str) -> None:
    async with server() as port:
        connection = await clients.connect(port)
        head = f"POST {root} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        await connection.send(head.encode() + chunked(*[b"x" * 8192] * (10_000_000 // 8192)))
        reply = await connection.reply()
        assert reply.text == f"POST|{root}||" + "x" * 100
        assert "connection" not in reply.headers
        assert await is_served(connection, root)


async def flood(port: int, root: str, block: bytes) -> bytes:
    """Send a chunked body without end until the connection is closed; what came back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST {root} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    while not answer.done():
        writer.write(block)
        try:
            await writer.drain()
        except ConnectionError:
            break
        await asyncio.sleep(0)
    try:
        return await answer
    finally:
        writer.close()


@both
@pytest.mark.parametrize("chunk", [b"1\r\na\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"])
async def test_a_body_without_end_is_answered_when_enough_was_read_for_nothing(
    root: str, chunk: bytes
) -> None:
    async with server() as port:
        began = process_time()
        head = await asyncio.wait_for(flood(port, root, chunk * max(60_000 // len(chunk), 1)), 20)
        assert b"200 OK" in head
        assert b"Connection: close" in head
        assert process_time() - began < 5


async def test_tiny_chunks_do_not_hold_up_others(clients: Clients) -> None:
    async with server() as port:
        bystander = await clients.connect(port)
        attack = [asyncio.create_task(flood(port, "/ping/", b"1\r\na\r\n" * 10_000)) for _ in range(3)]
        waits = []
        while not all(task.done() for task in attack):
            asked = thread_time()  # whatever else the machine does
            assert await is_served(bystander, "/ping/")
            waits.append(thread_time() - asked)
        assert sorted(waits)[len(waits) // 2] < 0.1
        await asyncio.gather(*attack)


def test_a_chunk_that_is_read_for_nothing_costs_more_than_its_bytes() -> None:
    assert MAX_SURPLUS // CHUNK_COST < 100_000
