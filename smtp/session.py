"""One SMTP connection (RFC 5321), on top of aiosmtpd's protocol class.

aiosmtpd brings STARTTLS, the PROXY protocol and the small commands. The command loop and DATA are our own:
aiosmtpd's cancel the running command when a client half-closes (Exim does, when pipelining), read DATA line by
line without letting others run, and make permanent errors of our own troubles.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from typing import Any, ClassVar, Protocol

from aiosmtpd.proxy_protocol import ProxyData, get_proxy
from aiosmtpd.smtp import SMTP, TLSSetupException, syntax

from hcserver.config import SmtpSettings
from hcserver.domain.check import Check
from hcserver.errors import NotFound, Unavailable
from smtp.address import Refused, split_path
from smtp.data import Data
from smtp.delivery import Delivery, Message

log = logging.getLogger(__name__)

BUSY = "421 4.3.2 Too busy, try again later"
CLOSING = "421 4.3.2 Shutting down, try again later"
TIMED_OUT = "421 4.4.2 Waited too long for you"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors"
TROUBLE = "451 4.3.0 Temporary trouble here, try again later"
TOO_LARGE = "552 5.3.4 Message too large"

MAX_ERRORS = 20  # commands unknown or malformed, or recipients refused, before the connection is closed
MAX_COMMAND = 2048  # bytes; RFC 5321 section 4.5.3.1.4 asks for 512 and more for every extension
COMMANDS_PER_TURN = 16  # after which others get theirs, when a client sends them faster than we answer

_PIECE = 64 * 1024  # bytes of a message that are read at a time
_PROXY_COMMAND = 1  # as opposed to LOCAL: the proxy's own health checks


class Transaction(Envelope):
    """From MAIL to the end of DATA."""

    def __init__(self) -> None:
        super().__init__()
        self.checks: list[Check] = []


class Session(SMTP):
    """One connection. aiosmtpd calls `_handle_client` when it is made and cancels it when it is lost."""

    # For the reader below: it takes in twice as much before it makes the client wait.
    line_length_limit = _PIECE

    def __init__(
        self,
        settings: SmtpSettings,
        delivery: Delivery,
        connections: Connections[Session],
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(
            handler=None,
            data_size_limit=settings.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.domains[0],
            ident="ESMTP hcserver",
            tls_context=tls,
            require_starttls=settings.require_tls,
            timeout=settings.idle_timeout,
            loop=asyncio.get_running_loop(),
        )
        self._settings = settings
        self._delivery = delivery
        self._connections = connections
        self._remote_addr = ""
        self._errors = 0

    @property
    def task(self) -> asyncio.Task[None]:
        """Ends when the connection is over."""
        assert self._handler_coroutine is not None
        return self._handler_coroutine

    @property
    def in_transaction(self) -> bool:
        """Whether a message has been begun and not been answered."""
        return self._delivering or self._transaction.mail_from is not None

    def close_if_idle(self) -> None:
        """Say goodbye unless a message is under way; with one, `_converse` does so behind it."""
        if not self.in_transaction:
            self._hang_up(CLOSING)

    def abort(self) -> None:
        """End the connection without another word."""
        for transport in (self.transport, self._original_transport):
            if transport is not None:
                transport.abort()

    # What aiosmtpd calls.

    def eof_received(self) -> bool:
        """The client has sent all that it will; it may still read. TLS in asyncio knows no such state."""
        asyncio.StreamReaderProtocol.eof_received(self)
        return self._tls_protocol is None

    def _create_envelope(self) -> Transaction:
        return Transaction()

    def _timeout_cb(self) -> None:
        self._hang_up(TIMED_OUT)

    async def push(self, status: str) -> None:
        """Send one line of reply."""
        if status.startswith("5"):
            self._errors += 1
        await super().push(status)

    async def _handle_client(self) -> None:
        try:
            if await self._welcome():
                await self._converse()
        except (ConnectionError, EOFError, TLSSetupException) as error:
            log.debug("SMTP connection from %s ended: %r", self._remote_addr, error)
        finally:
            self._connections.leave(self)
            self._stop_timer()
            for transport in (self.transport, self._original_transport):
                if transport is not None:
                    transport.close()

