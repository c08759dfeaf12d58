from __future__ import annotations

import asyncio
from typing import cast

from tornado.httputil import HTTPHeaders, RequestStartLine

from handlers.server.body_watch import BodyPace
from handlers.server.connection import HttpConnection, ServerConnection
from handlers.server.incoming import Incoming
from handlers.server.traffic import Traffic
from hcserver.errors import HcError, InvalidRequest, TooSlow, Unavailable
from hcserver.net.byte_budget import ByteBudget


class FakeReceiver:
    """Keeps what it is called with; refuses a chunk that says "no"."""

    endless = False
    body_limit = 10

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.body = b""
        self.error: HcError | None = None

    def begin(self) -> None:
        self.calls.append("begin")

    def receive(self, chunk: bytes) -> None:
        if chunk == b"no":
            raise InvalidRequest("no")
        self.body += chunk

    def complete(self) -> None:
        self.calls.append("complete")

    def refuse(self, error: HcError) -> None:
        self.calls.append("refuse")
        self.error = error

    def closed(self) -> None:
        self.calls.append("closed")


class FakeConnection:
    """The connection of one request, and the one that it belongs to."""

    chunks = 0
    on_answered = None
    busy = False

    def mark_busy(self) -> None:
        self.busy = True


class Request:
    """A request with a body, of which the header is here."""

    def __init__(self, budget: int = 100, pause: float = 60.0, headers: dict[str, str] | None = None) -> None:
        self.receiver, self.connection = FakeReceiver(), FakeConnection()
        self.traffic, self.budget = Traffic(), ByteBudget(budget)
        self.answers: list[tuple[str, float]] = []
        self.incoming = Incoming(
            cast(ServerConnection, self.connection),
            cast(HttpConnection, self.connection),
            self._open,
            self.traffic,
            BodyPace(pause, 100),
            self.budget.share(),
            lambda connection, start_line, headers, seconds: self.answers.append((start_line.path, seconds)),
        )
        start_line = RequestStartLine("POST", "http://elsewhere/a?b", "HTTP/1.1")
        fields = HTTPHeaders({"Content-Length": "20"} if headers is None else headers)
        self.incoming.headers_received(start_line, fields)

    def _open(
        self, connection: HttpConnection, start_line: RequestStartLine, headers: HTTPHeaders
    ) -> FakeReceiver:
        self.path = start_line.path
        return self.receiver

    def answer(self) -> None:
        assert self.connection.on_answered is not None
        self.connection.on_answered()


async def test_a_request_is_under_way_from_its_header_to_its_answer() -> None:
    request = Request()
    assert request.connection.busy
    assert request.path == "/a?b"
    assert list(request.traffic.begun.values()) == [request.incoming]
    request.incoming.data_received(b"body")
    request.incoming.finish()
    assert (request.receiver.calls, request.receiver.body) == (["begin", "complete"], b"body")
    assert request.traffic.begun
    request.answer()
    assert not request.traffic.begun
    assert [path for path, _ in request.answers] == ["/a?b"]


async def test_memory_is_taken_for_what_is_kept_until_the_answer() -> None:
    request = Request()
    for _ in range(3):
        request.incoming.data_received(b"123456")
    assert request.budget.free == 90
    request.incoming.finish()
    assert request.budget.free == 90
    request.answer()
    assert request.budget.free == 100


async def test_a_body_for_which_no_memory_is_left_is_refused_and_the_rest_ignored() -> None:
    request = Request(budget=5)
    request.incoming.data_received(b"123456")
    request.incoming.data_received(b"more")
    request.incoming.finish()
    assert request.receiver.calls == ["begin", "refuse"]
    assert isinstance(request.receiver.error, Unavailable)


async def test_a_receiver_may_refuse_the_rest_of_a_body() -> None:
    request = Request()
    request.incoming.data_received(b"no")
    request.incoming.data_received(b"more")
    assert request.receiver.calls == ["begin", "refuse"]
    assert request.receiver.body == b""


async def test_a_body_that_stops_is_refused_before_the_limit_and_answered_beyond_it() -> None:
    short, long = Request(pause=0.02), Request(pause=0.02)
    short.incoming.data_received(b"123")
    long.incoming.data_received(b"12345678901")
    async with asyncio.timeout(5):
        while len(short.receiver.calls) + len(long.receiver.calls) < 4:
            await asyncio.sleep(0.01)
    assert short.receiver.calls == ["begin", "refuse"]
    assert isinstance(short.receiver.error, TooSlow)
    assert long.receiver.calls == ["begin", "complete"]


async def test_a_client_that_goes_in_the_middle_of_its_body_leaves_nothing() -> None:
    request = Request(pause=0.02)
    request.incoming.data_received(b"123")
    request.incoming.on_connection_close()
    await asyncio.sleep(0.05)
    assert request.receiver.calls == ["begin", "closed"]
    assert (request.budget.free, request.traffic.begun) == (100, {})


async def test_a_request_without_a_body_is_not_watched() -> None:
    request = Request(pause=0.01, headers={})
    await asyncio.sleep(0.03)
    assert request.receiver.calls == ["begin"]
