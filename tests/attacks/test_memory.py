"""Thousands of hostile clients leave nothing behind in the server's memory."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import pytest

from tests.attacks.hostile import DOMAIN, memory
from tests.e2e.server import RealServer

SMTP_SESSIONS = 1000
HTTP_REQUESTS = 6000
AT_A_TIME = 20  # connections
# Bytes. What grew by 33 MB with 10,000 requests on Python 3.13 was garbage in reference cycles, for which
# 3.13 by itself looks three times as rarely as 3.11; see hcserver/garbage.py.
MAX_GROWTH = 15_000_000
ANSWERED = 60.0  # seconds within which a client that waits has its answer, as all the others have theirs
SETTLED = 2.5  # seconds after which connections that linger are closed

Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def requests(chance: random.Random, check: str) -> list[bytes]:
    """Requests of every kind that is refused, none like another."""
    name = f"{chance.getrandbits(100):026x}"
    key = name.rjust(32, "k")
    unknown = UUID(int=chance.getrandbits(128))
    host = f"Host: {name}\r\nX-Forwarded-For: 198.51.{chance.randrange(256)}.{chance.randrange(256)}\r\n"
    body = chance.randbytes(chance.choice((10, 3000, 30_000)))
    length = f"Content-Length: {len(body)}\r\n\r\n"
    return [
        f"GET /ping/{unknown} HTTP/1.1\r\n{host}\r\n".encode(),
        f"GET /ping/{name}/{name}?create=1 HTTP/1.1\r\n{host}\r\n".encode(),
        f"POST /ping/{check}?rid={name} HTTP/1.1\r\n{host}{length}".encode() + body,
        f"POST /ping/{check}/9999 HTTP/1.1\r\n{host}{length}".encode() + body,
        f"GET /api/v3/checks/?tag={name} HTTP/1.1\r\n{host}X-Api-Key: {key}\r\n\r\n".encode(),
        f"POST /api/v3/checks/ HTTP/1.1\r\n{host}X-Api-Key: {key}\r\n{length}".encode() + body,
        f"POST /api/v3/checks/{unknown}/classify HTTP/1.1\r\n{host}Content-Length: 9900000\r\n\r\n".encode(),
        f"GET /badge/{name}/{name[:8]}/{name}.svg HTTP/1.1\r\n{host}\r\n".encode(),
        f"GET /b/2/{unknown}.svg HTTP/1.1\r\n{host}\r\n".encode(),
        f"{name} /{name}/{name} HTTP/1.1\r\n{host}X-{name}: {name * 100}\r\n\r\n".encode(),
        f"POST /ping/{unknown} HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n5\r\nab".encode(),
        f"GET /{name} HTTP/1.1\r\n{host}X: {name * 3000}\r\n\r\n".encode(),
        f"GET /api/v3/status/ HTTP/1.1\r\n{host}".encode(),
        b"\x16\x03\x01" + body,
        body,
    ]


def conversations(chance: random.Random, check: str) -> list[bytes]:
    """What hostile SMTP clients send at once, without waiting for an answer."""
    name = f"{chance.getrandbits(100):026x}"
    unknown = UUID(int=chance.getrandbits(128))
    body = chance.randbytes(chance.choice((10, 3000, 100_000))).replace(b"\r\n.", b"")
    hello = f"EHLO {name}\r\nMAIL FROM:<{name}@{name}>\r\n"
    to_check = f"{hello}RCPT TO:<{check}@{DOMAIN}>\r\nDATA\r\n".encode()
    return [
        body,
        b"A" * 50_000 + b"\r\nQUIT\r\n",
        f"{hello}RCPT TO:<{unknown}@{DOMAIN}>\r\nQUIT\r\n".encode(),
        f"{hello}RCPT TO:<{name}+{name}@{DOMAIN}>\r\nDATA\r\nQUIT\r\n".encode(),
        (f"{hello}" + f"RCPT TO:<{name}@{name}>\r\n" * 150).encode(),
        b"EHLO x\r\n" + b"NOOP\r\n" * 100 + b"QUIT\r\n",
        b"EHLO x\r\nAUTH PLAIN " + name.encode() + b"\r\nQUIT\r\n",
        to_check + body,
        to_check + b"Subject: =?utf-8?q?" + name.encode() * 200,
        b"",
    ]


async def attack(port: int, data: bytes, reads: bool) -> None:
    with contextlib.suppress(ConnectionError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(data)
            if reads:
                writer.write_eof()
                try:
                    async with asyncio.timeout(ANSWERED):
                        while await reader.read(65_536):
                            pass
                except TimeoutError:
                    raise AssertionError(f"no end of the answer to {data[:300]!r}") from None
        finally:
            writer.transport.abort()


async def attack_all(port: int, messages: Iterator[bytes]) -> None:
    """Send each message on a connection of its own. Half of the clients wait for an answer."""

    async def client(number: int) -> None:
        for data in messages:
            await attack(port, data, reads=number % 2 == 0)

    await asyncio.gather(*(client(number) for number in range(AT_A_TIME)))


def some(
    kinds: Callable[[random.Random, str], list[bytes]], chance: random.Random, check: str, count: int
) -> Iterator[bytes]:
    while count > 0:
        messages = kinds(chance, check)[:count]
        count -= len(messages)
        yield from messages


@pytest.mark.parametrize("seed", [1])
async def test_hostile_clients_leave_the_memory_as_it_was(
    server: RealServer, bystander: str, seed: int
) -> None:
    chance = random.Random(seed)

    async def wave(share: float) -> int:
        http = some(requests, chance, bystander, int(HTTP_REQUESTS * share))
        smtp = some(conversations, chance, bystander, int(SMTP_SESSIONS * share))
        await asyncio.gather(attack_all(server.http_port, http), attack_all(server.smtp_port, smtp))
        await asyncio.sleep(SETTLED)
        return memory(server.pid)

    before = await wave(0.25)  # what is loaded or remembered on first use is not what this is about
    after = await wave(1)
    assert after - before < MAX_GROWTH
    assert server.request(f"/ping/{bystander}").status == 200
    assert "Traceback" not in server.output.read_text()
