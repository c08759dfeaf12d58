"""The server's side of a TCP connection with TLS on it.

tests/handlers/server/test_tornado_contract.py says which private parts of Tornado this leans on.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl

from tornado.iostream import SSLIOStream

from handlers.server.stream import ServerStream, refusal
from hcserver.net.lingering_close import close_lingering

log = logging.getLogger(__name__)

_NOT_PLAIN = refusal("400 Bad Request", "this port is for https, not for http")


class TlsServerStream(ServerStream, SSLIOStream):
    """A connection that begins with a handshake. Requests are read once it is complete; if it fails, the
    connection is closed.
    """

    def __init__(self, accepted: socket.socket, write_timeout: float, context: ssl.SSLContext) -> None:
        """Raises OSError for a client that has gone already."""
        accepted.getpeername()  # raises it as well, but before wrap_socket would leave a socket open
        wrapped = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        super().__init__(wrapped, write_timeout, ssl_options=context)
        self._begun = True  # with its handshake

    def _do_ssl_handshake(self) -> None:
        # Tornado's own would log a warning for each of the many strangers who look what there is on a port.
        self._handshake_reading = self._handshake_writing = False
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self._handshake_reading = True
        except ssl.SSLWantWriteError:
            self._handshake_writing = True
        except OSError as error:
            log.debug("a TLS handshake failed: %s", error)
            if isinstance(error, ssl.SSLError) and error.reason == "HTTP_REQUEST":
                self._refuse_plain_http()
            self.close()
        else:
            self._ssl_accepting = False

    def _refuse_plain_http(self) -> None:
        copy = self._copy_socket()
        with contextlib.suppress(OSError):
            copy.send(_NOT_PLAIN)
        close_lingering(copy)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        try:
            return super().read_from_fd(buf)
        except ssl.SSLError as error:
            log.debug("a TLS connection broke: %s", error)
            return 0  # as if the client had gone

    def _copy_socket(self) -> socket.socket:
        copy = socket.socket(fileno=os.dup(self.socket.fileno()))
        copy.setblocking(False)
        return copy

    def close_fd(self) -> None:
        if not self._ssl_accepting:
            # The client learns that nothing was cut off; its answer to that is not waited for.
            with contextlib.suppress(OSError, ValueError):
                self.socket.unwrap()
        super().close_fd()
