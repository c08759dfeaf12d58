"""The access log: a line for each answer, if the setting http.access_log is on."""

from __future__ import annotations

import logging

from tornado.httputil import HTTPHeaders, RequestStartLine

from handlers.client_address import ClientAddresses
from handlers.loggable import loggable_path
from handlers.server.connection import HttpConnection

log = logging.getLogger("hcserver.access")


class AccessLog:
    """Logs the client, the request line without its query, the status and the milliseconds that it took."""

    def __init__(self, addresses: ClientAddresses) -> None:
        self._addresses = addresses

    def answered(
        self, connection: HttpConnection, start_line: RequestStartLine, headers: HTTPHeaders, seconds: float
    ) -> None:
        """Called when an answer is complete."""
        log.info(
            '%s "%s %s" %d %.1f ms',
            self._addresses.address(connection.context.remote_ip, headers),
            start_line.method[:20],
            loggable_path(start_line.path),
            connection.status,
            1000 * seconds,
        )
