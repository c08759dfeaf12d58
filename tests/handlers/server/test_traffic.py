"""What becomes of requests under way when the server stops."""

from __future__ import annotations

import asyncio

import pytest

from handlers.base import BaseHandler
from tests.handlers.apps import BOTH, PAGE, Seen, connect, echo, make_front
from tests.handlers.harness import Connection, listening, request_bytes

both = pytest.mark.parametrize("root", BOTH)


async def begin(port: int, root: str) -> Connection:
    """A connection with a request on it whose body is still to come."""
    connection = await connect(port)
    head = f"POST {root} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    await connection.send(head.encode())
    assert await connection.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 (Continue)\r\n\r\n"
    return connection


@both
async def test_a_request_whose_body_is_on_its_way_is_answered_and_the_connection_closed(root: str) -> None:
    front = make_front(echo)
    async with listening(front) as port:
        connection = await begin(port, root)
        drained = asyncio.create_task(front.traffic.drain(10))
        await asyncio.sleep(0)
        await connection.send(b"hi")
        reply = await connection.reply()
        assert (reply.text, reply.headers["connection"]) == (f"POST|{root}||hi", "close")
        assert await connection.is_closed()
        await asyncio.wait_for(drained, 1)
        await connection.close()


@both
async def test_a_handler_at_work_is_waited_for(root: str) -> None:
    begun = asyncio.Event()

    async def slow(seen: Seen) -> tuple[int, bytes]:
        begun.set()
        await asyncio.sleep(0.02)
        return 200, b"done"

    front = make_front(slow)
    async with listening(front) as port:
        connection = await connect(port)
        await connection.send(request_bytes("GET", root))
        await begun.wait()
        await front.traffic.drain(10)
        assert (await connection.reply()).text == "done"
        await connection.close()


async def test_with_nothing_under_way_there_is_nothing_to_wait_for() -> None:
    await asyncio.wait_for(make_front().traffic.drain(10), 1)


@both
async def test_a_client_that_never_sends_its_body_is_waited_for_no_longer_than_the_grace_time(
    root: str,
) -> None:
    front = make_front(echo)
    async with listening(front) as port:
        connection = await begin(port, root)
        await asyncio.wait_for(front.traffic.drain(0.02), 1)
        await connection.close()


@both
async def test_a_client_that_hangs_up_is_not_waited_for(root: str) -> None:
    front = make_front(echo)
    async with listening(front) as port:
        connection = await begin(port, root)
        await connection.close()
        await asyncio.wait_for(front.traffic.drain(10), 1)


class EventsHandler(BaseHandler):
    endless = True

    async def get(self) -> None:
        while True:
            self.write("event\n")
            await self.flush()
            await asyncio.sleep(0.005)


async def test_an_endless_answer_is_not_waited_for() -> None:
    front = make_front(routes=[("/page/events", EventsHandler)])
    async with listening(front) as port:
        connection = await connect(port)
        await connection.send(request_bytes("GET", f"{PAGE}events"))
        await connection.reader.readuntil(b"event\n")
        await asyncio.wait_for(front.traffic.drain(10), 1)
        await connection.close()
