"""Clients that are slow, or whose bodies have no end."""

from __future__ import annotations

import asyncio
from time import process_time

import pytest

from handlers.server.body_watch import CHUNK_COST, MAX_SURPLUS
from tests.handlers.apps import BOTH
from tests.handlers.harness import chunked
from tests.handlers.server.servers import Clients, is_served, server

both = pytest.mark.parametrize("root", BOTH)


async def test_a_header_must_come_in_time(clients: Clients) -> None:
    async with server(idle_timeout=1.0) as port:
        connection = await clients.connect(port)
        for byte in b"GET /page HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1000:
            connection.writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
            if connection.reader.at_eof():
                break
        assert connection.reader.at_eof()


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
        loop = asyncio.get_running_loop()
        while not all(task.done() for task in attack):
            asked = loop.time()
            assert await is_served(bystander, "/ping/")
            waits.append(loop.time() - asked)
        assert sorted(waits)[len(waits) // 2] < 0.1
        await asyncio.gather(*attack)


def test_a_chunk_that_is_read_for_nothing_costs_more_than_its_bytes() -> None:
    assert MAX_SURPLUS // CHUNK_COST < 100_000
