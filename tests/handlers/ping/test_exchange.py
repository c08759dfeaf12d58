from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from tornado.httputil import HTTPHeaders, RequestStartLine

from handlers.ping.exchange import PingExchange
from handlers.ping.handler import PingHandler, PingRequest
from handlers.server.connection import Context, HttpConnection
from handlers.server.traffic import Traffic
from hcserver.errors import NotFound, TooSlow, Unavailable

Answer = Callable[[PingRequest], Awaitable[tuple[int, bytes]]]


class FakeConnection:
    """Keeps the answers that are sent."""

    def __init__(self) -> None:
        self.context = Context("192.0.2.1")
        self.sent: list[tuple[int, bytes, bytes]] = []

    def set_max_body_size(self, size: int) -> None:
        self.max_body_size = size

    def send(self, status: int, head: bytes, body: bytes) -> None:
        self.sent.append((status, head, body))


class FakePings:
    """Stands in for a PingHandler."""

    body_limit = 5
    headers = b"X-Ping: 1\r\n"
    error_headers = b"X-Error: 1\r\n"

    def __init__(self, answer: Answer, deadline: float = 60.0) -> None:
        self.answer = answer
        self.deadline = deadline


async def accept(request: PingRequest) -> tuple[int, bytes]:
    return 200, b"OK " + request.body


def exchange(
    answer: Answer = accept, *, method: str = "POST", deadline: float = 60.0
) -> tuple[PingExchange, FakeConnection, Traffic]:
    connection, traffic = FakeConnection(), Traffic()
    made = PingExchange(
        cast(PingHandler, FakePings(answer, deadline)),
        cast(HttpConnection, connection),
        RequestStartLine(method, "/ping/x", "HTTP/1.1"),
        HTTPHeaders(),
        "/ping/x",
        "",
        traffic,
    )
    made.begin()
    return made, connection, traffic


async def test_of_a_body_only_what_is_kept_reaches_the_handler() -> None:
    ping, connection, traffic = exchange()
    for chunk in (b"abc", b"def", b"ghi"):
        ping.receive(chunk)
    ping.complete()
    await traffic.drain(5)
    ((status, head, body),) = connection.sent
    assert (status, body) == (200, b"OK abcde")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nX-Ping: 1\r\nContent-Length: 8\r\nDate: ")
    assert connection.max_body_size > 10**12  # the rest is read, so that the connection stays usable


async def test_head_gets_the_length_of_the_body_without_it() -> None:
    ping, connection, traffic = exchange(method="HEAD")
    ping.complete()
    await traffic.drain(5)
    ((status, head, body),) = connection.sent
    assert (status, body) == (200, b"")
    assert b"Content-Length: 3\r\n" in head


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (NotFound("not found"), 404, b"not found"),
        (Unavailable("away"), 503, b"away"),
        (ValueError("secret"), 500, b"internal error"),
    ],
)
async def test_an_error_is_an_answer(
    error: Exception, status: int, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: PingRequest) -> tuple[int, bytes]:
        raise error

    ping, connection, traffic = exchange(fail)
    ping.complete()
    await traffic.drain(5)
    ((sent, head, body),) = connection.sent
    assert (sent, body) == (status, text)
    assert b"X-Error: 1\r\n" in head
    assert (b"Retry-After: 5\r\n" in head) is (status == 503)
    assert ("ValueError" in caplog.text) is (status == 500)
    caplog.clear()


async def test_what_takes_too_long_is_cancelled_and_answered_once() -> None:
    cancelled = asyncio.Event()

    async def hang(request: PingRequest) -> tuple[int, bytes]:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    ping, connection, traffic = exchange(hang, deadline=0.02)
    ping.complete()
    await asyncio.wait_for(cancelled.wait(), 5)
    await traffic.drain(5)
    assert [(status, body) for status, _, body in connection.sent] == [
        (503, b"this takes too long, try again")
    ]


async def test_a_refused_body_is_answered_without_the_handler() -> None:
    async def never(request: PingRequest) -> Any:
        raise AssertionError

    ping, connection, _ = exchange(never)
    ping.receive(b"abc")
    ping.refuse(TooSlow("too slow"))
    assert [(status, body) for status, _, body in connection.sent] == [(408, b"too slow")]
