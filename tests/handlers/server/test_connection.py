"""Connections: how long they are kept, what is read on them and in which order it is answered."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.handlers.apps import BOTH, PAGE, PING, Seen, connected, echo
from tests.handlers.harness import Connection, Reply, chunked, request_bytes

both = pytest.mark.parametrize("root", BOTH)


async def exchange(connection: Connection, data: bytes, method: str = "GET") -> Reply:
    await connection.send(data)
    return await connection.reply(method)


@pytest.mark.parametrize(
    "data",
    [
        b"POST ROOT HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a b\r\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a\r\nContent-Length: 2,2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\nHost: a\nContent-Length: 2\n\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    ],
)
async def test_a_faulty_header_is_refused_unless_it_is_that_of_a_clear_ping(data: bytes) -> None:
    async with connected(echo) as connection:
        assert (await exchange(connection, data.replace(b"ROOT", PING.encode()))).text == f"POST|{PING}||hi"
    async with connected(echo) as connection:
        reply = await exchange(connection, data.replace(b"ROOT", PAGE.encode()))
        assert (reply.status, reply.text) == (400, "this is no HTTP request")
        assert await connection.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        b"POST /ping/ HTTP/1.1\r\nContent-Length: 2,2\r\n\r\nhi",
        b"POST /ping/ HTTP/1.1\nContent-Length: 2\n\nhi",
        b"POST /ping/ HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunked(b"hi"),
    ],
)
async def test_nothing_is_read_behind_a_ping_whose_length_is_doubtful(data: bytes) -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, data + request_bytes("GET", PAGE))
        assert (reply.text, reply.headers["connection"]) == (f"POST|{PING}||hi", "close")
        assert await connection.is_closed()


@both
async def test_the_connection_is_kept_until_the_client_asks_to_close_it(root: str) -> None:
    async with connected(echo) as connection:
        for _ in range(3):
            assert "connection" not in (await connection.request("GET", root)).headers
        reply = await connection.request("GET", root, {"Connection": "close"})
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


@both
@pytest.mark.parametrize("first", ["{root} HTTP/1.1\r\nHost: x\r\nConnection: close", "{root} HTTP/1.0"])
async def test_a_request_behind_the_last_one_reaches_no_handler(root: str, first: str) -> None:
    seen: list[str] = []

    async def note(request: Seen) -> tuple[int, bytes]:
        seen.append(request.path)
        return 200, b""

    async with connected(note) as connection:
        data = f"GET {first.format(root=root)}\r\n\r\n".encode()
        await connection.send(data + request_bytes("GET", f"{root}hidden"))
        assert (await connection.reply()).status == 200
        assert await connection.is_closed()
        await asyncio.sleep(0.05)
    assert seen == [root]


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async def slow_then_fast(seen: Seen) -> tuple[int, bytes]:
        if seen.path.endswith("1"):
            await asyncio.sleep(0.01)
        return 200, seen.path.encode()

    paths = [f"{root}{n}" for n in (1, 2) for root in BOTH]
    async with connected(slow_then_fast) as connection:
        await connection.send(b"".join(request_bytes("GET", path) for path in paths))
        assert [(await connection.reply()).text for _ in paths] == paths


@both
async def test_http_1_0_without_a_host_is_answered_and_closed(root: str) -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, f"GET {root} HTTP/1.0\r\n\r\n".encode())
        assert reply.text == f"GET|{root}||"
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


@both
async def test_http_1_0_connections_are_kept_on_request(root: str) -> None:
    async with connected(echo) as connection:
        for data in (
            f"GET {root} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            f"POST {root} HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi",
        ):
            assert (await exchange(connection, data.encode())).headers["connection"] == "Keep-Alive"


@both
async def test_a_client_that_hangs_up_does_not_end_what_it_began(
    root: str, caplog: pytest.LogCaptureFixture
) -> None:
    begun, release, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(seen: Seen) -> tuple[int, bytes]:
        begun.set()
        await release.wait()
        finished.set()
        return 200, b"nobody reads this"

    async with connected(slow) as connection:
        await connection.send(request_bytes("GET", root))
        await begun.wait()
        await connection.close()
        release.set()
        await asyncio.wait_for(finished.wait(), 60)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
