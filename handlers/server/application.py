"""Requests for handlers of the tornado.web.Application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application, RequestHandler

from handlers.server.connection import HttpConnection
from hcserver.errors import HcError

UNSUPPORTED = "UNSUPPORTED"  # stands for all methods that no handler has


class Request(HTTPServerRequest):
    """Tornado's request, with what a handler can ask to be called for."""

    connection: HttpConnection
    on_complete: Callable[[], None] | None = None  # the body is complete
    on_refused: Callable[[HcError], None] | None = None  # the rest of the body is not waited for
    body_limit: int  # bytes of the body that the handler keeps
    endless = False  # the answer may go on for ever


class ApplicationReceiver:
    """A request that the application answers; a handlers.server.incoming.Receiver."""

    def __init__(
        self,
        application: Application,
        connection: HttpConnection,
        start_line: RequestStartLine,
        headers: HTTPHeaders,
        max_body: int,
    ) -> None:
        # A handler's methods are looked up by the name of the request's: no other name may come to it.
        if start_line.method not in RequestHandler.SUPPORTED_METHODS:
            start_line = start_line._replace(method=UNSUPPORTED)
        self._start_line = start_line
        self._headers = headers
        # Raises HTTPInputError for a missing, doubled or faulty Host.
        self._request = Request(connection=connection, start_line=start_line, headers=headers)
        self._request.body_limit = max_body
        self._delegate = application.find_handler(self._request)

    @property
    def endless(self) -> bool:
        return self._request.endless

    @property
    def body_limit(self) -> int:
        return self._request.body_limit

    def begin(self) -> Awaitable[None] | None:
        return self._delegate.headers_received(self._start_line, self._headers)

    def receive(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def complete(self) -> None:
        self._delegate.finish()
        if self._request.on_complete is not None:
            self._request.on_complete()

    def refuse(self, error: HcError) -> None:
        if self._request.on_refused is None:
            self._request.connection.close()
        else:
            self._request.on_refused(error)

    def closed(self) -> None:
        self._delegate.on_connection_close()
