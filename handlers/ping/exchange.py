"""HTTP exchanges: a request read to its end, a coroutine that answers it, errors turned into replies.

This stands below Tornado's RequestHandler: that one parses forms before a handler runs, refuses methods
that it does not know, and costs half of what a ping costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import re
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from tornado.http1connection import HTTP1Connection
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
    format_timestamp,
)

from hcserver.errors import (
    Ambiguous,
    Conflict,
    Forbidden,
    HcError,
    InvalidRequest,
    NotFound,
    TooSlow,
    Unauthorized,
    Unavailable,
)

log = logging.getLogger(__name__)

RETRY_AFTER = "5"  # seconds, for clients that are told to come back
PATIENCE = 4.8  # seconds until a request without an answer gets a 503 and is given up
# Bodies are read to their end whatever their size, so that the connection stays usable; the rest is dropped.
UNLIMITED = 2**62
_FINISH_POLL = 0.01  # seconds between looks at what has not been answered, when we stop

_ABSOLUTE_FORM = re.compile(r"https?://[^/?]*", re.IGNORECASE)


class Request(msgspec.Struct):
    """A request, complete. `body` is cut at the route's limit; `truncated` tells whether there was more."""

    method: str
    path: str  # as sent, percent-encoded
    query: str
    headers: HTTPHeaders
    peer: str
    protocol: str
    body: bytes = b""
    truncated: bool = False
    allow: Callable[[float], None] = lambda seconds: None  # the answer may take so long from now on


class Response(msgspec.Struct):
    """An answer; Content-Length is added."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}


Handler = Callable[[Request], Awaitable[Response]]
OnError = Callable[[Request, HcError | None], Response]


class Route(NamedTuple):
    """Who answers, how much of the body is kept, how errors look (None: a fault of ours), and after how
    many seconds without an answer a 503 is sent.
    """

    handler: Handler
    body_limit: int
    on_error: OnError
    patience: float = PATIENCE


Router = Callable[[str, str], Route]  # (method, path) -> Route, for every path

_STATUS: dict[type[HcError], int] = {
    InvalidRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Ambiguous: 409,
    TooSlow: 408,
    Conflict: 409,
    Unavailable: 503,
}


def status_of(error: HcError | None) -> int:
    """The status code for an error."""
    return 500 if error is None else _STATUS.get(type(error), 500)


class Server(HTTPServerConnectionDelegate):
    """What Tornado's HTTPServer calls for each request. A body may pause for `body_timeout` seconds."""

    def __init__(self, router: Router, body_timeout: float = 60.0) -> None:
        self.router = router
        self.body_timeout = body_timeout
        self.closing = False
        self.begun: set[_Exchange] = set()  # their headers are here, their answers are still to come
        self.running: set[asyncio.Task[None]] = set()

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return _Exchange(self, request_conn)

    async def finish(self, grace: float = 10.0) -> None:
        """Answer what has begun, bodies still to come included, for `grace` seconds at most; clients are told
        not to use their connections again.
        """
        self.closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                # An event would cost something with every request.
                while self.begun or self.running:  # noqa: ASYNC110
                    await asyncio.sleep(_FINISH_POLL)


class _Exchange(HTTPMessageDelegate):
    def __init__(self, server: Server, connection: HTTPConnection) -> None:
        self._server = server
        self._connection = connection
        self._chunks: list[bytes] = []
        self._room = 0
        self._answered = False
        self._stalled: asyncio.TimerHandle | None = None
        self._overdue: asyncio.TimerHandle | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        assert isinstance(start_line, RequestStartLine)
        assert isinstance(self._connection, HTTP1Connection)
        self._server.begun.add(self)
        self._connection.set_max_body_size(UNLIMITED)
        context: Any = self._connection.context
        self._version = start_line.version
        _mend(start_line, headers)
        path, _, query = _origin_form(start_line.path).partition("?")
        self._request = Request(
            start_line.method, path, query, headers, context.remote_ip or "", context.protocol
        )
        self._route = self._server.router(start_line.method, path)
        self._room = self._route.body_limit
        if "Content-Length" in headers or "Transfer-Encoding" in headers:
            self._wait_for_more()

    def data_received(self, chunk: bytes) -> None:
        self._wait_for_more()
        if len(chunk) > self._room:
            chunk = chunk[: self._room]
            self._request.truncated = True
        if chunk:
            self._chunks.append(chunk)
            self._room -= len(chunk)

    def _wait_for_more(self) -> None:
        # For as long as something comes: a slow line and a large body are no reason to lose a report.
        self._stop_waiting()
        loop = asyncio.get_running_loop()
        self._stalled = loop.call_later(self._server.body_timeout, self._refuse_stalled)

    def _stop_waiting(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()

    def _refuse_stalled(self) -> None:
        log.info("%s %s: the body stopped coming", self._request.method[:20], self._request.path[:200])
        error = TooSlow("the request's body stopped coming")
        self._send(self._route.on_error(self._request, error), last=True)

    def finish(self) -> None:
        self._stop_waiting()
        self._request.body = b"".join(self._chunks)
        self._task = asyncio.create_task(self._answer())
        self._server.running.add(self._task)
        self._task.add_done_callback(self._server.running.discard)

    def on_connection_close(self) -> None:
        # Called only before `finish`: what has come in completely is answered even if nobody hears it.
        self._stop_waiting()
        self._server.begun.discard(self)
        self._chunks.clear()

    async def _answer(self) -> None:
        request, route = self._request, self._route
        request.allow = self._allow
        self._allow(route.patience)
        try:
            response = await route.handler(request)
        except HcError as error:
            response = route.on_error(request, error)
        except Exception:
            log.exception("%s %s failed", request.method[:20], request.path[:200])
            response = route.on_error(request, None)
        finally:
            if self._overdue is not None:
                self._overdue.cancel()
        self._send(response)

    def _allow(self, seconds: float) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
        self._overdue = asyncio.get_running_loop().call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        # Cancelled, so that while the database hangs only the latest requests wait for it. What the handler
        # still does then (let go of a lock, say) is not waited for.
        self._task.cancel()
        log.warning("%s %s took too long", self._request.method[:20], self._request.path[:200])
        self._send(self._route.on_error(self._request, Unavailable("this takes too long, try again")))

    def _send(self, response: Response, last: bool = False) -> None:
        """Answer; with `last` the connection can't be used any more."""
        if self._answered:
            return
        self._answered = True
        self._server.begun.discard(self)
        request = self._request
        headers = HTTPHeaders(response.headers)
        headers["Date"] = _date(int(time.time()))
        if response.status not in (204, 304):
            headers["Content-Length"] = str(len(response.body))
        if response.status == 503:
            headers["Retry-After"] = RETRY_AFTER
        kept = self._version == "HTTP/1.1" or request.headers.get("Connection", "").lower() == "keep-alive"
        if last or self._server.closing or not kept:
            headers["Connection"] = "close"
        start_line = ResponseStartLine("HTTP/1.1", response.status, http.client.responses[response.status])
        self._connection.write_headers(
            start_line, headers, response.body if request.method != "HEAD" else None
        )
        self._connection.finish()


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    """RFC 9110 section 6.6.1, made once a second."""
    return format_timestamp(second)


def _origin_form(target: str) -> str:
    """The path and query of a request target; proxies may send the absolute form (RFC 9112 section 3.2)."""
    if absolute := _ABSOLUTE_FORM.match(target):
        rest = target[absolute.end() :]
        return rest if rest.startswith("/") else "/" + rest
    return target


def _mend(start_line: RequestStartLine, headers: HTTPHeaders) -> None:
    """Tell Tornado what it overlooks in the headers of a request."""
    if "Expect" in headers:
        # RFC 9110 section 10.1.1: in any case, but not of an HTTP/1.0 client.
        expected = headers.pop("Expect").lower()
        if start_line.version == "HTTP/1.1":
            headers["Expect"] = expected
    if (
        start_line.version != "HTTP/1.1"
        and start_line.method not in ("GET", "HEAD")
        and not ("Content-Length" in headers or "Transfer-Encoding" in headers)
    ):
        # The body ends with the connection, so that one must not be promised to stay.
        headers["Connection"] = "close"
