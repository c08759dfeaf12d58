"""One HTTP/1.x connection: request after request, each read by Tornado's HTTP1Connection.

tests/handlers/server/test_tornado_contract.py says which private parts of Tornado this leans on.
"""

from __future__ import annotations

import asyncio
import logging
import re
from asyncio import Future
from collections.abc import Callable
from typing import Literal, Protocol

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import StreamClosedError, UnsatisfiableReadError

from handlers.server.chunked import ChunkedDecoder
from handlers.server.stream import ServerStream

log = logging.getLogger(__name__)

_BARE_LF = re.compile(rb"(?<!\r)\n")
_CLOSE, _KEEP_ALIVE = b"Connection: close\r\n", b"Connection: Keep-Alive\r\n"
# Bytes of a chunked body that are looked at before others get their turn; fewer where the chunks are tiny.
_BLOCK, _SMALL_BLOCK = 16_384, 2048
_MANY_CHUNKS = 64  # in one block


class Context:
    """What handlers learn about the connection; Tornado's HTTPServerRequest reads both attributes."""

    def __init__(self, remote_ip: str, protocol: Literal["http", "https"]) -> None:
        self.remote_ip = remote_ip
        self.protocol = protocol

    def __str__(self) -> str:
        return self.remote_ip


class HttpConnection(HTTP1Connection):
    """One request and its answer. `stopping` says whether the server is about to stop."""

    stream: ServerStream
    context: Context

    def __init__(
        self,
        stream: ServerStream,
        params: HTTP1ConnectionParameters,
        context: Context,
        stopping: Callable[[], bool],
    ) -> None:
        super().__init__(stream, False, params, context)
        self._stopping = stopping
        self.bare_line_feeds = False  # the header has lines that end in LF alone
        self.chunks = 0  # of a chunked body, so far
        self.status = 0  # of the answer, once its header is written
        self.on_answered: Callable[[], None] | None = None

    @property
    def is_last(self) -> bool:
        """Whether the connection ends with the answer."""
        return self._disconnect_on_finish

    def close_after_answer(self) -> None:
        """The connection is not used for another request."""
        self._disconnect_on_finish = True

    def close(self) -> None:
        if (self.status or self.stream.refused) and not self._read_finished:
            # Answered while the client is still sending.
            self.stream.close_lingering()
        super().close()

    def _parse_headers(self, data: bytes) -> tuple[str, HTTPHeaders]:
        if data.count(b"\n") != data.count(b"\r\n"):
            self.bare_line_feeds = True
            data = _BARE_LF.sub(b"\r\n", data)
        return super()._parse_headers(data)

    async def _read_chunked_body(self, delegate: HTTPMessageDelegate) -> None:
        decoder = ChunkedDecoder()
        size, block_size = 0, _BLOCK
        while not decoder.done:
            data = decoder.feed(await self.stream.read_bytes(block_size, partial=True))
            block_size = _SMALL_BLOCK if decoder.chunks - self.chunks > _MANY_CHUNKS else _BLOCK
            self.chunks = decoder.chunks
            size += len(data)
            if size > self._max_body_size:
                raise HTTPInputError("chunked body too large")
            if data:
                await self._deliver_body(delegate, data)
            await asyncio.sleep(0)
        self.stream.unread(decoder.rest)

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> Future[None]:
        assert isinstance(start_line, ResponseStartLine)
        self.status = start_line.code
        if self._must_close():
            headers["Connection"] = "close"
        return super().write_headers(start_line, headers, chunk)

    def send(self, status: int, head: bytes, body: bytes) -> None:
        """Send a whole answer; `head` ends with its last header field, Content-Length among them.

        It does what `write_headers` and `finish` do, with less work.
        """
        assert self._request_start_line is not None
        self.status = status
        if self._must_close():
            head += _CLOSE
        elif self._request_start_line.version != "HTTP/1.1":
            head += _KEEP_ALIVE
        if self.stream.closed():
            self._pending_write = None
        else:
            self._pending_write = self.stream.write(head + b"\r\n" + body)
        self.finish()

    def _must_close(self) -> bool:
        """Whether the connection ends with the answer that is about to be sent."""
        if not self._read_finished or self._stopping():
            self._disconnect_on_finish = True
        return self._disconnect_on_finish

    def finish(self) -> None:
        super().finish()
        # Whoever hears of it also knows this connection. Without this reference back the memory of a request
        # is free at once; in cycles it made the garbage collector stop everything for 80 ms at a time.
        on_answered, self.on_answered = self.on_answered, None
        if on_answered is not None:
            on_answered()


class _Server(Protocol):
    """What a connection needs of the listener that it belongs to."""

    def mark_idle(self, connection: ServerConnection) -> None: ...
    def mark_busy(self, connection: ServerConnection) -> None: ...
    def forget(self, connection: ServerConnection) -> None: ...


class ServerConnection:
    """Serves the requests on a stream one after the other, until either side closes it."""

    def __init__(
        self,
        stream: ServerStream,
        params: HTTP1ConnectionParameters,
        context: Context,
        server: _Server,
        stopping: Callable[[], bool],
        idle_timeout: float,
    ) -> None:
        self._stream = stream
        self._params = params
        self._context = context
        self._server = server
        self._stopping = stopping
        self._task: asyncio.Task[None] | None = None
        # One timer for all requests; Tornado would set and cancel one for each.
        self._idle_timeout = idle_timeout
        self._idle_since: float | None = None  # the loop's time; None: there is a request
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(idle_timeout, self._check_idle)

    def start(self, delegate: HTTPServerConnectionDelegate) -> None:
        self._task = asyncio.create_task(self._serve(delegate))

    def mark_busy(self) -> None:
        """A request has begun, so that the connection is not closed to make room for others."""
        self._idle_since = None
        self._server.mark_busy(self)

    def _check_idle(self) -> None:
        """Close the connection if no header was complete within the time."""
        now = self._loop.time()
        deadline = (now if self._idle_since is None else self._idle_since) + self._idle_timeout
        if now >= deadline:
            self.abort()
        else:
            self._timer = self._loop.call_at(deadline, self._check_idle)

    def abort(self) -> None:
        """Close the stream; `_serve` ends soon."""
        self._stream.close()

    async def close(self) -> None:
        """Close the stream and wait until the connection is served no more."""
        self._stream.close()
        if self._task is not None:
            await self._task

    async def _serve(self, delegate: HTTPServerConnectionDelegate) -> None:
        try:
            while True:
                connection = HttpConnection(self._stream, self._params, self._context, self._stopping)
                self._idle_since = self._loop.time()
                self._server.mark_idle(self)
                if not await connection.read_response(delegate.start_request(self, connection)):
                    return
                if connection.is_last:
                    # A closed stream still gives back what it has read ahead: another request maybe, which
                    # would be hidden from proxies.
                    return
                # Requests that are here already must not keep others waiting.
                await asyncio.sleep(0)
        except (StreamClosedError, UnsatisfiableReadError):
            pass
        except Exception:
            log.exception("serving a connection failed")
            self._stream.close()
        finally:
            self._timer.cancel()
            self._server.forget(self)
            delegate.on_close(self)
