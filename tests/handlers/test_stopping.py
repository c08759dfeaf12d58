"""What becomes of requests under way when the server stops."""

from __future__ import annotations

import asyncio

from handlers.ping.exchange import Request, Response, Route, Server
from hcserver.errors import HcError
from tests.handlers.harness import Connection, listening


def refuse(request: Request, error: HcError | None) -> Response:
    return Response(500)


async def echo(request: Request) -> Response:
    return Response(200, request.body)


async def begin(port: int) -> Connection:
    """A connection with a request on it whose body is still to come."""
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
    await connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert await connection.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 (Continue)\r\n\r\n"
    return connection


async def test_a_request_whose_body_is_on_its_way_is_answered_and_the_client_told_to_go() -> None:
    server = Server(lambda method, path: Route(echo, 10, refuse))
    async with listening(server) as port:
        connection = await begin(port)
        finished = asyncio.create_task(server.finish(10))
        await asyncio.sleep(0)
        await connection.send(b"hi")
        reply = await connection.reply()
        assert (reply.text, reply.headers["connection"]) == ("hi", "close")
        await asyncio.wait_for(finished, 1)
        await connection.close()


async def test_a_client_that_never_sends_its_body_is_not_waited_for_longer_than_the_grace_time() -> None:
    server = Server(lambda method, path: Route(echo, 10, refuse))
    async with listening(server) as port:
        connection = await begin(port)
        await asyncio.wait_for(server.finish(0.02), 1)
        await connection.close()


async def test_a_client_that_hangs_up_is_not_waited_for() -> None:
    server = Server(lambda method, path: Route(echo, 10, refuse))
    async with listening(server) as port:
        connection = await begin(port)
        await connection.close()
        await asyncio.wait_for(server.finish(10), 1)
