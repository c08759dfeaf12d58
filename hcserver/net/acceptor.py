"""Accepting connections on listening sockets, also when the process has run out of files."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

log = logging.getLogger(__name__)

# What accept(2) reports when the process or the system has no room for another connection.
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PER_TURN = 128  # connections accepted before others get their turn
PAUSE = 1.0  # seconds without accepting after the process ran out of files
LOG_INTERVAL = 60.0  # seconds between two log lines about that


class Acceptor:
    """Calls `on_connection` for every connection on the sockets until `stop`.

    When the process has run out of files, nothing is accepted for `PAUSE` seconds (the kernel keeps what
    waits), and `on_exhausted` is called, which may close what can be spared.
    """

    def __init__(
        self,
        sockets: Iterable[socket.socket],
        on_connection: Callable[[socket.socket, Any], None],
        on_exhausted: Callable[[], None] = lambda: None,
    ) -> None:
        self._sockets = list(sockets)
        self._on_connection = on_connection
        self._on_exhausted = on_exhausted
        self._loop = asyncio.get_running_loop()
        self._resume: asyncio.TimerHandle | None = None
        self._next_log = 0.0  # the loop's time
        self._listen()

    def stop(self) -> None:
        """Accept nothing more, and close the listening sockets."""
        if self._resume is not None:
            self._resume.cancel()
        for listening in self._sockets:
            self._loop.remove_reader(listening)
            listening.close()
        self._sockets.clear()

    def _listen(self) -> None:
        self._resume = None
        for listening in self._sockets:
            listening.setblocking(False)
            self._loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_PER_TURN):
            try:
                connection, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._pause(error)
                return
            try:
                self._on_connection(connection, address)
            except Exception:
                log.exception("can't serve a connection")
                connection.close()

    def _pause(self, error: OSError) -> None:
        for listening in self._sockets:
            self._loop.remove_reader(listening)
        self._resume = self._loop.call_later(PAUSE, self._listen)
        now = self._loop.time()
        if now >= self._next_log:
            self._next_log = now + LOG_INTERVAL
            log.error(
                "no connection can be accepted (%s); raise the limit of open files, or lower max_connections",
                error.strerror,
            )
        self._on_exhausted()
