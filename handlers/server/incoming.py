"""A request as it comes in: its header, then its body, which may neither stop nor go on for ever."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)

from handlers.loggable import loggable_path
from handlers.server.body_watch import BodyPace, BodyWatch
from handlers.server.connection import HttpConnection, ServerConnection
from handlers.server.request_target import mend_headers, origin_form
from handlers.server.traffic import Traffic
from hcserver.errors import HcError, TooSlow, Unavailable
from hcserver.net.byte_budget import Share

log = logging.getLogger(__name__)


class Receiver(Protocol):
    """Answers one request."""

    @property
    def endless(self) -> bool:
        """The answer may go on for ever, so that a server that stops does not wait for it."""

    @property
    def body_limit(self) -> int:
        """Bytes of the body that are kept."""

    def begin(self) -> Awaitable[None] | None:
        """The header is here; the body is read once the result is done."""

    def receive(self, chunk: bytes) -> Awaitable[None] | None:
        """The next piece of the body. Raises HcError if the rest is not wanted."""

    def complete(self) -> None:
        """The body is complete, or more of it is not read: answer."""

    def refuse(self, error: HcError) -> None:
        """The rest of the body is not waited for: answer with the error."""

    def closed(self) -> None:
        """The connection was closed before the body was complete."""


# Makes the receiver of a request. Raises HTTPInputError for what is answered with 400 and ends the
# connection.
Open = Callable[[HttpConnection, RequestStartLine, HTTPHeaders], Receiver]
# (connection, start line, headers, seconds until the answer was complete)
OnAnswered = Callable[[HttpConnection, RequestStartLine, HTTPHeaders, float], None]


class Incoming(HTTPMessageDelegate):
    """What Tornado calls while it reads a request. `memory` is the body's share of the budget, which it has
    until the answer is complete.
    """

    def __init__(
        self,
        server_connection: ServerConnection,
        connection: HttpConnection,
        open_receiver: Open,
        traffic: Traffic,
        pace: BodyPace,
        memory: Share,
        on_answered: OnAnswered | None,
    ) -> None:
        self._server_connection = server_connection
        self._connection = connection
        self._open = open_receiver
        self._traffic = traffic
        self._pace = pace
        self._memory = memory
        self._on_answered = on_answered
        self._complete = False
        self._watch: BodyWatch | None = None

    @property
    def endless(self) -> bool:
        return self._receiver.endless

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        self._server_connection.mark_busy()
        mend_headers(start_line, headers)
        start_line = start_line._replace(path=origin_form(start_line.path))
        self._start_line, self._headers, self._began = start_line, headers, time.monotonic()
        self._receiver = self._open(self._connection, start_line, headers)
        self._traffic.begun[self._server_connection] = self
        self._connection.on_answered = self._answered
        result = self._receiver.begin()
        if "Content-Length" in headers or "Transfer-Encoding" in headers:
            self._watch = BodyWatch(self._pace, self._receiver.body_limit, self._too_slow)
        return result

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._complete:
            return None
        assert self._watch is not None
        kept = min(len(chunk), self._watch.left)
        is_last = not self._watch.received(len(chunk), self._connection.chunks)
        if kept and not self._memory.take(kept):
            self._refuse(Unavailable("too much is being received, try again"))
            return None
        try:
            result = self._receiver.receive(chunk)
        except HcError as error:
            self._refuse(error)
            return None
        if is_last:
            self.finish()
            return None
        return result

    def finish(self) -> None:
        if self._complete:
            return
        self._end_body()
        self._receiver.complete()

    def on_connection_close(self) -> None:
        # Called only before `finish`: what has come in completely is answered even if nobody hears it.
        self._end_body()
        self._traffic.begun.pop(self._server_connection, None)
        self._memory.give_back()
        if hasattr(self, "_receiver"):
            self._receiver.closed()

    def _end_body(self) -> None:
        self._complete = True
        if self._watch is not None:
            self._watch.stop()
            self._watch = None  # it refers to this object

    def _too_slow(self, text: str) -> None:
        assert self._watch is not None
        if self._watch.is_over_limit:
            self.finish()
            return
        log.info("%s %s: %s", self._start_line.method[:20], loggable_path(self._start_line.path), text)
        self._refuse(TooSlow(text))

    def _refuse(self, error: HcError) -> None:
        self._end_body()
        self._receiver.refuse(error)

    def _answered(self) -> None:
        self._memory.give_back()
        self._traffic.begun.pop(self._server_connection, None)
        if self._on_answered is not None:
            seconds = time.monotonic() - self._began
            self._on_answered(self._connection, self._start_line, self._headers, seconds)
