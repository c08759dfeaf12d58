"""The HTTP listener: accepted connections within the limits, each served until it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

from tornado.http1connection import HTTP1ConnectionParameters
from tornado.httputil import HTTPServerConnectionDelegate

from handlers.server.connection import Context, ServerConnection
from handlers.server.stream import ServerStream, refusal
from handlers.server.tls_stream import TlsServerStream
from hcserver.config.schema import HttpSettings
from hcserver.net.acceptor import Acceptor
from hcserver.net.certificate import Certificate
from hcserver.net.connection_table import ConnectionTable
from hcserver.net.file_limits import connections_within, raise_file_limit
from hcserver.net.lingering_close import close_lingering

log = logging.getLogger(__name__)

_FILES_SHARE = 2 / 3  # of the files left over; SMTP may have the rest
_ADDRESS_SHARE = 4  # one address may have a quarter of the connections
_FULL = refusal("503 Service Unavailable", "too many connections, try again", "Retry-After: 5")


def connection_limits(settings: HttpSettings) -> tuple[int, int]:
    """The connections in all and per address: the settings, or what the limit of open files allows."""
    file_limit = raise_file_limit()
    total = settings.max_connections or connections_within(file_limit, _FILES_SHARE)
    per_address = settings.max_connections_per_address or max(total // _ADDRESS_SHARE, 1)
    return total, per_address


class HttpListener:
    """Serves the connections on `sockets`, and with the certificate those on `tls_sockets`. `stopping` says
    whether the server is about to stop; `is_proxy` for an address whether it is a trusted proxy's.
    """

    def __init__(
        self,
        delegate: HTTPServerConnectionDelegate,
        sockets: Iterable[socket.socket],
        settings: HttpSettings,
        stopping: Callable[[], bool],
        is_proxy: Callable[[str], bool],
        tls_sockets: Iterable[socket.socket] = (),
        certificate: Certificate | None = None,
    ) -> None:
        self._delegate = delegate
        self._stopping = stopping
        self._write_timeout = settings.write_timeout
        self._idle_timeout = settings.idle_timeout
        self._params = HTTP1ConnectionParameters(
            max_header_size=settings.max_header_bytes,
            max_body_size=settings.max_body_bytes,
        )
        self._table: ConnectionTable[ServerConnection] = ConnectionTable(
            *connection_limits(settings), ServerConnection.abort, is_proxy
        )
        self._connections: set[ServerConnection] = set()
        self._certificate = certificate
        self._acceptors = [
            Acceptor(sockets, self._serve, self._make_room),
            Acceptor(tls_sockets, self._serve_tls, self._make_room),
        ]

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def stop(self) -> None:
        """Accept no connection any more."""
        for acceptor in self._acceptors:
            acceptor.stop()

    def reload_certificate(self) -> None:
        """Read the certificate again, for the connections to come."""
        if self._certificate is not None:
            self._certificate.reload()

    async def close_all(self) -> None:
        """Close all connections and wait until they are served no more."""
        await asyncio.gather(*(connection.close() for connection in list(self._connections)))

    def mark_idle(self, connection: ServerConnection) -> None:
        self._table.idle(connection)

    def mark_busy(self, connection: ServerConnection) -> None:
        self._table.busy(connection)

    def forget(self, connection: ServerConnection) -> None:
        self._table.remove(connection)
        self._connections.discard(connection)

    def _serve(self, accepted: socket.socket, address: Any) -> None:
        remote_ip = _remote_ip(address)
        if self._table.admit(remote_ip):
            self._begin(ServerStream(accepted, self._write_timeout), Context(remote_ip, "http"))
        else:
            _refuse(accepted)

    def _serve_tls(self, accepted: socket.socket, address: Any) -> None:
        assert self._certificate is not None
        remote_ip = _remote_ip(address)
        if not self._table.admit(remote_ip):
            accepted.close()  # an answer would need a handshake first
            return
        try:
            stream = TlsServerStream(accepted, self._write_timeout, self._certificate.context())
        except OSError as error:
            log.debug("a client has gone before its TLS handshake: %s", error)
            accepted.close()
        else:
            self._begin(stream, Context(remote_ip, "https"))

    def _begin(self, stream: ServerStream, context: Context) -> None:
        connection = ServerConnection(stream, self._params, context, self, self._stopping, self._idle_timeout)
        self._connections.add(connection)
        self._table.add(connection, context.remote_ip)
        connection.start(self._delegate)

    def _make_room(self) -> None:
        """The process is out of files: close a tenth of the connections, as far as they are idle."""
        for _ in range(len(self._table) // 10 + 1):
            if not self._table.evict_oldest_idle():
                break


def _remote_ip(address: Any) -> str:
    """A Unix socket has no address."""
    return str(address[0]) if isinstance(address, tuple) else "0.0.0.0"


def _refuse(accepted: socket.socket) -> None:
    """Answer 503 to a client that can't be served, whatever it asks, and close its connection."""
    accepted.setblocking(False)
    with contextlib.suppress(OSError):
        accepted.send(_FULL)
    close_lingering(accepted)
