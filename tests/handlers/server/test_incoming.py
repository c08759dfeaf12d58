"""The bodies of requests: kept up to a limit, read to their end, refused when they do not come."""

from __future__ import annotations

import asyncio

import pytest

from hcserver.config.schema import HttpSettings
from tests.handlers.apps import BOTH, PAGE, Seen, connect, connected, echo, make_front
from tests.handlers.harness import Connection, Reply, chunked, listening, request_bytes

both = pytest.mark.parametrize("root", BOTH)


async def exchange(connection: Connection, data: bytes, method: str = "GET") -> Reply:
    await connection.send(data)
    return await connection.reply(method)


def post(root: str, headers: str, version: str = "HTTP/1.1") -> bytes:
    return f"POST {root} {version}\r\nHost: x\r\n{headers}\r\n\r\n".encode()


@both
async def test_a_body_is_cut_at_the_limit_and_read_to_its_end(root: str) -> None:
    async with connected(echo, body_limit=4) as connection:
        assert (await connection.request("POST", root, body=b"1234")).text == f"POST|{root}||1234"
        assert (await connection.request("POST", root, body=b"12345")).text == f"POST|{root}||1234"
        assert (await connection.request("POST", root, body=b"1" * 1_000_000)).text == f"POST|{root}||1111"
        assert (await connection.request("GET", root)).text == f"GET|{root}||"


async def test_a_handler_learns_that_the_body_was_cut() -> None:
    async def truncated(seen: Seen) -> tuple[int, bytes]:
        return 200, str(seen.truncated).encode()

    async with connected(truncated, body_limit=4) as connection:
        for body, text in ((b"1234", "False"), (b"12345", "True"), (b"", "False")):
            assert (await connection.request("POST", PAGE, body=body)).text == text


@both
async def test_chunked_bodies_are_bodies(root: str) -> None:
    async with connected(echo, body_limit=6) as connection:
        head = post(root, "Transfer-Encoding: chunked")
        assert (await exchange(connection, head + chunked(b"ab", b"cd"))).text == f"POST|{root}||abcd"
        assert (await exchange(connection, head + chunked(b"abcd", b"efgh"))).text == f"POST|{root}||abcdef"
        assert (await exchange(connection, head + chunked())).text == f"POST|{root}||"
        assert (await connection.request("GET", root)).status == 200


@both
async def test_chunk_extensions_and_trailers_are_valid(root: str) -> None:
    async with connected(echo) as connection:
        head = post(root, "Transfer-Encoding: chunked\r\nTrailer: Digest")
        body = b'4;a=b;c="d"\r\nab\r\n\r\n2 ; x\r\ncd\r\n0;end\r\nDigest: 1\r\nOther:2\r\n\r\n'
        following = request_bytes("GET", root)
        assert (await exchange(connection, head + body + following)).text == f"POST|{root}||ab\r\ncd"
        assert (await connection.reply()).text == f"GET|{root}||"


@both
async def test_a_request_that_ends_too_early_reaches_no_handler(root: str) -> None:
    reached = []

    async def note(seen: Seen) -> tuple[int, bytes]:
        reached.append(seen)
        return 200, b""

    async with listening(make_front(note)) as port:
        for data in (
            post(root, "Content-Length: 10") + b"12345",
            post(root, "Transfer-Encoding: chunked") + b"5\r\n12345\r\n",
            post(root, "Content-Le")[:-4],
        ):
            connection = await connect(port)
            await connection.send(data)
            connection.writer.write_eof()
            assert await connection.reader.read() == b""
            await connection.close()
    assert reached == []


@both
async def test_a_body_may_take_longer_than_its_pauses(root: str) -> None:
    async with connected(echo, http=HttpSettings(body_timeout=0.3, min_body_rate=1)) as connection:
        await connection.send(post(root, "Content-Length: 8"))
        for byte in b"12345678":
            await asyncio.sleep(0.1)
            await connection.send(bytes([byte]))
        assert (await connection.reply()).text == f"POST|{root}||12345678"
        assert (await connection.request("GET", root)).status == 200


@both
@pytest.mark.parametrize("pace", ["stopped", "dripping"])
async def test_a_body_that_does_not_come_in_time_is_answered_and_reaches_no_handler(
    root: str, pace: str
) -> None:
    reached = []

    async def note(seen: Seen) -> tuple[int, bytes]:
        reached.append(seen)
        return 200, b""

    async with connected(note, http=HttpSettings(body_timeout=0.1, min_body_rate=1000)) as connection:
        await connection.send(post(root, "Content-Length: 100") + b"1234")
        replied = asyncio.create_task(connection.reply())
        while pace == "dripping" and not replied.done():
            connection.writer.write(b"5")
            await asyncio.sleep(0.01)
        reply = await replied
        text = "comes too slowly" if pace == "dripping" else "stopped coming"
        assert (reply.status, reply.text) == (408, f"the request's body {text}")
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()
    assert reached == []


@both
async def test_a_body_that_stops_when_all_that_is_kept_has_come_is_answered(root: str) -> None:
    async with connected(echo, body_limit=3, http=HttpSettings(body_timeout=0.05)) as connection:
        reply = await exchange(connection, post(root, "Content-Length: 100") + b"1234")
        assert (reply.text, reply.headers["connection"]) == (f"POST|{root}||123", "close")
        assert await connection.is_closed()
