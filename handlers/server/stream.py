"""The server's side of a TCP connection: what Tornado's stream does not do.

It leans on attributes of Tornado's IOStream that are not documented;
tests/handlers/server/test_tornado_contract.py says which, and fails when a new version changes them.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Future
from typing import Any

from tornado.iostream import IOStream, UnsatisfiableReadError

from hcserver.net.lingering_close import close_lingering

# What Tornado writes by itself when it can't make sense of a request.
TORNADO_REFUSAL = b"HTTP/1.1 400 Bad Request\r\n\r\n"
_TLS_HANDSHAKE = 0x16  # the first byte that a TLS client sends (RFC 8446 section 5.1)


def refusal(status: str, text: str, *headers: str) -> bytes:
    """A whole answer for a client that has no valid request; the connection ends with it."""
    lines = [
        f"HTTP/1.1 {status}",
        *headers,
        "Connection: close",
        "Access-Control-Allow-Origin: *",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(text)}",
    ]
    return "\r\n".join([*lines, "", text]).encode()


_MALFORMED = refusal("400 Bad Request", "this is no HTTP request")
_TOO_LARGE = refusal("431 Request Header Fields Too Large", "the header is too large")


class ServerStream(IOStream):
    """A connection that

    - answers what is no HTTP request, or has too large a header, before it is closed,
    - is closed at once when the client begins with TLS,
    - stays open for an answer when the client has finished sending (a half-closed connection),
    - is closed when the client takes nothing of an answer for `write_timeout` seconds.
    """

    def __init__(self, socket: Any, write_timeout: float, **options: Any) -> None:
        """`options` are those of Tornado's stream."""
        super().__init__(socket, **options)
        # Answers are written in one piece, so there is nothing to collect first.
        super().set_nodelay(True)
        self._write_timeout = write_timeout
        self.refused = False  # the client was answered that it sends no HTTP
        self._begun = False  # the first byte is here
        self._bytes_sent = 0
        self._write_timer: asyncio.TimerHandle | None = None

    def set_nodelay(self, value: bool) -> None:
        """Tornado would switch it twice for each answer."""

    def unread(self, data: bytes) -> None:
        """Give back bytes that were read too much: the next read begins with them."""
        self._read_buffer[:0] = data
        self._read_buffer_size += len(data)

    def close_lingering(self) -> None:
        """Close the connection so that the client gets what was sent although it is still sending itself."""
        if not (self.closed() or self.writing()):
            socket = self._copy_socket()
            self.close()
            close_lingering(socket)

    def _copy_socket(self) -> Any:
        """The same connection, which stays open when the stream is closed."""
        return self.socket.dup()

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        size = super().read_from_fd(buf)
        if size and not self._begun:
            self._begun = True
            if buf[0] == _TLS_HANDSHAKE:
                return 0  # as if the client had gone
        if size == 0 and self._read_buffer and self._find_read_pos() is not None:
            return None  # the client sends nothing more, but what is asked for has come
        return size

    def _handle_events(self, fd: Any, events: int) -> None:
        # Tornado reads ahead when nobody asks for data, and takes the end of the client's data for the end of
        # the connection. Here data and end stay where they are until the next read: pending answers can be
        # sent.
        if events & self.io_loop.READ and not self.reading():
            events &= ~self.io_loop.READ
            assert self._state is not None
            self._state &= ~self.io_loop.READ
            self.io_loop.update_handler(self.fileno(), self._state)
            if not events:
                return
        super()._handle_events(fd, events)

    def write(self, data: bytes | memoryview) -> Future[None]:
        if data == TORNADO_REFUSAL:
            self.refused = True
            data = _MALFORMED
        future = super().write(data)
        if self.writing() and self._write_timer is None:
            self._watch_progress()
        return future

    def write_to_fd(self, data: memoryview) -> int:
        size = super().write_to_fd(data)
        self._bytes_sent += size
        return size

    def _watch_progress(self) -> None:
        loop = asyncio.get_running_loop()
        self._write_timer = loop.call_later(self._write_timeout, self._check_progress, self._bytes_sent)

    def _check_progress(self, sent_before: int) -> None:
        self._write_timer = None
        if self.closed() or not self.writing():
            return
        if self._bytes_sent == sent_before:
            self.close()
        else:
            self._watch_progress()

    def close(self, exc_info: Any = False) -> None:
        if isinstance(exc_info, UnsatisfiableReadError) and not (self.closed() or self.writing()):
            # At once, as there is no later; a client that is not reading has lost nothing by it.
            with contextlib.suppress(OSError):
                self.socket.send(_TOO_LARGE)
            self.close_lingering()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().close(exc_info)
