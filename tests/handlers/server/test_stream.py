"""Half-closed connections, and input that is no HTTP."""

from __future__ import annotations

import asyncio

import pytest

from tests.handlers.apps import BOTH, Seen, connect, connected, echo, make_front
from tests.handlers.harness import Connection, Reply, listening, request_bytes

both = pytest.mark.parametrize("root", BOTH)


async def exchange(connection: Connection, data: bytes, method: str = "GET") -> Reply:
    await connection.send(data)
    return await connection.reply(method)


@both
@pytest.mark.parametrize("body", [b"", b"a body"])
async def test_a_client_that_sends_nothing_more_gets_its_answer(root: str, body: bytes) -> None:
    async def slow(seen: Seen) -> tuple[int, bytes]:
        await asyncio.sleep(0.02)
        return await echo(seen)

    async with listening(make_front(slow)) as port:
        connection = await connect(port)
        # A header of several reads, so that its end comes together with the end of the connection.
        filler = "".join(f"X-Filler-{n}: {'x' * 4000}\r\n" for n in range(10))
        head = f"POST {root} HTTP/1.1\r\nHost: x\r\n{filler}Content-Length: {len(body)}\r\n\r\n"
        await connection.send(head.encode() + body)
        connection.writer.write_eof()
        assert (await connection.reply()).text == f"POST|{root}||{body.decode()}"
        assert await connection.is_closed()
        await connection.close()


@both
async def test_pipelined_requests_before_the_end_are_all_answered(root: str) -> None:
    async with connected(echo) as connection:
        await connection.send(b"".join(request_bytes("GET", f"{root}{n}") for n in (1, 2, 3)))
        connection.writer.write_eof()
        assert [(await connection.reply()).text for _ in range(3)] == [f"GET|{root}{n}||" for n in (1, 2, 3)]
        assert await connection.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        b"what is this\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
    ],
)
@both
async def test_what_is_no_http_is_answered_with_400_and_ends_the_connection(root: str, data: bytes) -> None:
    data = data.replace(b"GET /", b"GET " + root.encode()).replace(
        b"HTTP/1.1\r\n", b"HTTP/1.1\r\nHost: x\r\n"
    )
    async with connected(echo) as connection:
        reply = await exchange(connection, data)
        assert (reply.status, reply.text) == (400, "this is no HTTP request")
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


@both
async def test_a_header_that_is_too_large_gets_an_answer(root: str) -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, f"GET {root} HTTP/1.1\r\nX: ".encode() + b"x" * 66_000)
        assert (reply.status, reply.text) == (431, "the header is too large")
        assert await connection.is_closed()
