"""Connections that say why they are closed, where Tornado is short about it or silent."""

from __future__ import annotations

import contextlib
from asyncio import Future
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, UnsatisfiableReadError

# What Tornado writes by itself when it can't make sense of a request.
_TORNADOS_REFUSAL = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def _refusal(status: str, text: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        "Connection: close",
        "Access-Control-Allow-Origin: *",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(text)}",
    ]
    return "\r\n".join([*lines, "", text]).encode()


_MALFORMED = _refusal("400 Bad Request", "this is no HTTP request")
_TOO_LARGE = _refusal("431 Request Header Fields Too Large", "the header is too large")


class HttpListener(HTTPServer):
    """Tornado's, on such connections."""

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        own = _Stream(
            stream.socket, max_buffer_size=stream.max_buffer_size, read_chunk_size=stream.read_chunk_size
        )
        super().handle_stream(own, address)


class _Stream(IOStream):
    def write(self, data: bytes | memoryview) -> Future[None]:
        return super().write(_MALFORMED if data == _TORNADOS_REFUSAL else data)

    def close(self, exc_info: Any = False) -> None:
        if isinstance(exc_info, UnsatisfiableReadError) and not (self.closed() or self.writing()):
            # At once, as there is no later; a client that is not reading has lost nothing by it.
            with contextlib.suppress(OSError):
                self.socket.send(_TOO_LARGE)
        super().close(exc_info)
