from __future__ import annotations

from typing import cast

import pytest
from tornado.httputil import HTTPHeaders, HTTPInputError, RequestStartLine
from tornado.web import Application, RequestHandler, stream_request_body

from handlers.server.application import UNSUPPORTED, ApplicationReceiver, Request
from handlers.server.connection import Context, HttpConnection
from hcserver.errors import TooSlow


class FakeConnection:
    def __init__(self) -> None:
        self.context = Context("192.0.2.1")
        self.closed = False

    def set_close_callback(self, callback: object) -> None: ...
    def close(self) -> None:
        self.closed = True


@stream_request_body
class Keeping(RequestHandler):
    """Keeps what it is called with, and never answers."""

    SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, UNSUPPORTED)
    seen: list[object] = []

    def initialize(self) -> None:
        Keeping.seen = []
        self._auto_finish = False

    def prepare(self) -> None:
        request = cast(Request, self.request)
        self.seen.append(request.method)
        request.body_limit = 7
        request.endless = True
        request.on_complete = lambda: self.seen.append("complete")

    def data_received(self, chunk: bytes) -> None:
        self.seen.append(chunk)

    def post(self) -> None: ...

    unsupported = post


@stream_request_body
class Refusing(Keeping):
    def prepare(self) -> None:
        cast(Request, self.request).on_refused = lambda error: self.seen.append(str(error))


def receiver(
    path: str = "/keep", method: str = "POST", host: str = "x"
) -> tuple[ApplicationReceiver, FakeConnection]:
    connection = FakeConnection()
    headers = HTTPHeaders({"Host": host, "Content-Length": "4"})
    application = Application([("/keep", Keeping), ("/refuse", Refusing)])
    start_line = RequestStartLine(method, path, "HTTP/1.1")
    made = ApplicationReceiver(application, cast(HttpConnection, connection), start_line, headers, 100)
    return made, connection


async def begin(made: ApplicationReceiver) -> None:
    """Let the handler look at the header."""
    if (prepared := made.begin()) is not None:
        await prepared


async def test_a_handler_says_how_much_of_the_body_it_keeps_and_whether_its_answer_ends() -> None:
    made, _ = receiver()
    assert (made.body_limit, made.endless) == (100, False)
    await begin(made)
    assert (made.body_limit, made.endless) == (7, True)
    made.receive(b"body")
    made.complete()
    assert Keeping.seen == ["POST", b"body", "complete"]


@pytest.mark.parametrize("method", ["PURGE", "initialize", "_execute", "get", "finish"])
async def test_a_method_that_no_handler_has_never_becomes_the_name_of_one(method: str) -> None:
    made, _ = receiver(method=method)
    await begin(made)
    assert Keeping.seen[0] == UNSUPPORTED


async def test_a_refused_request_is_answered_by_its_handler_or_closed() -> None:
    made, connection = receiver("/refuse")
    await begin(made)
    made.refuse(TooSlow("too slow"))
    assert (Keeping.seen, connection.closed) == (["too slow"], False)
    made, connection = receiver()
    await begin(made)
    made.refuse(TooSlow("too slow"))
    assert connection.closed


async def test_a_faulty_host_is_a_fault_of_the_request() -> None:
    with pytest.raises(HTTPInputError):
        receiver(host="a,b")
