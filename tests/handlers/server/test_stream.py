"""Clients that speak TLS, or do not take their answers."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from tests.handlers.apps import Seen
from tests.handlers.harness import request_bytes
from tests.handlers.server.servers import Clients, is_served, server


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
