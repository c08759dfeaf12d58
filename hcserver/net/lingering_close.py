"""Closing a connection on which the client is still sending, so that it hears the answer.

The kernel resets a connection that is closed while something on it is unread, and a reset can overtake the
answer that was just sent (RFC 9112 section 9.6). So our side is closed first, and what still comes is dropped
for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

SECONDS = 2.0
_MAX_BYTES = 4_194_304  # that are dropped; a client that sends more does not listen
_MAX_SOCKETS = 100  # that are closed like this at a time; others are closed at once
_BLOCK = 65_536  # bytes

_closing: set[_Lingering] = set()


def close_lingering(connection: socket.socket) -> None:
    """Close a non-blocking socket whose last data has been sent."""
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        connection.close()
        return
    if len(_closing) >= _MAX_SOCKETS:
        connection.close()
    else:
        _closing.add(_Lingering(connection))


class _Lingering:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._dropped = 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection, self._drop)
        self._timer = self._loop.call_later(SECONDS, self._close)

    def _drop(self) -> None:
        received = 0
        with contextlib.suppress(ConnectionError):
            try:
                received = len(self._connection.recv(_BLOCK))
            except BlockingIOError:
                return
        self._dropped += received
        if not received or self._dropped > _MAX_BYTES:
            self._close()

    def _close(self) -> None:
        self._timer.cancel()
        self._loop.remove_reader(self._connection)
        self._connection.close()
        _closing.discard(self)
