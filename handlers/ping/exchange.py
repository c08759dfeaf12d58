"""The exchange of a ping for its answer, below Tornado's RequestHandler.

Any method is a ping, and a RequestHandler takes a good part of the time that a ping costs: `python -m
bench.exchange` measures both.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import time
from functools import lru_cache

from tornado.httputil import HTTPHeaders, RequestStartLine, format_timestamp

from handlers.loggable import loggable_path
from handlers.ping.handler import PingHandler, PingRequest
from handlers.ping.kept_body import BodyEnd, BodyStart
from handlers.server.connection import HttpConnection
from handlers.server.errors import RETRY_AFTER, status_of, text_of
from handlers.server.traffic import Traffic
from hcserver.errors import HcError, Unavailable

log = logging.getLogger(__name__)

_RETRY_AFTER = f"Retry-After: {RETRY_AFTER}\r\n".encode()


class PingExchange:
    """One ping; a handlers.server.incoming.Receiver. `path` is without the query."""

    endless = False

    def __init__(
        self,
        handler: PingHandler,
        connection: HttpConnection,
        start_line: RequestStartLine,
        headers: HTTPHeaders,
        path: str,
        query: str,
        traffic: Traffic,
    ) -> None:
        context = connection.context
        self._handler = handler
        self._connection = connection
        self._traffic = traffic
        self._request = PingRequest(
            start_line.method, path, query, headers, context.remote_ip, context.protocol
        )
        self._body: BodyStart | BodyEnd | None = None  # most pings have none
        self._answered = False

    @property
    def body_limit(self) -> int:
        return self._handler.body_limit

    def begin(self) -> None:
        # What is beyond the limit is read, too, so that the connection stays usable.
        self._connection.set_max_body_size(2**62)

    def receive(self, chunk: bytes) -> None:
        if self._body is None:
            self._body = self._handler.new_body(self._handler.body_limit)
        self._body.add(chunk)

    def complete(self) -> None:
        if self._body is not None:
            self._request.body = self._body.kept()
            self._request.body_cut = self._body.size - len(self._request.body)
            self._body = None
        self._task = asyncio.create_task(self._answer())
        self._traffic.track(self._task)

    def refuse(self, error: HcError) -> None:
        self._send_error(error)

    def closed(self) -> None:
        self._body = None

    async def _answer(self) -> None:
        overdue = asyncio.get_running_loop().call_later(self._handler.deadline, self._give_up)
        try:
            status, body = await self._handler.answer(self._request)
        except HcError as error:
            self._send_error(error)
        except Exception as error:
            log.exception("%s %s failed", self._request.method[:20], loggable_path(self._request.path))
            self._send_error(error)
        else:
            self._send(status, body, self._handler.headers)
        finally:
            overdue.cancel()

    def _give_up(self) -> None:
        # Cancelled, so that while the database hangs only the latest requests wait for it. What the handler
        # still does then (release a lock, say) is not waited for.
        self._task.cancel()
        log.warning("%s %s took too long", self._request.method[:20], loggable_path(self._request.path))
        self._send_error(Unavailable("this takes too long, try again"))

    def _send_error(self, error: Exception) -> None:
        self._send(status_of(error), text_of(error).encode(), self._handler.error_headers)

    def _send(self, status: int, body: bytes, headers: bytes) -> None:
        if self._answered:
            return
        self._answered = True
        head = b"%s%sContent-Length: %d\r\n%s" % (
            _status_line(status),
            headers,
            len(body),
            _date(int(time.time())),
        )
        if status == 503:
            head += _RETRY_AFTER
        self._connection.send(status, head, body if self._request.method != "HEAD" else b"")


@lru_cache
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {http.client.responses[status]}\r\n".encode()


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """RFC 9110 section 6.6.1, made once a second."""
    return f"Date: {format_timestamp(second)}\r\n".encode()
