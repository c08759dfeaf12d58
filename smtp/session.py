"""One SMTP connection (RFC 5321), on top of aiosmtpd's protocol class.

aiosmtpd brings STARTTLS, the PROXY protocol and the transport. The command loop is our own, because that of
aiosmtpd cancels the running command when a client half-closes (Exim does, when pipelining), reads DATA line
by line without letting other connections run, and answers our own faults with permanent errors.

What this module uses of aiosmtpd beyond its documented interface is listed in tests/smtp/test_aiosmtpd.py.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable

from aiosmtpd.smtp import SMTP, TLSSetupException

from hcserver.config.schema import SmtpSettings
from hcserver.errors import Unavailable
from hcserver.net.byte_budget import ByteBudget
from smtp.client_address import NoProxy, plain_address, read_proxy_header
from smtp.commands import Commands
from smtp.connections import Connections
from smtp.data import PIECE
from smtp.delivery import Delivery
from smtp.limits import Patience, RefusalLog
from smtp.reception import Reception

log = logging.getLogger(__name__)

BUSY = "421 4.3.2 Too busy, try again later"
CLOSING = "421 4.3.2 Shutting down, try again later"
TIMED_OUT = "421 4.4.2 Waited too long for you"
TROUBLE = "451 4.3.0 Temporary trouble here, try again later"

# Bytes of a line. RFC 5321 section 4.5.3.1.4 asks for 512, and more for every extension. The 12,288 of
# RFC 4954 are for mechanisms that we don't offer.
MAX_LINE = 2048
COMMANDS_PER_TURN = 16  # after which other connections run, when a client sends faster than we answer


class Session(SMTP):
    """One connection. aiosmtpd calls `_handle_client` when it is made and cancels it when it is lost."""

    # For the reader of aiosmtpd, which holds twice as much before it makes the client wait.
    line_length_limit = PIECE

    def __init__(
        self,
        settings: SmtpSettings,
        delivery: Delivery,
        connections: Connections[Session],
        refusals: RefusalLog,
        budget: ByteBudget,
        tls: ssl.SSLContext | None,
        on_reply: Callable[[str], None],
    ) -> None:
        self.remote_addr = ""
        self._settings = settings
        self._connections = connections
        self._on_reply = on_reply
        loop = asyncio.get_running_loop()
        super().__init__(
            handler=None,
            enable_SMTPUTF8=True,
            hostname=settings.domains[0],
            ident="ESMTP hcserver",
            tls_context=tls,
            timeout=settings.idle_timeout,
            loop=loop,
        )
        self._patience = Patience(loop.time)
        self._reception = Reception(self, settings, delivery, budget.share())
        self._commands = Commands(self, settings, delivery, self._reception, self._patience, refusals)

    # What the listener uses.

    def task(self) -> asyncio.Task[None]:
        """Ends when the connection is over."""
        assert self._handler_coroutine is not None
        return self._handler_coroutine

    def close_if_idle(self) -> None:
        """Say goodbye, unless a message is under way; then the command loop does so behind it."""
        if not self._in_transaction():
            self._hang_up(CLOSING)

    def abort(self) -> None:
        """Close the connection without another word."""
        for transport in (self.transport, self._original_transport):
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    # What the commands use.

    @property
    def reader(self) -> asyncio.StreamReader:
        return self._reader

    @property
    def secure(self) -> bool:
        """Whether the connection is protected by TLS."""
        return self._tls_protocol is not None

    @property
    def flushed(self) -> bool:
        """Whether all replies have been handed to the network on a connection that still stands."""
        transport = self.transport
        return (
            isinstance(transport, asyncio.Transport)
            and not transport.is_closing()
            and transport.get_write_buffer_size() == 0
        )

    async def reply(self, text: str) -> None:
        """Send a reply, and wait while the client reads none. Raises ConnectionError."""
        if text.startswith("5"):
            self._patience.error()
        self._on_reply(text)
        await self.push(text)

    async def read_line(self) -> bytes | None:
        """The next line, None if it was longer than MAX_LINE. Raises EOFError when there is none."""
        self.expect_within(self._settings.idle_timeout)
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            await self._skip_line(error.consumed)
            return None
        return line.rstrip(b"\r\n") if len(line) <= MAX_LINE else None

    def expect_within(self, seconds: float) -> None:
        """Close the connection if what is read next is not complete within so many seconds."""
        self._reset_timeout(seconds)

    def stop_timer(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()

    async def start_tls(self) -> None:
        """Answer STARTTLS and do the handshake. Raises EOFError, TLSSetupException if it fails."""
        # The idle timer is no use here: it would write into the handshake, and asyncio does not report that a
        # connection was closed in the middle of one.
        self.stop_timer()
        try:
            async with asyncio.timeout(self._settings.idle_timeout):
                await super().smtp_STARTTLS("")
        except TimeoutError:
            self.abort()
            raise EOFError("in the middle of a TLS handshake") from None
        if self.secure:
            self._commands.reset()

    # What aiosmtpd and asyncio call.

    def eof_received(self) -> bool:
        """The client will send no more; it may still read, except by TLS, which asyncio can't half-close."""
        asyncio.StreamReaderProtocol.eof_received(self)
        return not self.secure

    def _timeout_cb(self) -> None:
        self._hang_up(TIMED_OUT)

    async def _handle_client(self) -> None:
        try:
            if await self._welcome():
                await self._converse()
        except (ConnectionError, EOFError, TLSSetupException) as error:
            log.debug("SMTP connection from %s ended: %r", self.remote_addr, error)
        finally:
            self._connections.leave(self)
            self.stop_timer()
            for transport in (self.transport, self._original_transport):
                if transport is not None:
                    transport.close()

    # The session.

    async def _welcome(self) -> bool:
        """Greet the client. False: it can't be served, and has its answer."""
        if not self._connections.enter(self):
            await self.reply(BUSY)
            return False
        peer = self.session.peer if self.session else None
        self.remote_addr = plain_address(peer[0] if isinstance(peer, tuple) else "")
        if self._settings.proxy_protocol:
            try:
                self.remote_addr = await read_proxy_header(self._reader) or self.remote_addr
            except NoProxy as error:
                log.warning("%s sent no PROXY protocol header: %s", self.remote_addr, error)
                return False
        if not self._connections.locate(self, self.remote_addr):
            await self.reply(BUSY)
            return False
        await self.reply(f"220 {self.hostname} {self.__ident__}")
        return True

    async def _converse(self) -> None:
        """Read commands and carry them out until one side ends the connection."""
        commands = 0
        while not self._commands.ended:
            if self._connections.closing and not self._in_transaction():
                await self.reply(CLOSING)
                return
            if (goodbye := self._patience.exhausted()) is not None:
                await self.reply(goodbye)
                return
            commands += 1
            if commands % COMMANDS_PER_TURN == 0:
                await asyncio.sleep(0)
            line = await self.read_line()
            self._patience.command()
            if line is None:
                await self.reply("500 5.5.2 Command line too long")
            else:
                await self._carry_out(line)

    async def _carry_out(self, line: bytes) -> None:
        verb, _, argument = line.partition(b" ")
        name = verb.decode("latin-1").upper()
        try:
            await self._commands.carry_out(name, argument.decode("utf-8", "surrogateescape").strip())
        except (ConnectionError, EOFError, TLSSetupException):
            raise
        except Unavailable as error:
            log.warning("asked %s to try again: %s", self.remote_addr, error)
            await self.reply(TROUBLE)
        except Exception:
            log.exception("SMTP command %s from %s failed", name, self.remote_addr)
            await self.reply(TROUBLE)

    async def _skip_line(self, consumed: int) -> None:
        while True:
            await self._reader.readexactly(consumed)
            try:
                await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                consumed = error.consumed
            else:
                return

    def _in_transaction(self) -> bool:
        """Whether a message has been begun and not been answered."""
        return self._reception.busy or self._commands.transaction is not None

    def _hang_up(self, reply: str) -> None:
        """Say why and close, or close at once if the client has not even read our previous replies."""
        transport = self.transport
        if not isinstance(transport, asyncio.Transport) or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            self.abort()
        else:
            self._on_reply(reply)
            transport.write(reply.encode() + b"\r\n")
            transport.close()
